"""What the commands of `mammo quarantine` share: who decides, what follows, what is written."""

from collections.abc import Collection, Iterable
from pathlib import Path

import typer

from catalog.reviews.records import Review, ReviewState
from flows import log
from flows.cli import place


def enter(number: int | None = None) -> None:
    """Take the region's settings; if a review is named, it has to be there.

    What is logged goes to standard error, and is not shown on a terminal unless it is a warning.
    """
    place.enter("region")
    log.configure(for_people=True)
    if number is not None:
        _require_review(number)


def _require_review(number: int) -> None:
    from catalog.errors import NotFoundError
    from flows import wiring

    try:
        wiring.region().ledger.reviews.get(number)
    except NotFoundError:
        message = f"mammo: there is no review {number}; `mammo quarantine list` shows them"
        typer.echo(message, err=True)
        raise typer.Exit(1) from None


def me(who: str) -> str:
    """Name who decides or looks."""
    from flows.cli.person import person
    from flows.settings import RegionSettings

    return person(who, RegionSettings)


def follow(made: Review, who: str) -> None:
    """Say what comes next; apply what is decided."""
    from catalog.reviews.rules import first_said
    from flows import wiring

    if made.state is ReviewState.DECIDED:
        apply_now(made.id, who)
        return
    _, decisions = wiring.region().ledger.reviews.get(made.id)
    digest = first_said(decisions).digest[:12]
    typer.echo(f"{made.id} is not released: another person has to decide the same, with")
    typer.echo(f"  mammo quarantine confirm {made.id} {digest} --reason …")


def apply_now(number: int, who: str) -> None:
    """Apply a decision, and say how it ended."""
    from rich.console import Console

    from flows import deidentifier, wiring
    from flows.people import protection
    from flows.review.applying import apply

    person = me(who)
    with Console(stderr=True).status(f"walking {number} again"):
        after = apply(
            wiring.region(),
            deidentifier.of_region(),
            number,
            who=person,
            protection=protection.of_region(),
        )
    word = "waits again" if after.state is ReviewState.WAITING else "is over"
    typer.echo(
        f"{number} ended {after.outcome}, and {word}{': ' if after.reason else ''}{after.reason}"
    )


def apply_every(numbers: Iterable[int], who: str) -> bool:
    """Apply one decision after another, whatever becomes of any; tell whether all went well."""
    from catalog.errors import CatalogError
    from flows.errors import FlowsError

    went = True
    for number in numbers:
        try:
            apply_now(number, who)
        except (FlowsError, CatalogError) as error:
            typer.echo(f"mammo: {number} was not applied: {error}", err=True)
            went = False
    return went


def alarm(changed: Collection[int]) -> None:
    """Say which records were changed by other hands, and fail if any was.

    Raises:
        Exit: With 1.
    """
    for number in changed:
        typer.echo(f"mammo: {number} was changed by other hands; call security", err=True)
    if changed:
        raise typer.Exit(1)


def rectangle(text: str) -> tuple[int, int, int, int, int]:
    """Read a frame and two corners."""
    parts = text.split(",")
    try:
        frame, x0, y0, x1, y1 = map(int, parts)
    except ValueError:
        message = "a box is FRAME,X0,Y0,X1,Y1 in whole pixels"
        raise typer.BadParameter(message) from None
    return frame, x0, y0, x1, y1


def give(path: Path, blocks: Iterable[bytes]) -> None:
    """Write a file that only its owner reads, never over another."""
    from flows.files.private_file import write_private

    try:
        write_private(path, blocks)
    except FileExistsError:
        message = "there is a file of that name already"
        raise typer.BadParameter(message) from None
    except OSError:
        message = "it cannot be written there"
        raise typer.BadParameter(message) from None
