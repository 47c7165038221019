"""Where originals come from, and how one is read: never written, never told by its path."""
