"""What de-identifies on the region's side: rules, keys, and the reader of burned-in text."""

from dataclasses import dataclass
from functools import cache

from catalog.records import Versions
from deid.pixels import DETECTOR
from deid.profile import Profile, load_profile
from deid.text import TextReader, load_text_reader
from flows import wiring
from flows.keys import RegionKeys


@dataclass(frozen=True, repr=False)
class Deidentifier:
    """What one object is de-identified with."""

    profile: Profile
    keys: RegionKeys
    text_reader: TextReader

    @property
    def versions(self) -> Versions:
        """Name all of it, for the record."""
        return Versions(
            profile=f"{self.profile.name} {self.profile.version}",
            edition=self.profile.edition,
            detector=DETECTOR,
            key_version=self.keys.version,
        )


def load(keys: RegionKeys) -> Deidentifier:
    """Load the shipped rules and networks, for these keys."""
    return Deidentifier(load_profile(), keys, load_text_reader())


@cache
def of_region() -> Deidentifier:
    """Load the region's, once in a process."""
    return load(wiring.region().keys)
