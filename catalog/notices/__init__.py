"""Who must be told of what a Hold stopped, until somebody says that they were."""
