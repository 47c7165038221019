"""What to blank in a frame, and with what."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from deid.errors import Reason, SuspectError
from deid.pixels.coding.arrays import Grey, Pixel
from deid.pixels.coding.codecs import HALVED, Layout
from deid.pixels.coding.planes import COLOUR, YBR, luminance
from deid.pixels.detection.text_reader import Line
from deid.pixels.detection.writing import Kind, Writing
from deid.ruling import Corners

# Margins in heights of the line: along it a letter may have been missed, across it a ring.
_ALONG = 1.0
_ACROSS = 0.15
_MARKER_MARGIN = 0.1
_OUTSIDE = 0.1  # of the height: this far a line may jut out of a box that people kept
_SOME = 64  # one in so many pixels is padding: then padding is what surrounds the picture
_NEAR = 64  # rows: blanked stretches nearer than this are written as one

Value = tuple[int, ...]
Polygon = npt.NDArray[np.int32]
Band = tuple[int, int]


@dataclass(frozen=True, repr=False)
class Blank:
    """What to blank in one frame, as polygons: a mask of a large frame takes many bytes.

    Attributes:
        shape: Rows and columns.
        strokes: Polygons in the order they are drawn, with 1 for what goes and 0 for what stays.
        corners: The boxes to report.
        paired: Pixels share their colours two by two, so that they go together.
    """

    shape: tuple[int, int]
    strokes: tuple[tuple[Polygon, int], ...]
    corners: tuple[Corners, ...]
    paired: bool = False

    def mask(self, top: int = 0, bottom: int | None = None) -> Grey:
        """Draw rows from top to bottom, 1 for what goes."""
        mask = np.zeros(((bottom or self.shape[0]) - top, self.shape[1]), np.uint8)
        for polygon, value in self.strokes:  # one by one: OpenCV leaves out where two overlap
            cv2.fillConvexPoly(mask, polygon - np.array((0, top), np.int32), value)
        if self.paired:
            pairs = mask.reshape(len(mask), -1, 2)
            pairs[...] = pairs.max(axis=2, keepdims=True)
        return mask

    def bands(self) -> Iterator[Band]:
        """Give the rows in which something goes, as top and bottom; rows between them stay."""
        rows = np.flatnonzero(self.mask().any(axis=1))
        breaks = np.flatnonzero(np.diff(rows) > _NEAR) + 1
        for first, last in pairwise((0, *breaks.tolist(), len(rows))):
            if first < last:
                yield int(rows[first]), int(rows[last - 1]) + 1


def plan_blank(
    writings: tuple[Writing, ...],
    layout: Layout,
    *,
    besides: tuple[Corners, ...] = (),
    kept: tuple[Corners, ...] = (),
) -> Blank | None:
    """Plan what to blank in a frame; None if nothing.

    Margins spare markers and what people kept; text itself spares nothing.

    Args:
        writings: What was found.
        layout: Of the frame.
        besides: Boxes to blank whatever is in them.
        kept: Boxes that people looked at: a text that lies wholly in one stays.
    """
    texts, spared = [], []
    for writing in writings:
        if writing.kind is Kind.TEXT and not is_kept(writing.line, kept):
            texts.append(writing.line)
        elif writing.kind is not Kind.NOTHING:
            spared.append(writing.line)
    boxes = [line.grown(_ALONG * line.height, _ACROSS * line.height) for line in texts]
    if not boxes and not besides:
        return None
    margins = [_MARKER_MARGIN * line.height for line in spared]
    spared = [line.grown(margin, margin) for line, margin in zip(spared, margins, strict=True)]
    grown = [_corners(line) for line in boxes]
    chosen = [np.array(box, np.int32) for box in besides]
    strokes = (
        *((polygon, 1) for polygon in grown),
        *((_corners(line), 0) for line in spared),
        *((_corners(line), 1) for line in texts),
        *((polygon, 1) for polygon in chosen),
    )
    apart = [box for box in chosen if not any(_is_within(box, other) for other in grown)]
    corners = tuple(tuple((int(x), int(y)) for x, y in four) for four in (*grown, *apart))
    shape = layout.rows, layout.columns
    return Blank(shape, strokes, corners, paired=is_paired(layout))


def nothing(layout: Layout) -> Blank:
    """Plan to blank nothing in a frame that is written anew for another reason."""
    return Blank((layout.rows, layout.columns), (), (), paired=is_paired(layout))


def is_paired(layout: Layout) -> bool:
    """Tell whether pixels of native frames share their colours two by two."""
    return layout.photometric == HALVED


def is_kept(line: Line, kept: tuple[Corners, ...]) -> bool:
    """Tell whether a line lies wholly in a box that people kept."""
    slack = -_OUTSIDE * line.height
    return any(
        all(
            cv2.pointPolygonTest(np.array(box, np.float32), (float(x), float(y)), True) >= slack  # noqa: FBT003 -- OpenCV
            for x, y in line.corners()
        )
        for box in kept
    )


def _is_within(box: Polygon, other: Polygon) -> bool:
    """Tell whether a box lies wholly in another one, but for rounding."""
    return all(
        cv2.pointPolygonTest(other.astype(np.float32), (float(x), float(y)), True) >= -1  # noqa: FBT003 -- OpenCV
        for x, y in box
    )


def is_plain(frame: Pixel, layout: Layout, box: Corners) -> bool:
    """Tell whether a box holds nothing: all its pixels are alike, in each sample as stored.

    Colours may be as bright as one another, and spell something.
    """
    polygon = np.array(box, np.int32)
    blank = Blank(frame.shape[:2], ((polygon, 1),), (), paired=is_paired(layout))
    mask = blank.mask()
    if blank.paired:  # two pixels are alike if the next two are: each has one of the colours
        mask = mask[:, ::2]
        frame = frame.reshape(*mask.shape, -1)
    inside = frame[mask.astype(bool)]
    return len(inside) == 0 or bool((inside == inside[0]).all())


def draw_boxes(writings: tuple[Writing, ...], shape: tuple[int, int]) -> tuple[Grey, list[Corners]]:
    """Draw what to blank in a plane of bits, 1 on 0; give the boxes too."""
    layout = Layout(*shape, 1, 1, 1, 1, False, False, "MONOCHROME2")  # noqa: FBT003 -- plain
    blank = plan_blank(writings, layout)
    if blank is None:
        return np.zeros(shape, np.uint8), []
    return blank.mask(), list(blank.corners)


def _corners(line: Line) -> Polygon:
    return np.round(line.corners()).astype(np.int32)


def background(frame: Pixel, blank: Blank, layout: Layout) -> Value:
    """Give what a frame is blanked with, sample by sample, as it is stored.

    That is padding where padding surrounds the picture, else the darkest value of the frame.
    """
    if frame.ndim == COLOUR:
        middle = 1 << (layout.stored - 1)
        samples = frame.shape[2] - 1
        colour = middle if layout.photometric in YBR else 0
        return (0, *[colour] * samples)
    if layout.padding is not None:
        padding = _as_stored(frame, layout.padding, layout)
        around = int(np.count_nonzero((frame == padding) & (blank.mask() == 0)))
        if around * _SOME >= frame.size:
            return (padding,)
    return (int(frame.flat[int(luminance(frame, layout).argmin())]),)


def _as_stored(frame: Pixel, bits: int, layout: Layout) -> int:
    """Give a padding value as the frame holds it: a codec may have dropped the sign."""
    negative = frame.dtype.kind == "i" and bits >> (layout.stored - 1)
    return bits - (1 << layout.stored) if negative else bits


def unproven() -> SuspectError:
    """Make the error for pixels that cannot be written back as they were."""
    return SuspectError(Reason.NOT_REENCODABLE)


def fill(rows: Pixel, mask: Grey, value: Value) -> None:
    """Fill rows of a frame in place."""
    rows[mask.astype(bool)] = value if rows.ndim == COLOUR else value[0]


def is_proven(before: Pixel, after: Pixel, mask: Grey, value: Value) -> bool:
    """Tell whether nothing differs outside the mask, and all is filled inside."""
    inside = mask.astype(bool)
    if before.shape != after.shape:
        return False
    differs = before != after
    if differs.ndim == COLOUR:
        differs = differs.any(axis=2)
    filled = bool((after[inside] == np.array(value)).all())
    return filled and not (differs > inside).any()
