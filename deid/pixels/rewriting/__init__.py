"""Frames with text written anew, and proven to be the same elsewhere."""
