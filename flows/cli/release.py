"""`mammo release`: a permit's release."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import place
from flows.cli.checked import known
from flows.cli.plural import counted
from flows.cli.searching import HolderId, ImagesOnly, Laterality, View, YearFrom, YearTo
from infra.environment import read_environment_file
from infra.two_sides import side_of

if TYPE_CHECKING:
    from catalog.permits.records import Permit
    from catalog.releases import Release

Progress = Callable[[int, int], None]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(release)


def release(
    permit: Annotated[str, typer.Argument(help="The permit's id.")],
    view: View = None,
    laterality: Laterality = None,
    holder: HolderId = None,
    year_from: YearFrom = None,
    year_to: YearTo = None,
    *,
    images_only: ImagesOnly = False,
    with_what_is_there: Annotated[
        bool,
        typer.Option("--with-what-is-there", help="though holders have yet to deliver for it"),
    ] = False,
) -> None:
    """Freeze what a search finds into a permit's release.

    Nothing beyond the cohort that was granted is in it; criteria make it smaller. A query that
    names a view or a side finds images only. Where region and hub run apart, the hub's
    release worker builds it: Ctrl-C leaves it at that, and the same command watches it again. What
    broke off goes on where it was.

    Example: mammo release permit-3f2a9c41 --view CC
    """
    place.enter("hub")
    from catalog import permits
    from catalog.releases import contents
    from flows import wiring
    from flows.progress import counting

    words = {
        "view": view,
        "laterality": laterality,
        "holder": holder,
        "year_from": year_from,
        "year_to": year_to,
        "images_only": images_only,
        "with_what_is_there": with_what_is_there,
    }
    catalogue = wiring.hub().catalogue
    with known(permit):
        _require_assessed(permits.get(catalogue, permit))
        with counting(f"release {permit}") as progress:
            made = (
                _asked(permit, words, progress)
                if _has_worker()
                else _built(permit, words, progress)
            )
    held = contents(catalogue, made.id)
    typer.echo(
        f"release {made.number} of {permit}"
        + (f" replaces {made.number - 1}" if made.number > 1 else "")
        + f": {counted(held.instances, 'object')} of {counted(held.studies, 'study', 'studies')}, "
        f"{held.size / 1e6:.1f} MB; the access API has it at /releases/{permit}"
    )


def _require_assessed(permit: "Permit") -> None:
    """Say what must be done first, before anything is begun: no repetition helps."""
    from catalog.tiers.assessments import tier_in_force
    from flows import wiring

    today = datetime.now(UTC).date()
    if tier_in_force(wiring.hub().catalogue, permit.id, permit.tier, today=today) is permit.tier:
        return
    typer.echo(
        f"mammo: {permit.id} is to be had as {permit.tier}, and no assessment in force lets it: "
        f"first mammo tier assess {permit.id} … (mammo tier assess --help), then this again",
        err=True,
    )
    raise typer.Exit(1)


def _has_worker() -> bool:
    """Tell whether the hub has a Prefect server of its own, and say to this process where it is."""
    told = side_of(place.state(), "hub") / "hub-prefect.env"
    if "PREFECT_API_URL" not in os.environ and told.exists():
        os.environ.update(read_environment_file(told))
    return "PREFECT_API_URL" in os.environ and not place.has("region")


def _asked(permit: str, words: dict[str, Any], progress: Progress) -> "Release":
    """Have the hub's worker build it."""
    from flows import wiring
    from flows.releasing.asking import ask_and_watch

    try:
        return ask_and_watch(wiring.hub().catalogue, permit, words, progress)
    except KeyboardInterrupt:
        typer.echo(
            "mammo: left: the release goes on at the hub's worker; the same command watches it",
            err=True,
        )
        raise


def _built(permit: str, words: dict[str, Any], progress: Progress) -> "Release":
    """Build it in this process: on one machine the hub has no worker."""
    incomplete = words.pop("with_what_is_there")
    from flows import wiring
    from flows.release.build import build
    from flows.search.query import of_release

    today = datetime.now(UTC).date()
    return build(
        wiring.hub(),
        permit,
        of_release(**words),
        today=today,
        with_what_is_there=incomplete,
        progress=progress,
    )
