"""Opt-outs as the hub knows them: pseudonyms, words and moments, never who (EHDS Art. 71)."""
