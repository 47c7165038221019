"""What is taken in: every storage class of the standard, in every transfer syntax that has pixels.

The PACS never transcodes for us: all compressed transfer syntaxes are accepted. Those that leave
pixels elsewhere (JPIP) or are no files (SMPTE ST 2110) are not.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

VERIFICATION: Final = "1.2.840.10008.1.1"
#: Storage classes stand below this root (PS3.4 §B.5; retired and future ones too).
STORAGE_ROOT: Final = "1.2.840.10008.5.1.4.1.1."


class Encoding(StrEnum):
    """How a dataset's elements are written (PS3.5 §7.1, Annex A)."""

    IMPLICIT = "implicit VR, little endian"
    EXPLICIT = "explicit VR, little endian"
    BIG = "explicit VR, big endian"
    DEFLATED = "explicit VR, little endian, deflated"


_BY_UID: Final = {
    "1.2.840.10008.1.2": Encoding.IMPLICIT,
    "1.2.840.10008.1.2.1": Encoding.EXPLICIT,
    "1.2.840.10008.1.2.1.98": Encoding.EXPLICIT,  # encapsulated uncompressed
    "1.2.840.10008.1.2.1.99": Encoding.DEFLATED,
    "1.2.840.10008.1.2.2": Encoding.BIG,
    "1.2.840.10008.1.2.5": Encoding.EXPLICIT,  # RLE
    "1.2.840.10008.1.2.8.1": Encoding.EXPLICIT,  # deflated image frames
}
#: JPEG, JPEG-LS, JPEG 2000, MPEG, HTJ2K, JPEG XL: pixels are encapsulated, the rest is explicit.
_ENCAPSULATED_ROOT: Final = "1.2.840.10008.1.2.4."
_PIXELS_ELSEWHERE: Final = frozenset(
    f"{_ENCAPSULATED_ROOT}{last}" for last in (94, 95, 204, 205)
)  # JPIP


def encoding(transfer_syntax: str) -> Encoding | None:
    """Return how a transfer syntax writes elements, or None if it is not taken in."""
    if transfer_syntax.startswith(_ENCAPSULATED_ROOT):
        return None if transfer_syntax in _PIXELS_ELSEWHERE else Encoding.EXPLICIT
    return _BY_UID.get(transfer_syntax)


def chosen(transfer_syntaxes: Sequence[str]) -> str | None:
    """Choose among those offered: the first we take, since a PACS names first what it has."""
    return next((one for one in transfer_syntaxes if encoding(one)), None)


def is_storage(abstract_syntax: str, private: Sequence[str] = ()) -> bool:
    """Tell whether objects of a class are taken in; `private` are those of makers."""
    return abstract_syntax.startswith(STORAGE_ROOT) or abstract_syntax in private
