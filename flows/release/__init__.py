"""What leaves by a permit."""
