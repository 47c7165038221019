"""Exit codes beside 0, all is well, and 1, it failed."""

#: The command came to its end, and not every file is as one would have it.
NOT_ALL = 3
