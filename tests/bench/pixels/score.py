"""One redaction held against the truth of its sample: covered, missed, false, lost."""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import process_time

import cv2
import numpy as np
import numpy.typing as npt

from deid.errors import SuspectError
from deid.pixels.redact import read_again, redact
from deid.pixels.staying import ViewTag
from deid.ruling import Box
from deid.source import parse
from tests.bench.pixels.samples import Array, Item, Kind, Mask, Sample
from tests.bench.pixels.stages import stages
from tests.deid.pictures import joined, native, pixels_of, text_reader

MISSED = 0.95  # of its glyph pixels covered: below, an item counts as missed
Redactor = Callable[[bytes, ViewTag], tuple[bytes, tuple[Box, ...], tuple[str, ...]]]
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Scored:
    """What became of one item: the share of its glyph pixels that were blanked.

    `again` tells whether the second eye sees what is left of a missed one, alone in its image.
    """

    sample: str
    item: Item
    covered: float
    pixels: int
    views: tuple[Picture, ...] = ()
    again: bool | None = None

    @property
    def missed(self) -> bool:
        """Tell whether an identity is left."""
        return self.item.kind is Kind.IDENTITY and self.covered < MISSED

    @property
    def lost(self) -> bool:
        """Tell whether a marker is not bit for bit what it was."""
        return self.item.kind is not Kind.IDENTITY and self.covered > 0


@dataclass(frozen=True)
class Outcome:
    """What became of one sample.

    Attributes:
        name: Of the sample.
        suspect: Why it was held back, "" if it was not.
        items: Each with its score.
        boxes: What was blanked.
        views: Pictures of the boxes, for samples without an identity.
        tissue: Share of the breast that was blanked.
        beyond: Pixels changed outside the boxes that were reported.
        second_eye: Whether the second eye sees anything in the result; None if it did not look.
        cpu: Seconds of the redaction and of the second eye.
        flags: What a person may want to look at.
        stages: Seconds of the redaction by stage.
    """

    name: str
    suspect: str
    items: tuple[Scored, ...] = ()
    boxes: tuple[Box, ...] = ()
    views: tuple[Picture, ...] = ()
    tissue: float = 0.0
    beyond: int = 0
    second_eye: bool | None = None
    cpu: tuple[float, float] = (0.0, 0.0)
    flags: tuple[str, ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)


def product(source: bytes, view: ViewTag) -> tuple[bytes, tuple[Box, ...], tuple[str, ...]]:
    """Redact as the product does."""
    reader = io.BytesIO(source)
    done = redact(reader, parse(reader), text_reader(), view=view)
    return joined(source, done.pieces), done.boxes, tuple(map(str, done.flags))


def judge(sample: Sample, redactor: Redactor = product, *, twice: bool = True) -> Outcome:
    """Redact a sample and score it; a sample that is held back has nothing released.

    The second eye looks too, at the result and at each missed item by itself, if it is to.
    """
    source = sample.dicom()
    begun = process_time()
    with stages() as by_stage:
        try:
            finished, boxes, flags = redactor(source, ViewTag(*sample.view))
        except SuspectError as error:
            return Outcome(sample.name, str(error.reason))
    spent = process_time() - begun
    after = pixels_of(finished)
    changed = after != sample.picture
    covered, inside = _covered(sample.picture, after, boxes)
    shares = [(item, covered if item.kind is Kind.IDENTITY else changed) for item in sample.items]
    items = tuple(_scored(sample, item, area, after, twice=twice) for item, area in shares)
    identities = any(item.kind is Kind.IDENTITY for item in sample.items)
    begun = process_time()
    second = sees(finished, boxes) if boxes and twice else None
    return Outcome(
        sample.name,
        "",
        items=items,
        boxes=boxes,
        views=() if identities else tuple(_views(sample, after, box) for box in boxes),
        tissue=float(changed[sample.tissue].mean()),
        beyond=int((changed & ~inside).sum()),
        second_eye=second,
        cpu=(spent, process_time() - begun),
        flags=flags,
        stages=by_stage,
    )


def sees(finished: bytes, blanked: tuple[Box, ...] = ()) -> bool:
    """Tell whether the second eye finds anything."""
    reader = io.BytesIO(finished)
    try:
        return bool(read_again(reader, parse(reader), text_reader(), blanked=blanked))
    except SuspectError:
        return True


def _scored(sample: Sample, item: Item, area: Mask, after: Array, *, twice: bool) -> Scored:
    pixels = int(item.strokes.sum())
    share = float(area[item.part][item.strokes].mean())
    scored = Scored(sample.name, item, share, pixels)
    if not scored.missed and not scored.lost:
        return scored
    views = tuple(
        crop(picture, item.part, dark=is_dark(sample)) for picture in (sample.picture, after)
    )
    again = sees(_alone(sample, item, after)) if scored.missed and twice else None
    return Scored(sample.name, item, share, pixels, views, again)


def _alone(sample: Sample, item: Item, after: Array) -> bytes:
    """Give the clean image with what is left of one item."""
    picture = sample.clean.copy()
    picture[item.part] = after[item.part]
    return native(picture, **sample.changes)


def _views(sample: Sample, after: Array, box: Box) -> Picture:
    corners = np.array(box.corners)
    left, top = np.maximum(corners.min(axis=0), 0)
    right, bottom = np.maximum(corners.max(axis=0), 1)
    part = slice(int(top), int(bottom)), slice(int(left), int(right))
    return crop(sample.picture, part, dark=is_dark(sample))


def _covered(picture: Array, after: Array, boxes: Iterable[Box]) -> tuple[Mask, Mask]:
    """Give what is blanked, and what lies in a box.

    Blanked is what changed, and what was as its box now is all over: ink as dark as the blank.
    """
    covered = picture != after
    inside = np.zeros(after.shape, bool)
    for box in boxes:
        corners = np.array(box.corners, np.int32)
        (left, top), (right, bottom) = np.maximum(corners.min(0), 0), corners.max(0) + 1
        part = slice(top, bottom), slice(left, right)
        area = np.zeros(after[part].shape, np.uint8)
        cv2.fillConvexPoly(area, corners - (left, top), 1)
        within = area.astype(bool)
        inside[part] |= within
        values = np.bincount(after[part][within])
        if len(values) and 2 * values.max() > within.sum():
            covered[part] |= within & (after[part] == values.argmax())
    return covered, inside


def is_dark(sample: Sample) -> bool:
    """Tell whether large values are dark."""
    return sample.changes.get("PhotometricInterpretation") == "MONOCHROME1"


def crop(picture: Array, part: tuple[slice, slice], *, dark: bool, side: int = 360) -> Picture:
    """Cut a part with its surroundings out, stretched to what can be seen, at most `side` wide."""
    margin = 40
    rows, columns = (slice(max(0, one.start - margin), one.stop + margin) for one in part)
    near = picture[rows, columns].astype(np.float32)
    low, high = np.percentile(near, (1, 99.5))
    grey = np.clip((near - low) / max(1.0, high - low), 0, 1)
    scale = min(1.0, side / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return ((1 - small if dark else small) * 255).astype(np.uint8)
