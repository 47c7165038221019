"""Tables of the product as text: a head of comment lines, a line of names, and rows."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

DATA = Path(__file__).parents[2] / "deid" / "data"


def committed(name: str) -> str:
    """Read a table as it is committed."""
    return (DATA / name).read_text(encoding="utf-8")


def read_rows(table: str) -> list[dict[str, str]]:
    """Read the rows of a table."""
    return list(csv.DictReader(line for line in table.splitlines() if not line.startswith("#")))


def head_of(table: str) -> str:
    """Give the comment lines of a table."""
    return "".join(line for line in table.splitlines(keepends=True) if line.startswith("#"))


def write(head: str, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Write a table; what a row has beyond the columns is left out."""
    out = io.StringIO(newline="")
    out.write(head)
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def digest(source: Path) -> str:
    """Give the SHA-256 of a source file."""
    return sha256(source.read_bytes()).hexdigest()
