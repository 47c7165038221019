"""Service accounts of secure processing environments (EHDS Art. 73): who they are, and their keys.

Wire says what they sign, keys reads and draws what they sign with, accounts keeps them.
"""
