"""What de-identifies on the region's side: rules, keys, and the reader of burned-in text."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from catalog.records import Versions
from deid.errors import ProfileError
from deid.pixels.detection.looking import DETECTOR
from deid.pixels.detection.text_reader import TextReader, load_text_reader
from deid.profiles.profile import Profile, load_profile, read_profile
from flows import wiring
from flows.keys.sides import RegionKeys
from flows.settings import RegionSettings

MAMMOGRAPHY = "mammography"
SHIPPED = (MAMMOGRAPHY, "general")


@dataclass(frozen=True, repr=False)
class Deidentifier:
    """What one object is de-identified with.

    Handed to another process, it is loaded there again, since networks cannot be handed over.

    Attributes:
        named: What the profile was asked for by: a shipped one's name, or a file.
    """

    profile: Profile
    keys: RegionKeys
    named: str = MAMMOGRAPHY

    @cached_property
    def text_reader(self) -> TextReader:
        """The reader of text in pixels, loaded when it is first asked for."""
        return load_text_reader()

    @property
    def versions(self) -> Versions:
        """Name all of it, for the record."""
        return Versions(
            profile=f"{self.profile.name} {self.profile.version}",
            edition=self.profile.edition,
            detector=DETECTOR,
            key_version=self.keys.version,
        )

    def __reduce__(
        self,
    ) -> tuple[Callable[[RegionKeys, str, str], "Deidentifier"], tuple[RegionKeys, str, str]]:
        """Say how another process gets the same."""
        return _again, (self.keys, self.named, self.profile.digest)


def load(keys: RegionKeys, profile: str = MAMMOGRAPHY) -> Deidentifier:
    """Load a profile, for these keys.

    Raises:
        ProfileError: There is no such profile, or a line of it is wrong.
    """
    return Deidentifier(named_profile(profile), keys, profile)


def named_profile(named: str) -> Profile:
    """Load a shipped profile by its name, or one of your own from its TOML file.

    Raises:
        ProfileError: There is no such profile, or a line of it is wrong.
    """
    if named in SHIPPED:
        return load_profile(named)
    path = Path(named)
    if path.suffix.lower() != ".toml":
        message = (
            f"there is no profile {named}; shipped are {' and '.join(SHIPPED)}, "
            "and a file of your own ends in .toml"
        )
        raise ProfileError(message)
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"{path.name}: there is no such file"
        raise ProfileError(message) from None
    except (OSError, UnicodeDecodeError):
        message = f"{path.name} cannot be read as text in UTF-8"
        raise ProfileError(message) from None
    return read_profile(source, file=path.name)


def _again(keys: RegionKeys, named: str, digest: str) -> Deidentifier:
    deidentifier = load(keys, named)
    if deidentifier.profile.digest != digest:
        message = f"{Path(named).name} changed while it was used; run it again"
        raise ProfileError(message)
    return deidentifier


@cache
def of_region() -> Deidentifier:
    """Load the region's, once in a process, networks and all."""
    loaded = load(wiring.region().keys, wiring.read(RegionSettings).profile)
    loaded.text_reader  # noqa: B018  # loaded now, before threads could load it twice
    return loaded
