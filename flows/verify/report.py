"""The report of a look at a folder: for machines as CSV or JSON, and as a page for a reviewer.

Neither holds a value that was found, nor a name in which an identifier was found.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from catalog.csv_cells import harmless
from deid.report_page import html
from flows.files.spool import local_trouble
from flows.verify.looks import MEANINGS, Look, Seen, Verification
from flows.verify.words import found

SUFFIXES = (".csv", ".json")
_COLUMNS = ("number", "file", "outcome", "reason", "where", "what")
_MOST = 2000
_TITLE = "Second eye: verification of a folder"


def write(verification: Verification, path: Path) -> tuple[Path, ...]:
    """Write the report, and the page beside it; give both paths.

    Raises:
        RetriableError: The disk did not take it.
    """
    page = path.with_suffix(".html")
    form = as_json if path.suffix.lower() == ".json" else as_csv
    try:
        for place, text in ((path, form(verification)), (page, as_page(verification))):
            place.touch(mode=0o600)
            place.chmod(0o600)  # it says where identifiers are
            place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise local_trouble(error) from None
    return path, page


def as_csv(verification: Verification) -> str:
    """Write one line for every finding, and one for every file without."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for look in verification.looks:
        start = (look.number, harmless(look.shown), look.seen, look.reason)
        found = [(finding.where, finding.what) for finding in look.findings] or [("", "")]
        writer.writerows((*start, *one) for one in found)
    return buffer.getvalue()


def as_json(verification: Verification) -> str:
    """Write the whole of it."""
    told = {
        "format": "mammo-verify/1",
        "profile": verification.profile,
        "originals": verification.originals,
        "originals_unread": len(verification.unread),
        "originals_unread_numbers": list(verification.unread),
        "pixels": verification.pixels,
        "clean": verification.clean,
        "files": len(verification.looks),
        "outcomes": {seen: verification.tally[seen] for seen in Seen},
        "looks": [
            {
                "number": look.number,
                "file": look.shown,
                "outcome": look.seen,
                "reason": look.reason,
                "findings": [{"where": f.where, "what": f.what} for f in look.findings],
            }
            for look in verification.looks
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def as_page(verification: Verification) -> str:
    """Write it as one page that needs nothing else."""
    parts = [
        f"<h1>{escape(_TITLE)}</h1>",
        _summary(verification),
        _table("Outcomes", ("outcome", "files", "means"), _outcomes(verification)),
        _table("What was found", ("what", "findings", "files", "means"), _kinds(verification)),
        _table("Where", ("where", "what", "files"), _places(verification)),
        _table("Files that are not clean", ("file", "outcome", "found"), _files(verification)),
        _more(verification),
    ]
    return html(_TITLE, parts)


def _summary(verification: Verification) -> str:
    originals = verification.originals
    sought = (
        "patterns of anybody alone; no originals were given"
        if originals is None
        else f"what identifies the people of {originals} originals, and patterns of anybody"
    )
    told = {
        "Verdict": verification.verdict,
        "Files": str(len(verification.looks)),
        "Judged by": f"profile {verification.profile}",
        "Looked for": sought,
        "Pixels and overlays": "read again" if verification.pixels else "not looked at",
    }
    if verification.unread:
        told["Not looked for"] = verification.doubt
    rows = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in told.items())
    return f"<dl>{''.join(rows)}</dl>"


def _outcomes(verification: Verification) -> Iterator[tuple[str, ...]]:
    for seen in Seen:
        if verification.tally[seen]:
            yield seen, str(verification.tally[seen]), MEANINGS[seen]


def _kinds(verification: Verification) -> Iterator[tuple[str, ...]]:
    for what, number, files, means in found(verification):
        yield what, str(number), str(files), means


def _places(verification: Verification) -> Iterator[tuple[str, ...]]:
    files = Counter((f.where, f.what) for look in verification.looks for f in look.findings)
    for (where, what), number in files.most_common(_MOST):
        yield where, what, str(number)


def _files(verification: Verification) -> Iterator[tuple[str, ...]]:
    for look in _stopped(verification)[:_MOST]:
        places = "; ".join(f"{finding.what} at {finding.where}" for finding in look.findings)
        yield look.shown, look.seen, "; ".join(filter(None, (look.reason, places)))


def _more(verification: Verification) -> str:
    left = len(_stopped(verification)) - _MOST
    return f"<p>{left} more files are in the list beside this page.</p>" if left > 0 else ""


def _stopped(verification: Verification) -> list[Look]:
    return [look for look in verification.looks if look.seen is not Seen.CLEAN]


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in rows)
    if not body:
        return ""
    return f"<h2>{escape(title)}</h2><table><tr>{_cells(head, 'th')}</tr>{body}</table>"


def _cells(row: tuple[str, ...], element: str) -> str:
    return "".join(f"<{element}>{escape(cell)}</{element}>" for cell in row)
