"""The region's side table of protected persons and blocked records."""
