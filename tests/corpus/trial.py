"""Any file at all on trial: it is released clean, or refused with a reason; nothing else."""

from functools import lru_cache
from io import BytesIO

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from deid.errors import DeidError, Reason
from deid.identity.identifiers import harvest
from deid.pixels.detection.text_reader import TextReader
from deid.profiles.profile import Profile, load_profile
from deid.source import parse
from tests.corpus.lists import sections
from tests.corpus.paths import everything, values
from tests.corpus.reading import Result, as_it_is, fold, words_of
from tests.corpus.runner import Original, released

CANARIES = frozenset(sections("keywords.txt")["canaries"])
_LEAST = 4
# Words of standard codes and of the profile's own statements, which somebody is called as well
_PLAIN = {"anonymous", "anonymized", "hospital", "none", "patient", "removed", "test", "unknown"}


@lru_cache
def rules(name: str) -> Profile:
    """Give a shipped profile."""
    return load_profile(name)


def trial(data: bytes, profile: Profile, text_reader: TextReader | None = None) -> Reason | Result:
    """Take a file the whole way: why it is refused, or what it has become."""
    try:
        parsed = parse(BytesIO(data))
        found = harvest(parsed)
        original = Original("", data, parsed, found)
        finished = released(original, found, profile, text_reader)
    except DeidError as error:
        return error.reason
    with as_it_is():
        return Result(finished)


def canaries(data: bytes) -> frozenset[str]:
    """Give the identifying values of an original, as pydicom reads it."""
    found: set[str] = set()
    with as_it_is():
        try:
            made = dcmread(BytesIO(data), force=True)
            pairs = [(element.keyword, values(element)) for _, element in everything(made)]
        except (InvalidDicomError, ValueError, NotImplementedError, AttributeError, OSError):
            return frozenset()
    makers = {value for keyword, said in pairs if keyword == "Manufacturer" for value in said}
    for keyword, said in pairs:
        if keyword not in CANARIES:
            continue
        for value in said:
            if any(value in maker for maker in makers):
                continue
            parts = value.replace("=", "^").split("^") if "Name" in keyword else [value]
            found.update(part.strip() for part in parts if _tells(part.strip()))
    return frozenset(found)


def _tells(value: str) -> bool:
    """Tell whether a value is long enough, and no plain word, so that it can be searched for."""
    folded = fold(value)
    return len(folded) >= _LEAST and not set(words_of(folded)) <= _PLAIN


def left(result: Result, original: bytes) -> list[str]:
    """Give the identifying values of an original that its result still has."""
    return sorted(value for value in canaries(original) if result.leaks(value))
