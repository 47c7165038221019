"""What the commands of `mammo quarantine` share: who decides, what follows, what is written."""

import os
from collections.abc import Iterable
from pathlib import Path

import typer

from catalog.review_records import Review, ReviewState
from flows import log
from flows.cli import place


def enter() -> None:
    """Take the region's settings, and say what is logged on standard error only."""
    place.enter("region")
    log.configure()


def follow(made: Review, who: str) -> None:
    """Say what comes next; apply what is decided."""
    from flows import wiring

    if made.state is ReviewState.DECIDED:
        apply_now(made.id, who)
        return
    _, decisions = wiring.region().ledger.reviews.get(made.id)
    typer.echo(f"{made.id} is not released: another person has to decide the same, with")
    typer.echo(f"  mammo quarantine confirm {made.id} {decisions[-1].digest[:12]} --reason …")


def apply_now(number: int, who: str) -> None:
    """Apply a decision, and say how it ended."""
    from flows import deidentifier, protection, wiring
    from flows.applying import apply

    after = apply(
        wiring.region(),
        deidentifier.of_region(),
        number,
        who=person(who),
        protection=protection.of_region(),
    )
    word = "waits again" if after.state is ReviewState.WAITING else "is over"
    typer.echo(
        f"{number} ended {after.outcome}, and {word}{': ' if after.reason else ''}{after.reason}"
    )


def person(named: str) -> str:
    """Name who decides: the operating system's user; in development whoever is named."""
    from flows import who, wiring
    from flows.settings import Environment, RegionSettings

    if not named:
        return who.who()
    if wiring.read(RegionSettings).environment is not Environment.DEVELOPMENT:
        message = "--who is for development; elsewhere it is the operating system's user"
        raise typer.BadParameter(message)
    return named


def rectangle(text: str) -> tuple[int, int, int, int, int]:
    """Read a frame and two corners."""
    parts = text.split(",")
    try:
        frame, x0, y0, x1, y1 = map(int, parts)
    except ValueError:
        message = "a box is FRAME,X0,Y0,X1,Y1 in whole pixels"
        raise typer.BadParameter(message) from None
    return frame, x0, y0, x1, y1


def write_private(path: Path, blocks: Iterable[bytes]) -> None:
    """Write a file that only its owner reads, never over another."""
    try:
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, how, 0o600), "wb") as file:
            try:
                file.writelines(blocks)
            except BaseException:
                path.unlink()
                raise
    except FileExistsError:
        message = "there is a file of that name already"
        raise typer.BadParameter(message) from None
    except OSError:
        message = "it cannot be written there"
        raise typer.BadParameter(message) from None
