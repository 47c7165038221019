"""`mammo regions …`: whose key may deliver to the hub, and how much."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place
from flows.cli.person import Who, person

app = typer.Typer(help="Who may deliver to the hub, and how much.", no_args_is_help=True)


@app.command("make-key")
def make_key(path: Annotated[Path, typer.Argument(help="A new file, 0600.")]) -> None:
    """Draw a signing key; print the public half.

    The other side registers that.

    Example: mammo regions make-key /srv/mammo/secrets/intake.pem
    """
    from flows.intake.keys import make_key as draw

    typer.echo(draw(path))


@app.command("add-key")
def add_key(
    region: Annotated[str, typer.Argument(help="The region's id.")],
    public_key: Annotated[str, typer.Argument(help="Ed25519, 32 bytes in base64.")],
    who: Who = "",
) -> None:
    """At the hub: let a region's key in.

    Several may be in use while one is rotated.

    Example: mammo regions add-key norr 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    """
    place.enter("hub")
    from catalog.arrivals import regions
    from flows import wiring
    from flows.intake.keys import read_public
    from flows.settings import HubSettings

    engine = wiring.hub().catalogue
    me = person(who, HubSettings)
    typer.echo(regions.add_key(engine, region, read_public(public_key), who=me))


@app.command("revoke-key")
def revoke_key(
    name: Annotated[str, typer.Argument(help="As `mammo regions keys` shows it.")], who: Who = ""
) -> None:
    """At the hub: let a key in no more, for good.

    Example: mammo regions revoke-key 21fe31dfa154a261626bf854046fd227
    """
    place.enter("hub")
    from catalog.arrivals import regions
    from flows import wiring
    from flows.settings import HubSettings

    engine = wiring.hub().catalogue
    revoked = regions.revoke_key(engine, name, who=person(who, HubSettings))
    typer.echo("revoked" if revoked else "it was revoked already")


@app.command()
def keys() -> None:
    """List the keys that were let in.

    Example: mammo regions keys
    """
    place.enter("hub")
    from catalog.arrivals import regions
    from flows import wiring

    found = regions.list_keys(wiring.hub().catalogue)
    for one in found:
        ended = f", revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else ""
        typer.echo(f"{one.id}  {one.region_id:16} {one.added_at:%Y-%m-%d} {one.added_by}{ended}")
    if not found:
        typer.echo("no region may deliver")


@app.command()
def limits(
    region: Annotated[str, typer.Argument(help="The region's id.")],
    objects: Annotated[int, typer.Option(min=0, help="Objects a day.")] = 200_000,
    gigabytes: Annotated[int, typer.Option(min=0, help="GB (10⁹ bytes) a day.")] = 4000,
    merges_until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Until when it may merge Subjects of whom other regions have images.",
        ),
    ] = None,
    who: Who = "",
) -> None:
    """At the hub: say how much a region may deliver in a day.

    Example: mammo regions limits norr --objects 50000 --gigabytes 1500
    """
    place.enter("hub")
    from catalog.arrivals import regions
    from catalog.arrivals.records import Limits
    from flows import wiring
    from flows.settings import HubSettings

    until: date | None = None if merges_until is None else merges_until.date()
    chosen = Limits(objects, gigabytes * 10**9, until)
    regions.set_limits(wiring.hub().catalogue, region, chosen, who=person(who, HubSettings))
    typer.echo("set")
