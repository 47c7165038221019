"""The chain of the national catalogue."""
