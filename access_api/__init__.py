"""The door: search, permits and releases over HTTP."""
