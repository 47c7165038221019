"""`mammo arrivals …`: what regions delivered is checked again, and published."""

import time
from typing import Annotated

import typer

from flows.cli import place

app = typer.Typer(help="What regions delivered, on its way to be published.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """Count delivered studies by region and what became of them.

    Example: mammo arrivals list
    """
    place.enter("hub")
    from catalog.arrivals import arrivals
    from flows import wiring

    found = arrivals.counts(wiring.hub().catalogue)
    if found:
        typer.echo(f"{'region':16} {'state':10} {'studies':>8}")
    for (region, state), number in sorted(found.items()):
        typer.echo(f"{region:16} {state:10} {number:8}")
    if not found:
        typer.echo("nothing was delivered")


@app.command()
def publish(
    *,
    watch: Annotated[bool, typer.Option(help="Go on; look again every second.")] = False,
) -> None:
    """Check what waits, and publish it or refuse it.

    It needs MAMMO_ARRIVALS_… and no key.

    Example: mammo arrivals publish --watch
    """
    from catalog.errors import RetriableError as CatalogRetriableError
    from flows import log, wiring
    from flows.arrivals.parts import wire_arrivals
    from flows.arrivals.settling import settle_waiting
    from flows.errors import RetriableError
    from flows.settings import ArrivalSettings
    from flows.silence import silenced

    log.configure()
    parts = wire_arrivals(wiring.read(ArrivalSettings))
    while True:
        try:
            with silenced("arrivals"):
                settled = settle_waiting(parts)
        except (CatalogRetriableError, RetriableError):
            if not watch:
                raise
            settled = 0
        if not watch:
            typer.echo(f"{settled} studies settled")
            return
        if not settled:
            time.sleep(1)
