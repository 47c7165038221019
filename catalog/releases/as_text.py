"""Write a release's tables as text: CSV (RFC 4180), and the dictionary of the metadata table."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from catalog.csv_cells import harmless
from catalog.releases.changes import Change
from catalog.releases.columns import COLUMNS

_DICTIONARY: Final = ("name", "values", "source", "meaning", "keyword")
_CHANGES: Final = ("kind", "study_uid", "sop_uid", "before", "after")


def metadata_csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield the metadata table as CSV, a line at a time."""
    return _csv([column.name for column in COLUMNS], rows)


def changes_csv(found: Iterable[Change]) -> Iterator[bytes]:
    """Yield what changed between two releases as CSV."""
    return _csv(_CHANGES, (asdict(one) for one in found))


def dictionary_csv() -> Iterator[bytes]:
    """Yield the dictionary of the metadata table as CSV."""
    return _csv(_DICTIONARY, (asdict(column) for column in COLUMNS))


def dictionary_json() -> bytes:
    """Write the dictionary of the metadata table as JSON."""
    told = {"columns": [asdict(column) for column in COLUMNS]}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    yield _line(names)
    for row in rows:
        yield _line([_cell(row[name]) for name in names])


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(harmless(value))
    return repr(value)
