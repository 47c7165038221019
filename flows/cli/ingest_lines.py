"""What `mammo ingest` and `mammo resume` say: outcomes with their reasons, and what comes next."""

from collections.abc import Callable, Iterator

import typer

from catalog.outcome import Tally
from flows.exports.report import table
from flows.review import reviews
from flows.wiring import RegionParts


def follow(export_id: str, parts: RegionParts, watch: Callable[[str], Tally]) -> None:
    """Watch an ingest to its end, and say what became of it; of Ctrl-C, that it goes on."""
    try:
        tally = watch(export_id)
    except KeyboardInterrupt:
        typer.echo(
            "mammo: left: the export goes on at the region's worker; `mammo exports list` shows "
            f"it, `mammo resume {export_id}` watches it",
            err=True,
        )
        raise
    for line in told(export_id, parts, tally):
        typer.echo(line)


def told(export_id: str, parts: RegionParts, tally: Tally) -> Iterator[str]:
    """Give outcomes, reasons and the next step; nothing of it names a file."""
    for row in table(tally):
        yield f"{row['outcome']:12} {row['instances']:6}  {row['means']}"
    reasons = parts.ledger.reasons(export_id)
    for (outcome, reason), number in sorted(reasons.items(), key=lambda one: -one[1]):
        if reason:
            yield f"  {number:6} {outcome.lower()}: {reason}"
    waiting = len(reviews.waiting(parts, export_id=export_id))
    if waiting:
        yield f"{waiting} {'waits' if waiting == 1 else 'wait'} for people: mammo quarantine list"
    yield f"as a page: mammo report {export_id}"
