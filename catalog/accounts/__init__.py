"""Service accounts of secure processing environments (EHDS Art. 73): who they are, and their keys.

`accounts` keeps them, `keys` reads and draws what they sign with, `assertion` is what they sign,
and `tokens` what they get for it.
"""
