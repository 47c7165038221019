"""Keys: the files and the service that hold them, and the pseudonyms that are made of them."""
