"""What administrators ask for through the region console is done here, as the commands do it."""
