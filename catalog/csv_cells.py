"""What stands in a cell of CSV, so that no spreadsheet takes a text for a formula."""

from typing import Final, TypeVar

_BEGINS: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n")

Cell = TypeVar("Cell")


def harmless(cell: Cell) -> Cell | str:
    """Give a cell as it is written: a text that begins as a formula does, after an apostrophe.

    Numbers are written by us.
    """
    if not isinstance(cell, str) or not cell:
        return cell
    begins = cell[0] in _BEGINS or cell.lstrip()[:1] in _BEGINS
    return f"'{cell}" if begins else cell
