"""The ingest flow, and the names by which Prefect knows it."""
