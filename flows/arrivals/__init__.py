"""The hub looks again at what regions delivered, before anybody may have it."""
