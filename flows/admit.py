"""The walk of one image: a plain linear function from an identified file to a clean one."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from catalog.describe import describe
from catalog.records import Facts, Instance, Versions
from deid.deidentify import deidentify, identity, inspect
from deid.identifiers import Identifiers
from deid.pixels import DETECTOR, Box
from deid.screen import screen
from deid.source import Parsed
from flows.deidentifier import Deidentifier
from flows.spool import Spooled, spool


@dataclass(frozen=True, repr=False)
class Admitted:
    """One clean object in the spool, and what the catalogue will say of it."""

    spooled: Spooled
    subject: str
    instance: Instance
    facts: Facts
    versions: Versions
    boxes: tuple[Box, ...]


def admit(
    reader: BinaryIO,
    parsed: Parsed,
    target: Path,
    *,
    deidentifier: Deidentifier,
    identifiers: Identifiers,
) -> Admitted:
    """De-identify one object into `target`, and look at the result with the second eye.

    Args:
        reader: The original; it is only read.
        parsed: Its header.
        target: Where the finished bytes go.
        deidentifier: Rules, keys and the reader of burned-in text.
        identifiers: All that is known to identify this person, in any object of hers.

    Raises:
        RefusedError: A rule of the profile refuses the object.
        SuspectError: The result could not be proven clean.
        RetriableError: The source or the spool did not answer.
    """
    profile, keys, text_reader = (
        deidentifier.profile,
        deidentifier.keys,
        deidentifier.text_reader,
    )
    screen(parsed, profile)
    person = keys.person(identity(parsed))
    clean = deidentify(
        reader,
        parsed,
        profile=profile,
        person=person,
        subkeys=keys.region_subkeys(),
        text_reader=text_reader,
    )
    spooled = spool(clean.pieces, reader, target, pixel_offset=clean.pixel_offset)
    with target.open("rb") as finished:
        inspect(
            finished,
            profile=profile,
            identifiers=identifiers,
            text_reader=text_reader if clean.boxes else None,
        )
    facts = Facts(
        exam_year=clean.facts.exam_year,
        age=clean.facts.age,
        boxes_blanked=len(clean.boxes),
        flags=clean.flags,
    )
    versions = Versions(
        profile=f"{profile.name} {profile.version}",
        edition=profile.edition,
        detector=DETECTOR,
        key_version=keys.key_version,
    )
    return Admitted(
        spooled=spooled,
        subject=person.pseudonym,
        instance=describe(clean.header, facts),
        facts=facts,
        versions=versions,
        boxes=clean.boxes,
    )
