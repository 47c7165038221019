"""A region's ledger: which file of which export ended how; identities sealed."""
