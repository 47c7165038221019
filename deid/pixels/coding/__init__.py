"""Frames in and out of their transfer syntax, and as pictures."""
