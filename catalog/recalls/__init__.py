"""Recalls: what turned out to be unsafe to have, held at once, and whom that concerns."""
