"""`mammo device`: what the hub knows a machine by, to be quoted in a recall."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import place

Serials = Annotated[list[str] | None, typer.Argument(help="Device Serial Numbers (0018,1000).")]
Maker = Annotated[str, typer.Option(help="Manufacturer (0008,0070), as images say it.")]
Model = Annotated[str, typer.Option(help="Manufacturer's Model Name (0008,1090), as images say.")]
Image = Annotated[
    Path | None,
    typer.Option(help="An image of the machine: it says all three.", exists=True, dir_okay=False),
]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(device)


def device(
    serials: Serials = None, maker: Maker = "", model: Model = "", image: Image = None
) -> None:
    """At the region: tell the pseudonym of a machine.

    Clean images have no serial number; the hub groups them by this pseudonym, which only this
    region's key makes, and recalls one machine's images by it. Tell the hub only the pseudonym.

    Example: mammo device --image one-of-its-images.dcm

    Without an image: mammo device S4711 --maker "HOLOGIC, Inc." --model "Selenia Dimensions"
    """
    if image is None and not (serials and maker.strip() and model.strip()):
        message = "name --image, or serial numbers with --maker and --model"
        raise typer.BadParameter(message)
    place.enter("region")
    from deid.source import parse
    from flows import wiring
    from flows.walk.device import Machine, machine_of, pseudonym_of

    keys = wiring.region().keys
    if image is not None:
        with image.open("rb") as file:
            found = pseudonym_of(machine_of(parse(file).header), keys)
        typer.echo(found or "the image names no serial number, so no machine is known of it")
    for serial in serials or ():
        typer.echo(pseudonym_of(Machine(maker, model, serial), keys))
