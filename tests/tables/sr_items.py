"""The table of content items of structured reports: PS3.15 Table E.3.4-1."""

import csv
from collections.abc import Iterable
from pathlib import Path

from tests.tables.rows import committed, digest, head_of, read_rows, write

NAME = "ps3_15_e3_4_1.csv"
ITEMS = 214
VALUE_TYPES = frozenset(
    {"CODE", "COMPOSITE", "CONTAINER", "DATE", "DATETIME", "IMAGE", "NUM", "PNAME", "TEXT"}
    | {"TIME", "UIDREF", "WAVEFORM"}
)
OPTIONS = (
    "retain_uids",
    "retain_device_identity",
    "retain_institution_identity",
    "retain_patient_characteristics",
    "retain_longitudinal_full_dates",
    "retain_longitudinal_modified_dates",
    "clean_descriptors",
)
_COLUMNS = ("code", "scheme", "value_type", "meaning", "basic", *OPTIONS)
_HEAD = """\
# DICOM PS3.15 Annex E, Table E.3.4-1: Clean Structured Content Option, content items by concept
# edition: 2026d
# source: https://dicom.nema.org/medical/dicom/current/source/docbook/part15/part15.xml
# sha256 of the source: 1eb2a9724822476b3f1f3de23d15ae655a4c7f6e9d32bf16f2d9ef76d7d8437c
# sha256 of the extract these rows are from: {digest}
# Derived from the DICOM Standard (c) NEMA. Codes, meanings, value types and action codes are
# factual interoperability data; no descriptive text is reproduced.
"""


def render() -> str:
    """Write the committed table again, in order."""
    table = committed(NAME)
    return _write(head_of(table), read_rows(table))


def extract(source: Path) -> str:
    """Write the table anew from an extract of the standard's own."""
    with source.open(encoding="utf-8-sig", newline="") as lines:
        return _write(_HEAD.format(digest=digest(source)), csv.DictReader(lines))


def _write(head: str, rows: Iterable[dict[str, str]]) -> str:
    order = sorted(rows, key=lambda row: (row["scheme"], row["code"], row["value_type"]))
    return write(head, _COLUMNS, order)
