"""`mammo token`: a token of the development issuer."""

from datetime import timedelta
from typing import Annotated

import typer

from flows.cli import place

#: What the access API knows (`access_api.tokens.Role`); it may not be imported here.
ROLES = (
    *("researcher", "assessor", "data_preparer", "spe_operator", "pacs_admin", "operator"),
    "auditor",
)
KNOWN = f"{', '.join(ROLES[:-1])} or {ROLES[-1]}"
REGIONAL = "pacs_admin"


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(token)


def token(
    sub: Annotated[str, typer.Argument(help="Who the token is for.")],
    role: Annotated[list[str], typer.Option(help=f"{KNOWN}; pacs_admin:REGION for one region.")],
    hours: Annotated[float, typer.Option(min=0.01, max=12, help="How long it lasts.")] = 1,
) -> None:
    """Print a development token for the access API.

    A secure processing environment has none: see `mammo account token`.

    Example: curl -H "Authorization: Bearer $(mammo token me --role researcher)" …/studies
    """
    from infra.issuer import issue
    from infra.two_sides import side_of

    for word in role:
        name, _, region = word.partition(":")
        if name not in ROLES or bool(region) is not (name == REGIONAL):
            message = f"{KNOWN}; pacs_admin with a region, as pacs_admin:norr"
            raise typer.BadParameter(message)
    typer.echo(
        issue(side_of(place.state(), "api"), sub=sub, roles=role, lifetime=timedelta(hours=hours))
    )
