"""The clean header: every attribute by its rule."""
