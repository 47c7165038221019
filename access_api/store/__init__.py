"""The store's bytes on the event loop: into buffers that are used again, and from there onwards."""
