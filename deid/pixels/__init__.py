"""Pixels: decoded frame by frame, looked at, blanked, and written back."""
