"""The grammar of laterality and view markers, the only writing that may stay in an image.

Lead markers on films and digital ones on the picture say side and view (PS3.16 CID 4014):
"RMLO", "L CC", "R". The whole of a line must be one; a name that holds an L is no marker.
"""

import re
import unicodedata
from dataclasses import dataclass

VIEWS = (
    *("CC", "MLO", "ML", "LM", "LMO", "XCCL", "XCCM", "XCC", "SIO", "ISO", "FB", "LO"),
    *("AT", "CV", "TAN", "RL", "RM", "RI", "RS", "SPOT", "MAG", "NIP", "AX", "AXT", "ID"),
)
#: Ways of taking a view, which a header may leave out: no view of their own (PS3.16 CID 4015).
MODIFIERS = frozenset(
    ("RL", "RM", "RI", "RS", "SPOT", "MAG", "TAN", "AT", "AX", "AXT", "CV", "NIP", "ID")
)
_SIDES = frozenset("LR")
_MARKER = re.compile(r"([RLB]?)[ .\-_]?(" + "|".join(sorted(VIEWS, key=len, reverse=True)) + ")?")
_ZERO = re.compile("(?<=ML)0|(?<=LM)0")  # as an O is read at times
#: Views so seldom marked that at a border they are names sooner: Lis, Ida, Rita, Tanja, Axel.
_SELDOM = MODIFIERS | {"SIO", "ISO"}
_WHOLE = tuple(side + view for side in ("", "R", "L", "B") for view in VIEWS if view not in _SELDOM)
_MIN_FRAGMENT = 2
_LATIN = re.compile("[A-Z0-9]")


@dataclass(frozen=True)
class Marker:
    """A marker as read.

    Attributes:
        laterality: "R", "L", "B" or "" when it does not say.
        view: "CC", "MLO", … or "".
        cut: It runs off the picture, so that it says nothing certain.
        sure: It is whole, stands alone and was read twice; else it may be something else.
    """

    laterality: str
    view: str
    cut: bool = False
    sure: bool = True


def read_marker(text: str) -> Marker | None:
    """Read a whole line as a marker; None if it is anything else.

    A B alone is an 8 or a 6 more often than both sides.
    """
    match = _MARKER.fullmatch(_ZERO.sub("O", fold(text)))
    if match is None or not any(match.groups()) or match.groups() == ("B", None):
        return None
    return Marker(match[1], match[2] or "")


def read_cut_marker(
    text: str, *, at_start: bool, at_end: bool, halved: tuple[bool, bool] = (False, False)
) -> Marker | None:
    """Read a line that runs off the picture as what is left of a marker.

    Args:
        text: As read.
        at_start: It runs off where it starts.
        at_end: It runs off where it ends.
        halved: Whether the first letter, and the last one, may be halved and read as any other:
            at the cut such a letter of A to Z is not held against it, any other letter is.
    """
    letters = "".join(filter(str.isalnum, fold(text)))
    first = 1 if at_start and halved[0] and _LATIN.match(letters) else 0
    last = 1 if at_end and halved[1] and _LATIN.match(letters[-1:]) else 0
    for part in (letters, letters[first:], letters[: len(letters) - last]):
        if any(_fits(part, whole, at_start=at_start, at_end=at_end) for whole in _WHOLE):
            return Marker("", "", cut=True)
    return None


def is_seldom(marker: Marker) -> bool:
    """Tell whether a marker at a border is a name sooner."""
    return marker.view in _SELDOM


def contradicts(marker: Marker, laterality: str, view: str) -> bool:
    """Tell whether what is surely a marker names another side or view than the header."""
    return marker.sure and seems_to_contradict(marker, laterality, view)


def seems_to_contradict(marker: Marker, laterality: str, view: str) -> bool:
    """Tell whether a marker as read, and the header, name different sides or different views.

    What a border cut says nothing; a modifier names no view; XCC and XCCL are one.

    Args:
        marker: As read.
        laterality: "L", "R", "B" or "" of the header.
        view: "CC", "MLO", … or "" of the header.
    """
    if marker.cut:
        return False
    if {marker.laterality, laterality} == _SIDES:
        return True
    if not marker.view or not view or {marker.view, view} & MODIFIERS:
        return False
    return not (marker.view.startswith(view) or view.startswith(marker.view))


def fold(text: str) -> str:
    """Fold case, width and surrounding marks away."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return plain.strip(" .,:;'`|-_()[]")


def _fits(part: str, whole: str, *, at_start: bool, at_end: bool) -> bool:
    if len(part) < _MIN_FRAGMENT:
        return False
    if at_start and at_end:
        return part in whole
    return (at_start and whole.endswith(part)) or (at_end and whole.startswith(part))
