"""Where the local stack keeps its state, and how a command gets one side's settings."""

import os
from pathlib import Path

from flows.errors import PermanentError
from infra.environment import read_environment_file
from infra.two_sides import side_of


class NotUpError(PermanentError):
    """The local stack was never started here, and no settings are in the environment."""


def state() -> Path:
    """Return the directory of the local stack: MAMMO_STATE, or `var` where we are."""
    return Path(os.environ.get("MAMMO_STATE") or "var")


def require_stack() -> None:
    """Refuse to speak of a local stack where there is none.

    Raises:
        NotUpError: With where it was looked for.
    """
    if not (side_of(state(), "hub") / "secrets" / "credentials.json").exists():
        message = (
            f"there is no local stack in {state().resolve()}: go to the folder where it was "
            "started, or set MAMMO_STATE; `mammo up` would start one here"
        )
        raise NotUpError(message)


def has(side: str) -> bool:
    """Tell whether this process has one side's settings already."""
    return any(name.startswith(f"MAMMO_{side.upper()}_") for name in os.environ)


def is_here(side: str) -> bool:
    """Tell whether one side's settings are in the environment, or in the local stack's state."""
    return has(side) or (side_of(state(), side) / f"{side}.env").exists()


def enter(side: str) -> None:
    """Take one side's settings into this process, unless the environment has them already.

    What is logged from then on is filtered: without this, libraries quote values of data sets.

    Args:
        side: `region` or `hub`.

    Raises:
        NotUpError: With what to do.
    """
    from flows import log

    log.configure(for_people=True)
    if has(side):
        return
    try:
        os.environ.update(read_environment_file(side_of(state(), side) / f"{side}.env"))
    except FileNotFoundError:
        message = (
            "there is no local stack here: start one with `mammo up`, "
            f"or set the MAMMO_{side.upper()}_… variables (infra/mammo.env.example)"
        )
        raise NotUpError(message) from None
