"""What this project does to a header: rules, sweep and second eye; pixel bytes are spliced."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from deid.deidentify import deidentify, identity, inspect
from deid.identity.identifiers import harvest
from deid.profiles.profile import load_profile
from deid.screen import screen
from deid.source import parse
from flows.files.spool import write
from flows.keys import sides


def walk(*, digest: bool) -> Callable[[Path, Path], None]:
    """Give the whole walk of one file but the look at its pixels, with or without its digest."""
    profile, held = load_profile(), sides.offline_keys(None)
    subkeys = held.subkeys()

    def one(source: Path, target: Path) -> None:
        with source.open("rb") as reader:
            parsed = parse(reader)
            identifiers = harvest(parsed)
            screen(parsed, profile)
            person = held.pseudonyms.person(identity(parsed))
            clean = deidentify(
                reader,
                parsed,
                profile=profile,
                person=person,
                subkeys=subkeys,
                identifiers=identifiers,
                text_reader=None,
            )
            if digest:
                write(clean.pieces, reader, target, seen=sha256().update)
            else:
                write(clean.pieces, reader, target)
        with target.open("rb") as finished:
            inspect(
                finished,
                profile,
                person,
                identifiers=identifiers,
                text_reader=None,
                applied=clean.applied,
            )

    return one
