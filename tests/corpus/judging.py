"""Whether one claim holds of one result: the plain questions a scorer asks."""

from collections.abc import Iterator
from datetime import date

from pydicom.dataset import Dataset

from tests.corpus.key import ANYWHERE, Check
from tests.corpus.paths import everything, find, of_concept, values
from tests.corpus.reading import Result, fold, in_order, says, words_of

# What must stay as it is, and not only with its words
EXACT = {"technical", "nested", "private safe"}
_TAG_STARTS = "0123456789F"  # no other place's name starts so
_DAY = 8


def is_tag(where: str) -> bool:
    """Tell whether a place is in the dataset, not in the file around it."""
    return where[0] in _TAG_STARTS


def at(made: Dataset, where: str) -> Iterator[tuple[str, ...]]:
    """Give the values at a place; of a concept, those of every content item that has it."""
    if where.startswith("sr:"):
        for item in of_concept(made, where[3:]):
            said: list[str] = []
            for place, element in everything(item):
                if not place.startswith(("0040A043", "0040A730")):
                    said += values(element)
            yield tuple(said)
    elif is_tag(where):
        element = find(made, where)
        if element is not None:
            yield values(element)


def retained(result: Result, check: Check) -> tuple[bool, str]:
    """Tell whether a text or value stayed, and what stands there."""
    found = list(at(result.dataset, check.where))
    if check.category in EXACT:
        got = found[0] if found else ()
        if check.kind == "US value" and found:
            element = find(result.dataset, check.where)
            if element is not None and isinstance(element.value, bytes):
                got = tuple(
                    str(int.from_bytes(element.value[at : at + 2], "little"))
                    for at in range(0, len(element.value), 2)
                )
        same = len(got) == len(check.literals) and all(map(_equal, check.literals, got))
        if check.kind == "PatientOrientation" or "\\" in "".join(got):
            same = same or tuple("\\".join(got).split("\\")) == check.literals
        return same, str(got)
    for said in found:
        words = words_of(" ".join(said))
        if in_order(check.literals, words) == len(check.literals) or set(check.literals) <= set(
            said
        ):
            return True, ""
    return False, " | ".join(" ".join(said) for said in found)


def _equal(before: str, after: str) -> bool:
    if before == after:
        return True
    try:
        return abs(float(before) - float(after)) < 1e-6 * max(1.0, abs(float(before)))
    except ValueError:
        return False


def far(check: Check, literal: str) -> bool:
    """Tell whether a literal is so much her own that it may stand nowhere in the file."""
    if check.where == ANYWHERE:
        return True
    folded = fold(literal)
    return check.kind != "date" and len(folded) >= 8 and len(words_of(folded)) <= 3


def places(made: Dataset, literal: str) -> list[str]:
    """Give some places at which a dataset says a literal."""
    return [
        where
        for where, element in everything(made)
        if element.VR != "SQ" and says(fold(" ".join(values(element))), literal)
    ][:3]


def position(original: Dataset, check: Check) -> int:
    """Tell which of an element's values a claim is about."""
    return values(find(original, check.where)).index(check.literals[0])


def days_between(before: str, after: str) -> int | None:
    """Give the days from one date to another, if both say their day."""
    try:
        days = [
            date(int(text[:4]), int(text[4:6]), int(text[6:8]))
            for text in (before, after)
            if len(text) >= _DAY
        ]
    except ValueError:
        return None
    return (days[1] - days[0]).days if len(days) == 2 else None


def same_pixels(original: Dataset, result: Result) -> bool:
    """Tell whether pixel data passed byte for byte."""
    before: bytes = original.get("PixelData") or b""
    if before == result.pixels:
        return True
    return (
        not original.file_meta.TransferSyntaxUID.is_little_endian
        and result.dataset.file_meta.TransferSyntaxUID.is_little_endian
        and before[1::2] == result.pixels[::2]
    )


def hidden(original: Dataset, result: Result, check: Check) -> bool:
    """Tell whether nine of ten bright pixels in a box are gone."""
    left, top, right, bottom = map(int, check.literals)
    before = original.pixel_array[top:bottom, left:right]
    after = result.dataset.pixel_array[top:bottom, left:right]
    bright = before > before.max() * 0.7
    return bool((after[bright] != before[bright]).mean() > 0.9)
