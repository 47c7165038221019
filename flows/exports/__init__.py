"""An export: by which decision it leaves its holder, what it claims, what became of it."""
