"""Archives whose every byte is known from the list of their members, so that they resume."""
