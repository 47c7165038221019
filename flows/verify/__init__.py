"""Finished objects looked at again: a folder of them, or those that are stored."""
