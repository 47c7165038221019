"""`mammo key …`: the key that the second step of a pseudonym is taken with."""

import typer

from flows.cli import place
from flows.cli.plural import counted

app = typer.Typer(help="The key of the second step of a pseudonym.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `rotate` a command of its own: there will be more."""


@app.command()
def rotate() -> None:
    """Put a new version of the local key in use, for development.

    Women are recognised under the version before, too. Where a third party re-keys pseudonyms, the
    key is there: then nothing is changed, and what to run at the third party is told.

    Example: mammo key rotate
    """
    place.enter("region")
    from flows import wiring
    from flows.settings import RegionSettings

    settings = wiring.read(RegionSettings)
    version = wiring.rotate_key(settings)
    typer.echo(f"version {version} of the key is in use by what starts from now on")
    typer.echo("what runs still uses the one before: mammo down, mammo up")
    typer.echo(
        f"women are recognised under {counted(settings.pseudonyms_previous, 'earlier version')} "
        "(MAMMO_REGION_PSEUDONYMS_PREVIOUS): carry all over before the next rotation"
    )
