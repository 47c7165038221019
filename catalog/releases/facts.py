"""What a released header says, for the metadata table: a pure projection, frozen with the release.

The catalogue describes the newest revision of an instance; a release holds the one it froze.
"""

import math
from typing import Any, Final

from pydicom.dataset import Dataset

from catalog.publishing.describe import describe
from catalog.records import Facts
from catalog.releases.columns import COLUMNS, Source, Values

_LONGEST: Final = 64
_DESCRIBED: Final = ("kind", "view", "laterality", "vendor", "rows", "columns", "frames")
_NAMED: Final = tuple(
    column
    for column in COLUMNS
    if column.source is Source.HEADER and column.name not in (*_DESCRIBED, "special_view")
)


def facts_of(header: Dataset) -> dict[str, Any]:
    """Project a released header onto the columns of the metadata table; what says nothing is None.

    A value that is not of its column's type is as none: the header itself is what counts.
    """
    described = describe(header, Facts())
    found: dict[str, Any] = {name: getattr(described, name) or None for name in _DESCRIBED}
    for column in _NAMED:
        found[column.name] = _value(header, column.keyword, column.values)
    found["special_view"] = _special(header)
    return found


def _value(header: Dataset, keyword: str, values: Values) -> Any:  # noqa: ANN401 # by column
    try:
        told = header.get(keyword)
        first = told[0] if isinstance(told, list) or hasattr(told, "append") else told
        if first is None or first == "":
            return None
        if values is Values.NUMBER:
            number = float(first)
            return number if math.isfinite(number) else None
        return str(first)[:_LONGEST]
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _special(header: Dataset) -> str | None:
    codes = {
        str(modifier.get("CodeValue", ""))
        for view in header.get("ViewCodeSequence") or ()
        for modifier in view.get("ViewModifierCodeSequence") or ()
    }
    return ";".join(sorted(codes - {""}))[:_LONGEST] or None
