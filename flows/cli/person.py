"""Who gives a command, as it is written down."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from flows.settings import HubSettings, RegionSettings

Who = Annotated[str, typer.Option(help="In development only: whom to take for the user.")]


def person(named: str, settings: "type[RegionSettings | HubSettings]") -> str:
    """Name who gives a command: the operating system's user; in development whoever is named.

    Args:
        named: Whom to take for the user; empty for nobody else.
        settings: The side's, which say whether this is development.

    Raises:
        BadParameter: Somebody is named, and this is not development.
    """
    from flows import wiring
    from flows.cli.who import who

    if not named:
        return who()
    if not is_development(wiring.read(settings)):
        message = "--who is for development; elsewhere it is the operating system's user"
        raise typer.BadParameter(message)
    return named


def note(engine: "Engine", named: str, action: str, what: str, *, permit: str = "") -> None:
    """Write down at the hub who looks at what, before it is shown; `named` as for `person`."""
    from catalog import audit
    from catalog.audit import AccessEvent
    from flows.settings import HubSettings

    actor = person(named, HubSettings)
    audit.append(engine, AccessEvent(actor, permit, action, what, "ALLOWED"))


def is_development(settings: "RegionSettings | HubSettings") -> bool:
    """Tell whether this is development: not by a variable alone, the key file must say so too."""
    from flows.keys.key_file import HUB_ROOTS, REGION_ROOTS, is_for_development
    from flows.settings import Environment, RegionSettings

    if settings.environment is not Environment.DEVELOPMENT:
        return False
    if isinstance(settings, RegionSettings):
        return is_for_development(settings.key_file, REGION_ROOTS)
    return is_for_development(settings.release_key_file, HUB_ROOTS)
