"""What the records say is stored, to be held against what is."""
