"""`mammo tier …`: whether data is anonymous is what a named person finds, never computed."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.checked import known
from flows.cli.person import Who, person
from flows.cli.searching import HolderId, Laterality, View, YearFrom, YearTo

app = typer.Typer(help="Who finds a permit's data anonymous, and by what.", no_args_is_help=True)

Permit = Annotated[str, typer.Argument(help="The permit's id.")]


@app.command()
def assess(
    permit: Permit,
    document: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="What the finding rests on.")
    ],
    singling_out: Annotated[str, typer.Option(help="Can one woman be told from all others?")],
    linkage: Annotated[str, typer.Option(help="Can records of one woman be brought together?")],
    inference: Annotated[str, typer.Option(help="Can something unknown of her be concluded?")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days that it counts.")] = 365,
    who: Who = "",
    *,
    not_anonymous: Annotated[
        bool, typer.Option("--not-anonymous", help="the finding is that it is not")
    ] = False,
) -> None:
    """Record what you find of a permit's data.

    Only the document's digest is kept. While the newest finding says that the data is anonymous,
    a permit of tier ANON_DOWNLOAD is released and served for download; else it is served to
    secure processing environments only, from the next request on.

    Example: mammo tier assess permit-3f2a9c41 --document dpia.pdf --singling-out "no: section 3"
    --linkage "no: section 4" --inference "no: section 5"
    """
    place.enter("hub")
    from catalog.tiers import assessments
    from catalog.vocabulary import Finding
    from flows import wiring
    from flows.settings import HubSettings

    found = assessments.Assessment(
        permit_id=permit,
        who=person(who, HubSettings),
        document_sha256=hashlib.sha256(document.read_bytes()).hexdigest(),
        finding=Finding.NOT_ANONYMOUS if not_anonymous else Finding.ANONYMOUS,
        singling_out=singling_out,
        linkage=linkage,
        inference=inference,
        valid_until=datetime.now(UTC).date() + timedelta(days=days),
    )
    with known(permit):
        number = assessments.assess(wiring.hub().catalogue, found)
    typer.echo(
        f"assessment {number} of {permit} by {found.who}: {found.finding}, until "
        f"{found.valid_until}; document {found.document_sha256[:12]}…"
    )


@app.command()
def show(permit: Permit) -> None:
    """Show what was found of a permit's data, newest first.

    Example: mammo tier show permit-3f2a9c41
    """
    place.enter("hub")
    from catalog.permits import get
    from catalog.tiers.assessments import assessments, tier_in_force
    from flows import wiring

    catalogue = wiring.hub().catalogue
    with known(permit):
        issued = get(catalogue, permit)
    today = datetime.now(UTC).date()
    served = tier_in_force(catalogue, permit, issued.tier, today=today)
    typer.echo(f"{permit}: tier {issued.tier}, served as {served}")
    for one in assessments(catalogue, permit):
        typer.echo(
            f"  {one.at:%Y-%m-%d} {one.finding} until {one.valid_until}, by {one.who}"
            f"{' (development: not assessed)' if one.development else ''}, "
            f"document {one.document_sha256[:12]}…"
        )
        for name in ("singling_out", "linkage", "inference"):
            typer.echo(f"    {name.replace('_', ' ')}: {getattr(one, name)}")


@app.command()
def k(
    permit: Annotated[str, typer.Argument(help="Whose newest release; none: what is found.")] = "",
    into: Annotated[Path, typer.Option(help="Folder for cells.csv and cells.html.")] = Path(),
    view: View = None,
    laterality: Laterality = None,
    holder: HolderId = None,
    year_from: YearFrom = None,
    year_to: YearTo = None,
) -> None:
    """Count how few women share what is recorded.

    Of a permit's newest release, or of what a search finds before it is released. It is evidence
    for whoever assesses, and decides nothing.

    Example: mammo tier k --view CC --year-from 2018 --into assessment
    """
    place.enter("hub")
    from catalog.tiers import cells
    from flows import wiring
    from flows.files.private_file import write_private
    from flows.release import k_report
    from flows.search.query import query

    catalogue = wiring.hub().catalogue
    names: tuple[str, ...] = cells.RELEASED
    if permit:
        with known(permit):
            found = cells.released_to(catalogue, permit)
    else:
        asked = query(
            view=view,
            laterality=laterality,
            holder=holder,
            exam_year_from=year_from,
            exam_year_to=year_to,
        )
        found, names = cells.found_by(catalogue, asked), cells.CATALOGUED
    whole = cells.cells(found, names)
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    page = k_report.page(permit or "a search", found, names)
    for name, text in (("cells.csv", k_report.table(whole)), ("cells.html", page)):
        (into / name).unlink(missing_ok=True)
        write_private(into / name, [text.encode()])
    for line in k_report.lines(whole):
        typer.echo(line)
    typer.echo(
        f"{into / 'cells.csv'}, {into / 'cells.html'}: they describe persons; keep them here"
    )
