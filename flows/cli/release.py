"""`mammo permit|revoke|release`: a permit for development, and its release."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.plural import counted
from flows.cli.searching import HolderId, ImagesOnly, Laterality, View, YearFrom, YearTo


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (permit, revoke, release):
        app.command()(command)


def permit(
    person: Annotated[list[str], typer.Argument(help="Who may use it: `sub` of their tokens.")],
    title: Annotated[str, typer.Option(help="What the project is called.")] = "Development",
    purpose: Annotated[str, typer.Option(help="EHDS Article 53 purpose.")] = "scientific research",
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days it is in force.")] = 30,
    tier: Annotated[str, typer.Option(help="PSEUDO_SPE or ANON_DOWNLOAD.")] = "PSEUDO_SPE",
) -> None:
    """Issue a permit, for development.

    The application that leads to one comes later.

    Example: mammo permit researcher-1 --tier ANON_DOWNLOAD
    """
    place.enter("hub")
    from flows import wiring
    from flows.release import permits

    today = datetime.now(UTC).date()
    until = today + timedelta(days=days)
    issued = permits.issue(
        wiring.hub(),
        persons=person,
        title=title,
        purpose=purpose,
        tier=tier,
        valid=(today, until),
    )
    typer.echo(issued)
    typer.echo(
        f"tier {tier}, for {', '.join(person)}, until {until}; next: mammo release {issued}",
        err=True,
    )


def revoke(permit: Annotated[str, typer.Argument(help="The permit's id.")]) -> None:
    """End a permit at once.

    Example: mammo revoke permit-3f2a9c41
    """
    place.enter("hub")
    from catalog.permits import revoke as end
    from flows import wiring

    with known(permit):
        end(wiring.hub().catalogue, permit)
    typer.echo(f"{permit} is revoked")


def release(
    permit: Annotated[str, typer.Argument(help="The permit's id.")],
    view: View = None,
    laterality: Laterality = None,
    holder: HolderId = None,
    year_from: YearFrom = None,
    year_to: YearTo = None,
    *,
    images_only: ImagesOnly = False,
) -> None:
    """Freeze what a search finds into a permit's release.

    A query that names a view or a side finds images only.

    Example: mammo release permit-3f2a9c41 --view CC
    """
    place.enter("hub")
    from catalog.releases import contents
    from flows import wiring
    from flows.release.build import build
    from flows.search.query import query

    wanted = query(
        view=view,
        laterality=laterality,
        holder=holder,
        exam_year_from=year_from,
        exam_year_to=year_to,
    )
    wanted = replace(wanted, companions=not images_only)
    with known(permit):
        made = build(wiring.hub(), permit, wanted, today=datetime.now(UTC).date())
    held = contents(wiring.hub().catalogue, made.id)
    typer.echo(
        f"release {made.number} of {permit}"
        + (f" replaces {made.number - 1}" if made.number > 1 else "")
        + f": {counted(held.instances, 'object')} of {counted(held.studies, 'study', 'studies')}, "
        f"{held.size / 1e6:.1f} MB; the access API has it at /releases/{permit}"
    )


@contextmanager
def known(permit_id: str) -> Iterator[None]:
    """Say which permit there is not."""
    from catalog.errors import NotFoundError

    try:
        yield
    except NotFoundError:
        typer.echo(f"mammo: there is no permit {permit_id}", err=True)
        raise typer.Exit(1) from None
