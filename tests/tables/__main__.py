"""Write the tables of `deid/data` anew: `python -m tests.tables`.

Attribute Types come from the installed libraries; the others are put in order, with names as the
libraries have them. With the sources at hand, rows are chosen from them again:

    python -m tests.tables --items EXTRACT.csv --private TCIA.csv STANDARD.csv
"""

from argparse import ArgumentParser
from pathlib import Path

from tests.tables import attribute_types, private_safe, sr_items, text_attributes
from tests.tables.rows import DATA

TABLES = (attribute_types, private_safe, sr_items, text_attributes)


def main() -> None:
    """Write every table."""
    parser = ArgumentParser(prog="python -m tests.tables")
    parser.add_argument("--items", type=Path, help="extract of PS3.15 Table E.3.4-1")
    parser.add_argument("--private", type=Path, nargs=2, help="knowledge base, Table E.3.10-1")
    chosen = parser.parse_args()
    if chosen.items:
        _write(sr_items.NAME, sr_items.extract(chosen.items))
    if chosen.private:
        _write(private_safe.NAME, private_safe.extract(*chosen.private))
    for table in TABLES:
        _write(table.NAME, table.render())


def _write(name: str, text: str) -> None:
    (DATA / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
