"""Reviews of what waits in a region's quarantine: what was said, by whom, and what holds."""
