"""The k report as a table and as a page: evidence for whoever assesses a permit's data."""

import csv
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from catalog.csv_cells import harmless
from catalog.tiers.cells import LEVELS, Cell, Cells, Examination, cells

_SHOWN: Final = 50
_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; font-size: .92em }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #8884 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.note { background: #8881; padding: .6rem .9rem; border-radius: 4px }
"""
_NOTE: Final = """<p class="note">This page decides nothing: a person does, and answers for it
(mammo tier assess). It counts what could single a woman out of all, by what is recorded of her
examinations. It does not know what else somebody may know of her, nor what an image itself tells.
It describes persons, so it stays where it was made.</p>"""


def table(whole: Cells) -> str:
    """Write all cells as CSV, the smallest first."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*whole.names, "women", "studies"])
    writer.writerows(
        [*map(harmless, cell.values), cell.women, cell.studies] for cell in whole.cells
    )
    return text.getvalue()


def page(what: str, examinations: Sequence[Examination], names: Sequence[str]) -> str:
    """Make the page of a cohort: each quasi-identifier alone, all together, the smallest cells."""
    whole = cells(examinations, names)
    alone = [cells(examinations, [name]) for name in names]
    levels = [f"women in cells &lt; {k}" for k in LEVELS]
    parts = [
        f"<h1>Cells of {escape(what)}</h1>",
        f"<p>{whole.women} women, {whole.studies} examinations.</p>",
        _NOTE,
        "<h2>By what</h2>",
        _table(
            ["quasi-identifier", "cells", "smallest", *levels],
            [_line(one.names[0], one) for one in alone] + [_line("all of them", whole)],
        ),
        f"<h2>The smallest cells by all of them (of {len(whole.cells)})</h2>",
        _table(
            [*map(escape, whole.names), "women", "studies"],
            [_of(cell) for cell in whole.cells[:_SHOWN]],
        ),
    ]
    head = f"<title>{escape(what)}</title><style>{_STYLE}</style>"
    return f'<!doctype html><html lang="en"><meta charset="utf-8">{head}{"".join(parts)}</html>\n'


def lines(whole: Cells) -> Iterable[str]:
    """Say in a few lines how small the cells are."""
    yield f"{whole.women} women, {whole.studies} examinations, by {', '.join(whole.names)}"
    for k in LEVELS:
        yield f"  in cells of fewer than {k:>2}: {whole.below[k]} women, {whole.share(k):.1%}"


def _line(name: str, of: Cells) -> list[str]:
    smallest = str(of.cells[0].women) if of.cells else "-"
    shares = [f"{of.below[k]} ({of.share(k):.1%})" for k in LEVELS]
    return [escape(name), str(len(of.cells)), smallest, *shares]


def _of(cell: Cell) -> list[str]:
    return [*map(escape, cell.values), str(cell.women), str(cell.studies)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first = "".join(f"<th>{one}</th>" for one in head)
    rest = "".join(f"<tr>{''.join(f'<td>{one}</td>' for one in row)}</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{rest}</table>"
