"""How files are written: private, below one folder, digested on the way."""
