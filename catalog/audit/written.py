"""The ledger written out: JSON Lines, from which it can be proven again, and CSV for tables."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from catalog.audit.records import Access
from catalog.csv_cells import harmless

NAMES: Final = tuple(one.name for one in fields(Access))


class Format(StrEnum):
    """How lines are written."""

    JSONL = "jsonl"
    CSV = "csv"


def written(lines: Iterable[Access], how: Format) -> Iterator[str]:
    """Write lines, each with its line feed; CSV has a head (RFC 4180)."""
    return _as_csv(lines) if how is Format.CSV else map(_as_json, lines)


def read(lines: Iterable[str]) -> Iterator[Access]:
    """Read JSON Lines as they were written; raises ValueError, quoting nothing."""
    for line in lines:
        try:
            told = json.loads(line)
            at = datetime.fromisoformat(told["at"])
            yield Access(**{name: told[name] for name in NAMES} | {"at": at.astimezone(UTC)})
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ValueError from None


def _told(line: Access) -> dict[str, str | int]:
    at = line.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {name: getattr(line, name) for name in NAMES} | {"at": at}


def _as_json(line: Access) -> str:
    return json.dumps(_told(line), separators=(",", ":")) + "\n"


def _as_csv(lines: Iterable[Access]) -> Iterator[str]:
    yield _row(NAMES)
    for line in lines:
        yield _row(harmless(value) for value in _told(line).values())


def _row(values: Iterable[str | int]) -> str:
    row = io.StringIO()
    csv.writer(row).writerow(values)
    return row.getvalue()
