"""De-identification: a seekable reader in, clean pieces and a report out; pure."""
