"""`mammo reconcile`: what the records say against what is stored, found and mended."""

import csv
import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from catalog.csv_cells import harmless
from flows.cli import place
from flows.cli.exits import NOT_ALL
from flows.cli.person import Who, person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flows.reconcile.hub import HubSide
    from flows.reconcile.kinds import Kind
    from flows.reconcile.report import Asked, Report

    Write = Callable[[Sequence[str]], object]

SIDES = ("region", "hub")

Side = Annotated[
    Literal["region", "hub"] | None,
    typer.Option(help="Look at one side only; else at each whose settings are here."),
]
Mend = Annotated[
    bool, typer.Option("--mend", help="Remove and hold what is found; else only tell.")
]
Days = Annotated[
    int, typer.Option(min=1, help="What is younger may be under way, and is left alone.")
]
Most = Annotated[
    int,
    typer.Option(min=0, max=1_000_000, help="If more of a kind would be removed, none is."),
]
Sums = Annotated[
    bool, typer.Option("--verify-checksums", help="Also read every object, and compare digests.")
]
Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="DAY",
        help="Read, and ask the hub for, only what was published since; UTC.",
    ),
]
Part = Annotated[
    str,
    typer.Option(
        metavar="K/N", help="Read one of N parts; each object is in the same part each time."
    ),
]
To = Annotated[
    Path | None, typer.Option(help="Write every finding to a new file (.csv).", metavar="FILE")
]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(reconcile)


def reconcile(
    side: Side = None,
    days: Days = 7,
    most: Most = 1000,
    since: Since = None,
    part: Part = "1/1",
    report: To = None,
    who: Who = "",
    *,
    mend: Mend = False,
    verify_checksums: Sums = False,
) -> None:
    """Find what a crash or a bad disk left, and mend it.

    Without --mend nothing is changed. It may run beside everything else and be stopped at any
    time: what is younger than --days is left alone, and what is done is done. What is removed is
    in the access log (hub) or in the log (region). The exit code is 0 if nothing remains, 3 if
    something does, and 1 if it failed.

    Example: mammo reconcile

    Mend it: mammo reconcile --mend

    A thirtieth each night: mammo reconcile --side hub --verify-checksums --part 3/30
    """
    from flows import log

    parts, day = _parts(part), since and since.replace(tzinfo=UTC)
    log.configure(for_people=True)
    sides = [side] if side else [one for one in SIDES if place.is_here(one)]
    for one in sides or SIDES:
        place.enter(one)
    with _written(report) as write:
        found = []
        for one in sides or SIDES:
            asked = _asked(one, who, days=days, most=most, mend=mend)
            asked = replace(asked, since=day, share=parts, sums=verify_checksums)
            found.append(_look(one, asked, write, alone=len(sides) == 1))
    if not all(one.is_well for one in found):
        raise typer.Exit(NOT_ALL)


def _parts(part: str) -> tuple[int, int]:
    number, _, parts = part.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        wrong = "write it as 3/30: the third of thirty parts"
        raise typer.BadParameter(wrong, param_hint="--part")
    return int(number), int(parts)


def _asked(side: str, who: str, *, days: int, most: int, mend: bool) -> "Asked":
    """Say what is to be done; who asks matters only where something is changed."""
    from flows.progress import counting
    from flows.reconcile.report import Asked
    from flows.settings import HubSettings, RegionSettings

    settings = HubSettings if side == "hub" else RegionSettings
    return Asked(
        datetime.now(UTC),
        person(who, settings) if mend else "",
        counting,
        mend=mend,
        older=timedelta(days=days),
        most=most,
    )


def _look(side: str, asked: "Asked", write: "Write", *, alone: bool) -> "Report":
    from flows import wiring
    from flows.cli.reconcile_lines import lines
    from flows.reconcile import hub, region
    from flows.reconcile.report import Report

    def told(kind: "Kind", name: str) -> None:
        write((side, kind.value, name))

    report = Report(told=told)
    if side == "hub":
        hub.reconcile(_hub_side(alone=alone), asked, report)
    else:
        region.reconcile(wiring.region(), asked, report)
    for line in lines(side, report, mended=asked.mend):
        typer.echo(line)
    return report


def _hub_side(*, alone: bool) -> "HubSide":
    """Put the hub's side together, with whoever may remove clean objects, if he is here.

    That is the check of arrivals; on one machine, where there is none, the region that publishes
    in-process.
    """
    from flows import wiring
    from flows.arrivals.parts import wire_arrivals
    from flows.intake.store import IntakeStore
    from flows.reconcile.hub import HubSide
    from flows.settings import ArrivalSettings

    parts = wiring.hub()
    side = HubSide(parts.catalogue, parts.clean, parts.releases)
    if place.has("arrivals"):
        check = wire_arrivals(wiring.read(ArrivalSettings))
        return replace(side, sweeper=check.clean, arrivals=check.arrivals)
    mine = None if alone else wiring.region().clean
    return replace(side, sweeper=None if isinstance(mine, IntakeStore) else mine)


@contextmanager
def _written(path: Path | None) -> "Iterator[Write]":
    """Write findings to a file that only its owner reads, never over another."""
    if path is None:
        yield lambda _line: None
        return
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, how, 0o600)
    except OSError as error:
        wrong = "there is something of that name" if path.exists() else type(error).__name__
        raise typer.BadParameter(wrong, param_hint="--report") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("side", "kind", "name"))
        yield lambda line: writer.writerow(map(harmless, line))
