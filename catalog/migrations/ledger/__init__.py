"""The chain of a region's ledger."""
