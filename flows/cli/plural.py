"""Numbers with their words."""


def counted(number: int, one: str, many: str = "") -> str:
    """Give "1 study", or "2 studies"; without `many`, an s is added."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def studies_wait(number: int) -> str:
    """Give "1 study waits", or "2 studies wait"."""
    return f"{counted(number, 'study', 'studies')} {'waits' if number == 1 else 'wait'}"
