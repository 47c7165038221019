"""Leaves in a finished object what the first eye would have taken, for the second to find."""

import io
from typing import Any

from pydicom.dataset import Dataset

from deid.headers.made import made as element
from deid.identity.identifiers import harvest
from deid.profiles.profile import Profile
from deid.second_eye.verify import verify
from deid.serialise import serialise
from deid.source import Slice
from tests.deid.headers import PERSON, cleaned, joined, mammogram, parsed, profile, written

Kinds = dict[str, set[str]]


def planted_in(
    source: Dataset | bytes, *planted: tuple[int, str, str | bytes], **changes: Any
) -> bytes:
    """The clean object of a source, with elements planted at its top."""
    data = source if isinstance(source, bytes) else written(source)
    clean = cleaned(data, **changes)
    for tag, vr, value in planted:
        clean.dataset[tag] = element(tag, vr, value)
    pixels = parsed(data).pixels
    untouched = [Slice(pixels.start, pixels.end - pixels.start)] if pixels else []
    return joined(serialise(clean, untouched)[0], data)


def found_in(
    source: Dataset | bytes, result: bytes, chosen: Profile | None = None, **changes: Any
) -> Kinds:
    """What the second eye finds, by kind."""
    known = {"identifiers": harvest(parsed(source)), "person": PERSON, **changes}
    kinds: Kinds = {}
    for finding in verify(io.BytesIO(result), profile=chosen or profile(), **known):
        kinds.setdefault(finding.what, set()).add(finding.where)
    return kinds


def planted(tag: int, vr: str, value: str | bytes, **changes: Any) -> Kinds:
    """What is found when one element of a mammogram is overlooked."""
    source = written(mammogram(**changes))
    return found_in(source, planted_in(source, (tag, vr, value)))
