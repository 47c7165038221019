"""What is kept, sealed, of an original that could not pass."""
