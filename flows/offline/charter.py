"""What a run over a folder was begun with; only a run with the same may go on with it."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from flows.deidentifier import Deidentifier
from flows.errors import SourceError

SCHEMA = "mammo-deid-state/2"
_PROGRAM = "mammo-dataspace"
_KEYS_OF_ONE_RUN = "run"


def charter(deidentifier: Deidentifier, source: Path) -> dict[str, str]:
    """Say what a run is begun with; the source is told by a keyed token."""
    keys, profile = deidentifier.keys, deidentifier.profile
    return {
        "schema": SCHEMA,
        "keys": f"{keys.version} {keys.name('mammo deid')}",
        "source": keys.name(str(source.resolve())),
        "profile": f"{profile.name} {profile.version}",
        "digest": profile.digest,
        "program": version(_PROGRAM),
        "detector": deidentifier.versions.detector,
    }


def unreadable(state: str) -> SourceError:
    """Say that the state in a folder of that name cannot be gone on with."""
    return SourceError(f"what is kept of an earlier run cannot be read; {_anew(state)}")


def _anew(state: str) -> str:
    return f"start anew: remove the target and {state} beside it"


def require_same(told: bytes, mine: Mapping[str, str], state: str) -> None:
    """Stop a run that would go on with what was begun with something else.

    Args:
        told: The charter of the run that was ended, as it lies there.
        mine: The charter of the run that is to go on.
        state: Name of the folder that holds the state.

    Raises:
        SourceError: With what is different, and what to do.
    """
    anew, begun = _anew(state), _read(told)
    if begun.get("schema") != SCHEMA:
        raise unreadable(state)
    if begun.get("keys", "").startswith(_KEYS_OF_ONE_RUN):
        message = (
            "the target holds an unfinished run without --key-file, whose keys are gone, so it "
            f"cannot go on; {anew}, this time with --key-file"
        )
        raise SourceError(message)
    asked = {
        "keys": "with other keys: give its --key-file",
        "source": "from another SRC: give that one",
        "digest": f"with {begun.get('profile')} as it was then: give that --profile",
        "program": f"with version {begun.get('program')} of this program: finish it with that",
        "detector": (
            "with another reader of burned-in text: finish it with the program that began it"
        ),
    }
    for key, words in asked.items():
        if begun.get(key) != mine[key]:
            message = f"the target holds an unfinished run {words}, or {anew}"
            raise SourceError(message)


def _read(told: bytes) -> dict[str, str]:
    try:
        read = json.loads(told)
    except ValueError:
        return {}
    return {key: str(value) for key, value in read.items()} if isinstance(read, dict) else {}
