"""Pixels that are not square, at any depth: shown wider or higher than they were looked at."""

from pydicom.dataset import Dataset

from deid.values import Leaf, items, raw, walk

#: Why people look at such an object.
SQUEEZED = "pixels that are not square"
# Spacing of pixels, of the detector's and of the film's, and their aspect ratio (PS3.3 §10.7.1,
# §C.7.6.3.1.7, §C.7.6.16.2.1), and those by which a presentation state shows them (§C.10.4)
_SPACINGS = frozenset({0x00280030, 0x00181164, 0x00182010, 0x00280034, 0x00700101, 0x00700102})


def is_squeezed(header: Dataset) -> bool:
    """Tell whether pixels are said to be of unequal sides, or of sides that cannot be read."""
    return any(
        path[-1] in _SPACINGS and (items(element) is not None or not _is_square(element))
        for path, element, _ in walk(header)
    )


def _is_square(element: Leaf) -> bool:
    said = raw(element).strip(b" \0")
    try:
        sides = [float(side) for side in said.split(b"\\")] if said else [1.0, 1.0]
    except ValueError:
        return False
    return len(sides) == 2 and sides[0] == sides[1]  # noqa: PLR2004 -- rows and columns
