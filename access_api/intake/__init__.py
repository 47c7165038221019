"""The hub's intake: where regions deliver. Put-only, signed, each under its own prefix."""
