"""What a region's administrators ask for through the console, and the worker answers."""
