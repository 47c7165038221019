"""What the hub asks of a region: signed data, run only as the region itself allows."""
