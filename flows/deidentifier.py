"""What de-identifies on the region's side: rules, keys, and the reader of burned-in text."""

from dataclasses import dataclass
from functools import cache

from deid.profile import Profile, load_profile
from deid.text import TextReader, load_text_reader
from flows import wiring
from flows.keys import LocalKeys


@dataclass(frozen=True, repr=False)
class Deidentifier:
    """What one object is de-identified with."""

    profile: Profile
    keys: LocalKeys
    text_reader: TextReader


def load(keys: LocalKeys) -> Deidentifier:
    """Load the shipped rules and networks, for these keys."""
    return Deidentifier(load_profile(), keys, load_text_reader())


@cache
def of_region() -> Deidentifier:
    """Load the region's, once in a process."""
    return load(wiring.region().keys)
