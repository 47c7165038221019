"""`mammo optout seal|list-key|receive|received`: a list from the third party to one region."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person
from flows.cli.plural import counted

if TYPE_CHECKING:
    from flows.people.sealing import Opened
    from flows.settings import RegionSettings

Listed = Annotated[Path, typer.Argument(help="A CSV file: identifier[,issuer][,from].")]
Region = Annotated[
    str, typer.Option("--for", help="The region's public key (there: mammo optout list-key).")
]
Key = Annotated[Path, typer.Option(help="Your signing key (mammo regions make-key FILE).")]
Number = Annotated[
    int, typer.Option(min=1, max=10**6, help="Your lists for this region, counted from 1.")
]
Out = Annotated[Path, typer.Option(help="A new file, 0600.")]
Issuer = Annotated[str, typer.Option(help="Who issued local numbers, as the PACS names them.")]
Lift = Annotated[bool, typer.Option("--lift", help="All on the list take their opt-out back.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Open and check it; enter nothing.")]
Late = Annotated[bool, typer.Option("--late", help="It was delayed: newer lists are entered.")]


def seal(
    listed: Listed,
    region: Region,
    key: Key,
    number: Number,
    out: Out,
    *,
    issuer: Issuer = "",
    lift: Lift = False,
) -> None:
    """At the third party: seal a list to one region.

    It is checked and signed first. Needs no server and no settings. Only that region can read
    what comes out.

    Example: mammo optout seal said-no.csv --for … --key our.pem --number 7 --out norr-7.sealed
    """
    from catalog.errands.seal import read_public
    from catalog.errors import SealedError
    from catalog.vocabulary import OptOut
    from flows.errors import SourceError
    from flows.files.private_file import write_private
    from flows.intake.keys import load_key
    from flows.people import sealing
    from flows.people.optouts import list_text

    try:
        whom = read_public(region)
    except SealedError:
        message = "--for is no region's public key: X25519, 32 bytes in base64"
        raise typer.BadParameter(message) from None
    word = OptOut.LIFTED if lift else OptOut.OUT
    new = sealing.NewList(list_text(listed), issuer, word, number, datetime.now(UTC))
    sealed, one = sealing.seal(new, whom, load_key(key))
    try:
        write_private(out, [sealed])
    except OSError as error:
        message = f"the sealed list cannot be written there: {type(error).__name__}"
        raise SourceError(message) from None
    typer.echo(f"list {number}, {word}, {counted(one.entries, 'line')}, digest {one.digest[:12]}")


def list_key() -> None:
    """At the region: print the key that lists are sealed to.

    It is a public key; tell it to the third party by a way that nobody changes.

    Example: mammo optout list-key
    """
    place.enter("region")
    from catalog.errands.seal import public_text
    from flows import wiring
    from flows.keys.key_file import load
    from flows.people.sealing import list_key as derive
    from flows.settings import RegionSettings

    path = wiring.read(RegionSettings).key_file
    root = load(path, ("region",)).current("region")
    typer.echo(public_text(derive(root).public_key()))


def receive(
    sealed: Annotated[Path, typer.Argument(help="What the third party sealed.")],
    *,
    dry_run: Dry = False,
    late: Late = False,
    who: Who = "",
) -> None:
    """At the region: enter a list that the third party sealed.

    Whole or not at all. It is opened in memory. What it says, opting out or taking it back, the
    list itself tells.

    Example: mammo optout receive norr-7.sealed --dry-run
    """
    place.enter("region")
    from flows import wiring
    from flows.people import protection, receiving
    from flows.settings import RegionSettings

    mine, settings = person(who, RegionSettings), wiring.read(RegionSettings)
    opened, register = _opened(sealed, settings), protection.register()
    one = opened.sealed
    stands = receiving.placed(one, register, late=late)
    typer.echo(
        f"list {one.number} of {one.made_at:%Y-%m-%d %H:%M}, {one.word}, "
        f"{counted(one.entries, 'line')}, digest {one.digest[:12]}"
    )
    for missing in stands.missing:
        typer.echo(f"list {missing} has not come: ask the third party for it")
    if stands.before is not None and stands.before.done_at is not None:
        typer.echo(f"entered already, {stands.before.entered_at:%Y-%m-%d %H:%M}: nothing changes")
    elif dry_run:
        typer.echo("nothing was entered")
    else:
        parts = wiring.region()
        done = receiving.receive(opened, parts.keys, parts.publisher, register, who=mine)
        typer.echo(
            f"{counted(done.persons, 'person')}, {done.new} new, {done.told} told to the hub"
        )


def received() -> None:
    """At the region: list the sealed lists that were entered.

    Example: mammo optout received
    """
    place.enter("region")
    from flows.people import protection

    found = protection.register().lists.every()
    for one in found:
        end = "" if one.done_at else "  broke off: enter it again"
        typer.echo(
            f"{one.sealed.number:6} {one.sealed.word:6} {one.sealed.entries:6} "
            f"{one.entered_at:%Y-%m-%d %H:%M} {one.sealed.digest[:12]} {one.who}{end}"
        )
    if not found:
        typer.echo("no sealed list was entered")


def _opened(path: Path, settings: "RegionSettings") -> "Opened":
    from flows.errors import SettingsError
    from flows.intake.keys import read_public
    from flows.keys.key_file import load
    from flows.people import sealing

    if settings.optouts_key_file is None:
        message = "MAMMO_REGION_OPTOUTS_KEY_FILE must say whose lists this region takes"
        raise SettingsError(message)
    try:
        signer = read_public(settings.optouts_key_file.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        message = (
            "the public key of the third party's lists cannot be read; it belongs into "
            f"{settings.optouts_key_file} (MAMMO_REGION_OPTOUTS_KEY_FILE)"
        )
        raise SettingsError(message) from None
    root = load(settings.key_file, ("region",)).current("region")
    return sealing.unseal(
        sealing.read_sealed(path), sealing.list_key(root), signer, datetime.now(UTC)
    )
