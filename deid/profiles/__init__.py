"""Rules as data: the standard's table, the shipped profiles, one's own lines."""
