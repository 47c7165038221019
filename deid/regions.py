"""What lies outside the regions of an ultrasound image: where names, places and times are shown."""

from collections.abc import Iterator
from itertools import pairwise
from struct import unpack_from

from pydicom.dataset import Dataset

from deid.ruling import Box
from deid.values import items, number, raw

_REGIONS = 0x00186011
# Region Location Min x0, Min y0, Max x1, Max y1 (PS3.3 C.8.5.5.1.1)
_EDGES = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)
_ROWS, _COLUMNS, _FRAMES = 0x00280010, 0x00280011, 0x00280008
_LONG = 4
_MOST_REGIONS = 64
_MOST_AROUND = 256  # of one frame: nobody draws regions that leave more
_MOST_BOXES = 1 << 14

# Left, top, right and bottom in pixels; right and bottom are outside
Rectangle = tuple[int, int, int, int]


def outside_regions(header: Dataset) -> tuple[Box, ...]:
    """Give boxes that cover all but the regions, in every frame (PS3.3 C.8.5.5).

    None if the object says no region that lies in its picture, or more than anybody draws: then
    the whole picture is left to those who look at it.
    """
    shape = number(header, _ROWS), number(header, _COLUMNS)
    element = header.get_item(_REGIONS) if _REGIONS in header else None
    said = (items(element) or ()) if element is not None else ()
    if len(said) > _MOST_REGIONS:
        return ()
    regions = [found for item in said if (found := _region(item, shape)) is not None]
    frames = max(number(header, _FRAMES), 1)
    around = list(_around(regions, shape)) if regions else []
    if len(around) > _MOST_AROUND or len(around) * frames > _MOST_BOXES:
        return ()
    return tuple(Box(frame, _corners(one)) for frame in range(1, frames + 1) for one in around)


def _region(item: Dataset, shape: tuple[int, int]) -> Rectangle | None:
    values = [_long(item, tag) for tag in _EDGES]
    if None in values:
        return None
    left, top, right, bottom = (value for value in values if value is not None)
    inside = left <= right < shape[1] and top <= bottom < shape[0]
    return (left, top, right + 1, bottom + 1) if inside else None


def _long(item: Dataset, tag: int) -> int | None:
    element = item.get_item(tag) if tag in item else None
    if element is None:
        return None
    if isinstance(element.value, int):
        return int(element.value)
    value = raw(element)
    return int(unpack_from("<I", value)[0]) if len(value) == _LONG else None


def _around(regions: list[Rectangle], shape: tuple[int, int]) -> Iterator[Rectangle]:
    """Cut what no region covers into rectangles, band by band from edge to edge."""
    rows, columns = shape
    edges = sorted({0, rows, *(edge for _, top, _, bottom in regions for edge in (top, bottom))})
    for top, bottom in pairwise(edges):
        spans = sorted((one[0], one[2]) for one in regions if one[1] <= top and bottom <= one[3])
        at = 0
        for left, right in spans:
            if at < left:
                yield at, top, left, bottom
            at = max(at, right)
        if at < columns:
            yield at, top, columns, bottom


def _corners(one: Rectangle) -> tuple[tuple[int, int], ...]:
    """Give the corners as pixels that belong to it, clockwise from the upper left."""
    left, top, right, bottom = one
    return (left, top), (right - 1, top), (right - 1, bottom - 1), (left, bottom - 1)
