"""Every colour of a frame looked at: what is as bright as all around it may yet be written."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from deid.pixels.coding.arrays import Pixel, Plane
from deid.pixels.coding.codecs import HALVED, Layout
from deid.pixels.coding.planes import COLOUR, YBR, luminance, stored_values
from deid.pixels.detection.gate import Sight
from deid.pixels.detection.looking import Eye
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing

_SHADE = 2  # of 256 steps: less is rounding
_LETTERS = 2  # as of overlays
_BYTE = 8
_WORD = 16


class ColourEye:
    """Looks at the frames of one object in order: at their luminance, and at each colour besides.

    Args:
        text_reader: Finds and reads text.
        sight: How it looks.
        closely: Show the network everything, not only what the gate lets through.
    """

    def __init__(self, text_reader: TextReader, sight: Sight, *, closely: bool = False) -> None:
        self._open = partial(Eye, text_reader, sight, closely=closely)
        self._eyes: dict[int, Eye] = {}

    def look(self, frame: Pixel, layout: Layout) -> tuple[Writing, ...]:
        """Find all writing in a frame.

        Raises:
            SuspectError: There is something in bits beyond Bits Stored.
        """
        found: tuple[Writing, ...] = ()
        for which, plane in planes(frame, layout):
            if which not in self._eyes:
                self._eyes[which] = self._open(gathering=layout.allocated > 1)
            found += self._eyes[which].look(plane)
        if layout.allocated > 1:
            return found
        # What is drawn in bits is a mask: its blobs look like letters and are none.
        return tuple(it for it in found if it.kind is not Kind.TEXT or it.letters >= _LETTERS)


def planes(frame: Pixel, layout: Layout) -> Iterator[tuple[int, Plane]]:
    """Give the luminance of a frame as 0, and from 1 on each colour that is not all of it.

    Of YBR these are the differences of blue and of red: what is seen differs in one of the three.

    Raises:
        SuspectError: There is something in bits beyond Bits Stored.
    """
    bright = luminance(frame, layout)
    yield 0, bright
    if frame.ndim == COLOUR:
        shade = max(_SHADE << layout.stored >> _BYTE, 1)
        colours = _differences(frame, layout) if layout.photometric in YBR else _samples(frame)
        against = None if layout.photometric in YBR else bright
    elif layout.colours:
        shade = _SHADE << _WORD - _BYTE
        which = stored_values(frame, layout) & (1 << layout.stored) - 1
        colours = (colour[which] for colour in layout.colours)
        against = bright
    else:
        return
    for number, plane in enumerate(colours, 1):
        if _differs(plane, against, shade):
            yield number, plane


def _samples(frame: Pixel) -> Iterator[Plane]:
    for sample in range(frame.shape[2]):
        plane = np.ascontiguousarray(frame[..., sample])
        yield plane.view(np.uint8) if plane.itemsize == 1 else plane.view(np.uint16)


def _differences(frame: Pixel, layout: Layout) -> Iterator[Plane]:
    if layout.photometric != HALVED or frame.shape[2] == COLOUR:
        yield from list(_samples(frame))[1:]
        return
    for start in range(2):  # of every two pixels, the first has one and the second the other
        yield np.ascontiguousarray(np.repeat(frame[:, start::2, 1], 2, axis=1))


def _differs(plane: Plane, against: Plane | None, shade: int) -> bool:
    """Tell whether a colour shows more than the luminance does, or than one even shade."""
    if against is None:
        return int(plane.max()) - int(plane.min()) > shade
    apart = plane.astype(np.int32) - against.astype(np.int32)
    return int(np.abs(apart).max()) > shade
