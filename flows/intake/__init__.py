"""The region's way to the hub: signed requests to its intake, and nothing else."""
