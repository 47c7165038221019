"""`mammo account …`: service accounts of secure processing environments (EHDS Art. 73)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import account_token, place
from flows.cli.person import Who, person

app = typer.Typer(help="Service accounts of secure processing environments.", no_args_is_help=True)

account_token.add_to(app)
AccountId = account_token.AccountId


@app.command("make-key")
def make_key(path: Annotated[Path, typer.Argument(help="A new file, 0600.")]) -> None:
    """Draw a private key; print its public half (JWK).

    In the environment, where it stays. Who runs the hub registers the public half.

    Example: mammo account make-key /srv/spe/mammo.pem > spe.jwk
    """
    from catalog.accounts.keys import draw, public_text
    from flows.files.private_file import write_private

    key = draw()
    try:
        write_private(path, [key.as_pem(private=True)])
    except OSError as error:
        message = f"no key can be written there: {type(error).__name__}"
        raise typer.BadParameter(message) from None
    typer.echo(public_text(key))


@app.command()
def add(
    account: AccountId,
    key: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="File of the public key (JWK: EC, P-256)."
        ),
    ],
    name: Annotated[str, typer.Option(help="What people call the environment.")],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day; a year from now unless said."),
    ] = None,
    bucket: Annotated[
        str, typer.Option(help="Of its object store: releases are delivered there.")
    ] = "",
    who: Who = "",
) -> None:
    """At the hub: register an account, or another key of one.

    A permit names it by its id, as it names persons. Its bucket is nobody else's.

    Example: mammo account add spe-norr spe.jwk --name "SPE of Region Norr" --until 2027-06-30
    """
    place.enter("hub")
    from catalog.accounts import accounts
    from catalog.accounts.records import Account
    from flows import wiring
    from flows.settings import HubSettings

    last = until.date() if until else datetime.now(UTC).date() + timedelta(days=365)
    me, text = person(who, HubSettings), key.read_text("utf-8", "replace")
    told = Account(account, name, last, bucket=bucket)
    made = accounts.add(wiring.hub().catalogue, told, text, who=me)
    typer.echo(f"{account} is let in until {last}, with key {made}")


@app.command("list")
def list_() -> None:
    """List the accounts that were ever registered, and their keys.

    Example: mammo account list
    """
    place.enter("hub")
    from catalog.accounts import accounts
    from flows import wiring

    engine, today = wiring.hub().catalogue, datetime.now(UTC).date()
    keys = accounts.list_keys(engine)
    found = accounts.list_accounts(engine)
    for one in found:
        into = f", bucket {one.bucket}" if one.bucket else ""
        state = _state(one.revoked_at, one.valid_until, today)
        typer.echo(f"{one.id:24} {state:24} {one.name}{into}")
        for key in keys:
            if key.account_id == one.id:
                ended = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
                typer.echo(f"  {key.id}  {key.added_at:%Y-%m-%d} {key.added_by}, {ended}")
    if not found:
        typer.echo("there are no service accounts")


def _state(revoked: datetime | None, until: date, today: date) -> str:
    if revoked is not None:
        return f"revoked {revoked:%Y-%m-%d}"
    return f"{'until' if today <= until else 'ended'} {until}"


@app.command()
def revoke(
    account: AccountId,
    key: Annotated[str, typer.Option(help="Only this key of it, by `mammo account list`.")] = "",
    who: Who = "",
) -> None:
    """At the hub: let an account in no more, for good and at once.

    Example: mammo account revoke spe-norr
    """
    place.enter("hub")
    from catalog.accounts import accounts
    from flows import wiring
    from flows.settings import HubSettings

    engine, me = wiring.hub().catalogue, person(who, HubSettings)
    if key:
        revoked = accounts.revoke_key(engine, account, key, who=me)
    else:
        revoked = accounts.revoke(engine, account, who=me)
    typer.echo("revoked" if revoked else "it was revoked already")
