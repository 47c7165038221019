"""Free text: what may stay of it, word by word."""
