"""`mammo account assertion|token`: what a secure processing environment shows the access API."""

import json
import stat
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from httpx import Response

#: What the access API knows (`access_api.exchange`); it may not be imported here.
FORM: Final = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
TIMEOUT_S: Final = 30
_HERE: Final = {"localhost", "127.0.0.1", "::1"}

AccountId = Annotated[str, typer.Argument(help="The account's id: spe-…")]
KeyFile = Annotated[Path, typer.Option(help="Its private key (PEM), 0600.")]
Audience = Annotated[str, typer.Option(help="As the hub says.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(assertion)
    app.command()(token)


def assertion(account: AccountId, key_file: KeyFile, audience: Audience = "urn:mammo:api") -> None:
    """Sign what is exchanged for a token, once.

    In the environment. It holds for five minutes; nobody is asked. `mammo account token` exchanges
    it, or any program that can POST a form.

    Example: mammo account assertion spe-norr --key-file /srv/spe/mammo.pem
    """
    typer.echo(_signed(account, key_file, audience))


def token(
    account: AccountId,
    key_file: KeyFile,
    api: Annotated[str, typer.Option(envvar="MAMMO_API", help="Address of the access API.")],
    audience: Audience = "urn:mammo:api",
    *,
    ca_file: Annotated[
        Path | None, typer.Option(help="Who vouches for its certificate (PEM).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole answer, with the seconds it holds.")
    ] = False,
) -> None:
    """Get a token from the access API.

    In the environment. It holds for ten minutes, for as many requests as come.

    Example: curl -H "Authorization: Bearer $(mammo account token spe-norr --key-file k.pem)" …
    """
    url = urlsplit(api)
    if url.scheme != "https" and (url.scheme, url.hostname in _HERE) != ("http", True):
        message = "the access API's address begins with https://"
        raise typer.BadParameter(message)
    answer = _asked(api, _signed(account, key_file, audience), ca_file)
    typer.echo(json.dumps(answer) if as_json else answer["access_token"])


def _asked(api: str, signed: str, ca_file: Path | None) -> dict[str, object]:
    """Exchange an assertion; what is refused ends the command."""
    import ssl

    import httpx

    try:
        trust = ssl.create_default_context(cafile=ca_file)
        form = FORM | {"client_assertion": signed}
        address = f"{api.rstrip('/')}/token"
        answer = httpx.post(address, data=form, timeout=TIMEOUT_S, verify=trust)
        told = answer.json()
    except (httpx.HTTPError, ValueError, OSError) as error:
        _end(f"the access API does not answer: {type(error).__name__}")
    if not isinstance(told, dict) or "access_token" not in told:
        _end(_why(answer))
    return told


def _why(answer: "Response") -> str:
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return (
            "the account, its key or the audience is not what the hub knows, or a clock is wrong; "
            "the hub's operator sees the reason in the log"
        )
    return f"the access API refuses it ({answer.status_code})"


def _end(said: str) -> NoReturn:
    typer.echo(f"mammo: {said}", err=True)
    raise typer.Exit(1)


def _signed(account: str, key_file: Path, audience: str) -> str:
    """Sign with a key that nobody else can read."""
    from catalog.accounts.assertion import sign
    from catalog.accounts.keys import read_private

    try:
        others = stat.S_IMODE(key_file.stat().st_mode) & 0o077
        pem = key_file.read_bytes()
    except OSError as error:
        message = f"the key cannot be read: {type(error).__name__}"
        raise typer.BadParameter(message) from None
    if others:
        message = "the key's file can be read by others; mend it with: chmod 600 FILE"
        raise typer.BadParameter(message)
    return sign(read_private(pem), account, audience, at=datetime.now(UTC))
