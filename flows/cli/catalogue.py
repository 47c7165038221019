"""`mammo catalog …`: search, and who answers for the data."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person
from flows.cli.plural import counted
from flows.cli.searching import HolderId, ImagesOnly, Laterality, View, YearFrom, YearTo

if TYPE_CHECKING:
    from catalog.search import FoundStudy, Query

SIZES = (256, 512, 1024)

app = typer.Typer(help="Search the catalogue; enter regions and holders.", no_args_is_help=True)


Kind = Annotated[str | None, typer.Option(help="FFDM, DBT, S2D, FILM, CAD_SR, SR, KO, PR or SEG")]
SideAgrees = Annotated[
    bool | None,
    typer.Option("--side-agrees/--side-differs", help="by the pixels, with what the header says"),
]


@app.command()
def search(
    view: View = None,
    laterality: Laterality = None,
    vendor: Annotated[str | None, typer.Option(help="HOLOGIC, SIEMENS, GE, …")] = None,
    kind: Kind = None,
    age_band: Annotated[str | None, typer.Option(help="such as 50-54")] = None,
    year_from: YearFrom = None,
    year_to: YearTo = None,
    holder: HolderId = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="studies to show")] = 50,
    *,
    images_only: ImagesOnly = False,
    flag: Annotated[str | None, typer.Option(help="what the pixels tell of the quality")] = None,
    side_agrees: SideAgrees = None,
) -> None:
    """Search studies by what you know of them.

    Images are counted; what comes along with them (CAD results, reports, key objects,
    presentation states, segmentations) is counted apart, as others.

    Example: mammo catalog search --view MLO --laterality L --year-from 2018
    """
    place.enter("hub")
    from flows.search.quality import quality
    from flows.search.query import query

    wanted = query(
        view=view,
        laterality=laterality,
        vendor=vendor,
        kind=kind,
        age_band=age_band,
        exam_year_from=year_from,
        exam_year_to=year_to,
        holder=holder,
    )
    said = None if flag is None else quality(flag)
    wanted = replace(wanted, companions=not images_only, laterality_agrees=side_agrees, flag=said)
    _print_found(wanted, limit)


def _print_found(wanted: "Query", limit: int) -> None:
    from catalog.search import search as find
    from flows import wiring

    page = find(wiring.hub().catalogue, wanted, limit=limit)
    rows = [_HEADER, *map(_row, page.studies)] if page.studies else ["no study matches"]
    typer.echo("\n".join(rows))
    if page.next_cursor:
        typer.echo(f"… and more; raise --limit above {limit} to see them")


_HEADER = (
    f"{'study':12}  {'holder':14} year {'age':7} {'kinds':10} side {'views':10} {'vendors':12} "
    f"{'images':11} {'others':12} {'size':>8}"
)


def _row(study: "FoundStudy") -> str:
    columns = (
        f"{study.study_key[:12]} ",
        f"{study.holder:14}",
        f"{study.exam_year or '?'}",
        f"{study.age_band or '?':7}",
        f"{'/'.join(study.kinds):10}",
        f"{'/'.join(study.lateralities):4} {'/'.join(study.views):10}",
        f"{'/'.join(study.vendors):12}",
        f"{counted(study.images, 'image'):11} {_others(study):12} ~{study.size / 1e6:7.4g} MB",
    )
    return " ".join(columns)


def _others(study: "FoundStudy") -> str:
    others = study.instances - study.images
    return f"+{counted(others, 'other')}" if others else ""


@app.command()
def preview(
    study: Annotated[str, typer.Argument(help="A study's handle, as the search shows it.")],
    size: Annotated[int, typer.Option(help="Longest side: 256, 512 or 1024 pixels.")] = 512,
    into: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("previews"),
    who: Who = "",
) -> None:
    """Save small pictures of a study's images.

    Of those that are held there is none. The look is recorded.

    Example: mammo catalog preview 6f1c2a9be0d9 --size 512
    """
    place.enter("hub")
    from catalog.errors import NotFoundError
    from flows import wiring
    from flows.search.previews import save
    from flows.settings import HubSettings

    if size not in SIZES:
        message = "256, 512 or 1024"
        raise typer.BadParameter(message)
    try:
        written = save(wiring.hub(), study, into, size=size, who=person(who, HubSettings))
    except NotFoundError:
        typer.echo("mammo: there is no such study, or more than one that begins so", err=True)
        raise typer.Exit(1) from None
    for path in written:
        typer.echo(str(path))
    if not written:
        typer.echo("there is no preview that may be shown")


@app.command("add-holder")
def add_holder(
    holder: Annotated[str, typer.Argument(help="Short id: letters, digits, hyphens.")],
    name: Annotated[str, typer.Argument(help="The care provider's name.")],
    region: Annotated[str, typer.Option(help="Short id of its region.")],
    region_name: Annotated[str, typer.Option(help="Name of the region.")] = "",
    organisation_number: Annotated[str, typer.Option(help="Organisation number.")] = "",
    hsa_id: Annotated[str, typer.Option(help="HSA-id.")] = "",
    mode: Annotated[str, typer.Option(help="STANDING or ON_PERMIT; as it is, unless said.")] = "",
    who: Who = "",
) -> None:
    """Enter a care provider and its region, or new names.

    One that delivers ON_PERMIT is asked by each permit; what comes is that permit's alone.

    Example: mammo catalog add-holder osterskog "Österskogs sjukhus" --region norrland
    """
    from catalog.vocabulary import HolderMode

    if mode.upper() not in {"", *HolderMode}:
        message = f"--mode is one of: {', '.join(HolderMode)}"
        raise typer.BadParameter(message)
    place.enter("hub")
    from catalog.holders import add_holder as enter
    from catalog.holders import add_region, set_mode
    from catalog.records import Holder, Region
    from flows import wiring

    engine = wiring.hub().catalogue
    add_region(engine, Region(region, region_name or region))
    enter(engine, Holder(holder, region, name, organisation_number, hsa_id))
    if mode:
        from flows.settings import HubSettings

        set_mode(engine, holder, HolderMode(mode.upper()), who=person(who, HubSettings))
    typer.echo(f"{holder} answers for its data in {region}")


@app.command()
def holders() -> None:
    """List the care providers.

    Example: mammo catalog holders
    """
    place.enter("hub")
    from catalog.holders import list_holders
    from flows import wiring

    typer.echo(f"{'holder':16} {'region':16} {'mode':10} name")
    for holder in list_holders(wiring.hub().catalogue):
        typer.echo(f"{holder.id:16} {holder.region:16} {holder.mode.value:10} {holder.name}")
