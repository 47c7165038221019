"""The revisions of this chain, oldest first by number."""
