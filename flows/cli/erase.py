"""`mammo erase …`: what must be nowhere any more, and the proof that it is not (GDPR Art. 17)."""

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.erase_named import known, study_uid, target_of
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from catalog.erasures.records import Erasure
    from flows.release.erasing import Eraser

app = typer.Typer(help="Erase at the hub, with proof; there is no way back.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The erasure's, as `mammo erase list` shows it.")]


@app.command()
def begin(
    case: Annotated[str, typer.Option(help="The case's number.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, and must name nobody.")],
    subject: Annotated[str, typer.Option(help="A woman, by her pseudonym in the space.")] = "",
    study: Annotated[
        str, typer.Option(help="A study, by its UID in the space or its search handle.")
    ] = "",
    instance: Annotated[str, typer.Option(help="One object, by its UID in the space.")] = "",
    who: Who = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only counted.")] = False,
) -> None:
    """Erase a woman, a study or one object.

    Without --yes it is only counted. Rows, objects with all older versions, previews, what was
    derived, headers and papers of releases go. Frozen releases keep a count of what they lost. If
    it is stopped: mammo erase resume.

    Example: mammo erase begin --study 2.25.1234 --case 7/2026 --reason "Article 17, case 7/2026"
    """
    place.enter("hub")
    if place.is_here("region"):
        place.enter("region")
    from catalog.erasures import erasing
    from catalog.erasures.erasing import Asked
    from flows import wiring
    from flows.release.erasing import erase
    from flows.settings import HubSettings

    catalogue = wiring.hub().catalogue
    target = target_of(subject, study_uid(catalogue, study.strip()), instance)
    if not yes:
        with known():
            found = erasing.extent(catalogue, target)
        typer.echo(
            f"{counted(found.studies, 'study', 'studies')}, "
            f"{counted(found.instances, 'instance')}, {counted(found.objects, 'stored object')}, "
            f"{counted(found.headers, 'header or paper', 'headers and papers')} of releases; "
            f"{found.released} in sealed releases; nothing is erased yet: add --yes"
        )
        return
    asked = Asked(target, _said(case), _said(reason), person(who, HubSettings))
    with known():
        made = erase(_eraser(), asked, told=lambda one: typer.echo(f"erasure {one.id} is begun"))
    typer.echo(_line(made))
    _copies(made)
    typer.echo("tell the region, and who has copies: mammo orders issue REGION ERASE …")


@app.command()
def resume(who: Who = "") -> None:
    """Go on with erasures that were begun and not ended.

    Example: mammo erase resume
    """
    place.enter("hub")
    if place.is_here("region"):
        place.enter("region")
    from flows.release.erasing import resume as go_on
    from flows.settings import HubSettings

    done = go_on(_eraser(), who=person(who, HubSettings))
    for one in done:
        typer.echo(_line(one))
        _copies(one)
    if not done:
        typer.echo("nothing is left to erase")


@app.command()
def ordered(
    order: Annotated[str, typer.Argument(help="The order's id, as `mammo orders list` shows.")],
    who: Who = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only counted.")] = False,
) -> None:
    """In the region: carry out an accepted order.

    Without --yes it is only counted. What lies in quarantine and in the landing goes, the ledger
    forgets what identifies, and the studies are refused when they come again. The hub is told in
    numbers, signed. If it was not reached, or anything stopped it: the same again.

    Example: mammo erase ordered 6f1c2a9be0d94d0c8c6f5d3e1b7a4820 --yes
    """
    place.enter("region")
    from flows import wiring
    from flows.cli import erase_ordered
    from flows.review import erasing
    from flows.settings import RegionSettings

    parts, settings = wiring.region(), wiring.read(RegionSettings)
    if not yes and parts.ledger.erased.done(order) is None:
        found = erasing.extent(parts, order)
        typer.echo(f"{erase_ordered.counts(found)}; nothing is erased yet: add --yes")
        return
    for line in erase_ordered.carry_out(parts, settings, order, person(who, RegionSettings)):
        typer.echo(line)


@app.command()
def readmit(
    order: Annotated[str, typer.Argument(help="The order by which they were erased.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, and must name nobody.")],
    who: Who = "",
) -> None:
    """In the region: let erased studies in again.

    The hub refuses them for itself until a person there lifts its Hold `ERASED`.

    Example: mammo erase readmit 6f1c2a9be0d94d0c8c6f5d3e1b7a4820 --reason "wrong study, case 9"
    """
    place.enter("region")
    from flows import wiring
    from flows.settings import RegionSettings

    erased = wiring.region().ledger.erased
    found = erased.readmit(order, who=person(who, RegionSettings), reason=_said(reason))
    typer.echo(f"{counted(found, 'study', 'studies')} may come in again")


@app.command()
def answers() -> None:
    """At the hub: what regions answered to orders to erase.

    Example: mammo erase answers
    """
    place.enter("hub")
    from catalog.erasures import answers as answered
    from flows import wiring
    from flows.cli import erase_ordered

    found = answered.every(wiring.hub().catalogue)
    for one in found:
        typer.echo(erase_ordered.answered(one))
    if not found:
        typer.echo("no region was ever asked to erase")


@app.command("list")
def list_() -> None:
    """List all erasures, the oldest first.

    Whom they were about, nobody knows any more.

    Example: mammo erase list
    """
    place.enter("hub")
    from catalog.erasures import erasing
    from flows import wiring

    found = erasing.every(wiring.hub().catalogue)
    for one in found:
        typer.echo(f"{_line(one)}; case {one.case}, {one.who}: {one.reason}")
    if not found:
        typer.echo("nothing was ever erased")


@app.command()
def proof(number: Number) -> None:
    """Write the proof of an erasure as CSV.

    It has digests of keys and bytes, and when each was seen to be gone.

    Example: mammo erase proof 1 > erasure-1.csv
    """
    place.enter("hub")
    from catalog.erasures import erasing
    from flows import wiring

    typer.echo("store,key_sha256,sha256,gone_at")
    for one in erasing.proofs(wiring.hub().catalogue, number):
        typer.echo(f"{one.store},{one.key_sha256},{one.sha256},{one.gone_at.isoformat()}")


def _eraser() -> "Eraser":
    """Put together what erases: an identity of its own, or whoever may remove on one machine."""
    from catalog.erasures.records import Store
    from flows import wiring
    from flows.release.erasing import Eraser, wire_erasing
    from flows.settings import EraseSettings, HubSettings

    parts, mine = wiring.hub(), wiring.read(HubSettings)
    clean, releases = wire_erasing(mine, wiring.read(EraseSettings))
    stores = {Store.CLEAN: clean, Store.RELEASES: releases}
    return Eraser(parts.catalogue, stores, parts.releases)


def _copies(one: "Erasure") -> None:
    """Tell which buckets have copies of what an erasure took."""
    from catalog.erasures import erasing
    from flows import wiring

    for permit, bucket in erasing.copies(wiring.hub().catalogue, one.id):
        typer.echo(
            f"{bucket} has copies under {permit}: mammo releases deliver {permit} --bucket {bucket}"
            " takes them away; where the permit has ended, mammo releases delete-proof"
        )


def _line(one: "Erasure") -> str:
    ended = "is done" if one.ended_at else "is not done: mammo erase resume"
    return (
        f"erasure {one.id} {ended}: {counted(one.studies, 'study', 'studies')}, "
        f"{counted(one.instances, 'instance')}, {one.gone} of {one.objects} stored objects are gone"
    )


def _said(text: str) -> str:
    if not text.strip():
        message = "say the case and why"
        raise typer.BadParameter(message)
    return text.strip()
