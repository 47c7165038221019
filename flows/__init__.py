"""The order of things: sources, the ingest and release flows, the command line."""
