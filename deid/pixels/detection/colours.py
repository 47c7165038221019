"""Every colour of a frame looked at: what is as bright as all around it may yet be written.

In masks and maps of few values single letters are looked for besides, over all frames.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from pydicom.dataset import Dataset

from deid.findings import Finding
from deid.pixels.coding.arrays import Pixel, Plane
from deid.pixels.coding.codecs import HALVED, Layout
from deid.pixels.coding.planes import COLOUR, YBR, luminance, stored_values
from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.looking import Eye
from deid.pixels.detection.single import (
    LETTERS,
    Glyph,
    glyphs,
    is_single,
    once,
    words,
)
from deid.pixels.detection.steep import Steep
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing, is_part_of

_SHADE = 2  # of 256 steps: less is rounding
_FEW = 64  # values: a map of labels
_MOST = 256  # single letters
_BYTE = 8
_WORD = 16


class ColourEye:
    """Looks at the frames of one object in order: at their luminance, and at each colour besides.

    Args:
        text_reader: Finds and reads text.
        sight: How it looks.
        closely: Show the network everything, not only what the gate lets through.
        header: Of the object, whose windows and tables are looked through too.
    """

    def __init__(
        self,
        text_reader: TextReader,
        sight: Sight,
        *,
        closely: bool = False,
        header: Dataset | None = None,
    ) -> None:
        self._header = header
        self._steep: Steep | None = None
        self._open = partial(Eye, text_reader, sight, closely=closely)
        self._reader = text_reader
        self._eyes: dict[tuple[int, bool], Eye] = {}
        self._others = [Eye(text_reader, other) for other in (FIRST, SECOND) if other != sight]
        self._page = 0
        self._before: tuple[Glyph, ...] = ()
        self._alone: list[Glyph] = []

    def look(self, frame: Pixel, layout: Layout) -> tuple[Writing, ...]:
        """Find all writing in a frame.

        Raises:
            SuspectError: There is something in bits beyond Bits Stored, or there are too many
                windows and tables.
        """
        self._page += 1
        found: tuple[Writing, ...] = ()
        for which, plane in planes(frame, layout):
            is_map = frame.dtype == np.uint8 and int(frame.max()) < _FEW
            seen = self._look(which, plane, gathering=not is_map)
            if is_map:
                seen = self._single(plane, seen, is_mask=layout.allocated == 1)
            found += seen
        return found + self._shown(frame, layout, found)

    def spelling(self) -> tuple[Finding, ...]:
        """Give the frames, from 1, whose single letters make a word, be it with those of others."""
        pages = dict.fromkeys(glyph.page for glyph in words(self._alone))
        return tuple(Finding(f"frame {page}", "single letters") for page in pages)

    def _single(
        self, plane: Plane, seen: tuple[Writing, ...], *, is_mask: bool
    ) -> tuple[Writing, ...]:
        """Note single letters, which may be a word; in a mask they are no text by themselves."""
        every = list(seen)
        if any(map(is_single, seen)):
            every += (it for eye in self._others for it in eye.look(plane))
        here = glyphs(plane, every, self._reader, page=self._page)
        lone = tuple(once(here, self._before))
        self._before = here or self._before
        self._alone += lone[: _MOST - len(self._alone)]
        if not is_mask:
            return seen
        # What is drawn in bits is a mask: its blobs look like letters and are none.
        kept = (it for it in seen if it.kind is not Kind.TEXT or it.letters >= LETTERS)
        return (*kept, *(Writing(glyph.line, Kind.LONE) for glyph in lone))

    def _look(self, which: int, plane: Plane, *, gathering: bool) -> tuple[Writing, ...]:
        if (which, gathering) not in self._eyes:
            self._eyes[which, gathering] = self._open(gathering=gathering)
        return self._eyes[which, gathering].look(plane)

    def _shown(
        self, frame: Pixel, layout: Layout, found: tuple[Writing, ...]
    ) -> tuple[Writing, ...]:
        """Find the text that windows and tables show and all of the range does not."""
        plain = frame.ndim != COLOUR and layout.palette is None and layout.allocated > 1
        if self._header is None or not plain:
            return ()
        if self._steep is None:
            self._steep = Steep(self._header, signed=layout.signed)
        more: tuple[Writing, ...] = ()
        for number, plane in enumerate(self._steep.views(stored_values(frame, layout)), 1):
            seen = self._look(-number, plane, gathering=True)
            more += tuple(it for it in seen if it.kind is Kind.TEXT)
        markers = [it for it in found if it.kind is Kind.MARKER]
        return tuple(it for it in more if not any(is_part_of(it.line, at) for at in markers))


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
