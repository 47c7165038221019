"""Erasure: rows, bytes in all their versions, and the proof that they are gone (GDPR Art. 17)."""
