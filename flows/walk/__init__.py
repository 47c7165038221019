"""The walk of one study: each file to an outcome, then bytes, then the record."""
