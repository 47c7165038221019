"""Who may not come in, and who is one woman under two numbers."""
