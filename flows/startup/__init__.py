"""What makes a machine ready, once before everything starts."""
