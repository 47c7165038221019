"""What people decide of quarantined originals, and what comes of it."""
