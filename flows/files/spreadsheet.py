"""What a spreadsheet would take for a formula is told as the text that it is."""

_BEGINS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n")


def plain(name: str) -> str:
    """Keep a spreadsheet from taking a name for a formula: put an apostrophe before it."""
    begins = name[:1] in _BEGINS or name.lstrip()[:1] in _BEGINS
    return f"'{name}" if name and begins else name
