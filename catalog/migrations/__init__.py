"""The schema's history, one chain for the national catalogue and one for a region's ledger."""
