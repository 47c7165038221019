from typing import Any

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.pixels.coding.frames import locate_frames
from deid.pixels.coding.packed import clear, is_kept_outside, put, spans, unpack
from deid.pixels.coding.planes import load_frame
from deid.pixels.redact import Redaction, read_again, redact
from deid.pixels.staying import ViewTag
from deid.source import Slice
from tests.deid.pictures import (
    Array,
    burn,
    described,
    encapsulated,
    glyphs,
    joined,
    opened,
    text_reader,
    written,
)

NAME = "Sjostrom Asa 470802-2980"
ANY = ViewTag("", "")


def blob(rows: int, columns: int) -> Array:
    """A lesion as it is drawn: one round area."""
    down, across = np.mgrid[:rows, :columns]
    return ((down - rows / 2) ** 2 + (across - columns / 2) ** 2 < 900).astype(np.uint8)


def segments(*frames: Array, extra: bytes = b"", **changes: Any) -> bytes:
    """A binary segmentation (PS3.3 §A.51): its frames follow one another bit by bit."""
    header = described(
        np.stack(frames) if len(frames) > 1 else frames[0],
        frames=len(frames),
        **{"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0} | changes,
    )
    data = np.packbits(np.stack(frames).reshape(-1), bitorder="little").tobytes() + extra
    header.PixelData = data + b"\0" * (len(data) % 2)
    header["PixelData"].VR = "OB"
    return written(header, ExplicitVRLittleEndian)


def frames_of(source: bytes) -> list[Array]:
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    return [load_frame(reader, place, parsed, frames.layout) for place in frames.places]


def cleaned(source: bytes) -> tuple[Redaction, bytes]:
    reader, parsed = opened(source)
    redaction = redact(reader, parsed, text_reader(), view=ANY)
    return redaction, joined(source, redaction.pieces)


def left(source: bytes) -> tuple[Finding, ...]:
    reader, parsed = opened(source)
    return read_again(reader, parsed, text_reader())


def test_spans_cover_all_bits_and_share_the_bytes_between_frames():
    assert list(spans(16, 2)) == [(0, 2, 0), (2, 2, 0)]
    assert list(spans(13, 3)) == [(0, 2, 0), (1, 3, 5), (3, 2, 2)]
    assert sum(1 for _ in spans(1, 17)) == 17


def test_bits_are_unpacked_from_the_lowest():
    assert unpack(b"\x02\x80", 0, (2, 8)).tolist() == [[0, 1] + [0] * 6, [0] * 7 + [1]]
    assert unpack(b"\x40\x01", 6, (1, 3)).tolist() == [[1, 0, 1]]


def test_clearing_leaves_the_bits_of_neighbours():
    assert clear(b"\xff\xff", 3, np.ones((2, 4), np.uint8)) == b"\x07\xf8"
    assert clear(b"\xff\xff", 3, np.zeros((2, 4), np.uint8)) == b"\xff\xff"


def test_putting_ones_leaves_the_bits_of_neighbours():
    assert put(b"\0\0", 3, np.ones((2, 4), np.uint8), 1) == b"\xf8\x07"
    assert put(b"\xff\xff", 3, np.ones((2, 4), np.uint8), 0) == b"\x07\xf8"


def test_a_bit_outside_is_seen():
    blank = np.ones((2, 4), np.uint8)
    assert is_kept_outside(b"\0\0", b"\xf8\x07", 3, blank)
    assert not is_kept_outside(b"\0\0", b"\xf8\x0f", 3, blank)
    assert not is_kept_outside(b"\x04\0", b"\0\0", 3, blank)


@pytest.mark.parametrize("shape", [(200, 240), (201, 243)])
def test_frames_are_read_wherever_in_a_byte_they_start(shape):
    pictures = [blob(*shape), np.zeros(shape, np.uint8), blob(*shape)]
    for read, drawn in zip(frames_of(segments(*pictures)), pictures, strict=True):
        assert (read == drawn).all()


def test_a_segmentation_without_text_passes_untouched():
    source = segments(blob(201, 243), np.zeros((201, 243), np.uint8))
    _, parsed = opened(source)
    assert parsed.pixels is not None
    whole = Slice(parsed.pixels.start, parsed.pixels.end - parsed.pixels.start)
    redaction, finished = cleaned(source)
    assert redaction == Redaction((whole,))
    assert finished == source
    assert left(source) == ()


@pytest.mark.parametrize("shape", [(200, 400), (201, 403)])
def test_text_in_bits_is_cleared_in_its_frame_alone(shape):
    pictures = [blob(*shape) for _ in range(4)]
    drawn = [burn(pictures[index], (20, 30), glyphs(NAME, 20), 1) for index in (1, 2)]
    source = segments(*pictures)
    assert {finding.where for finding in left(source)} == {"frame 2", "frame 3"}
    redaction, finished = cleaned(source)
    after = frames_of(finished)
    assert redaction.changed_frames == (2, 3)
    assert not after[1][drawn[0]].any()
    assert not after[2][drawn[1]].any()
    assert (after[0] == pictures[0]).all()
    assert (after[3] == pictures[3]).all()
    assert (after[1][90:] == blob(*shape)[90:]).all()
    assert left(finished) == ()


@pytest.mark.parametrize(
    "source",
    [
        segments(blob(100, 100), extra=b"\0\0\0"),
        segments(blob(100, 100), PixelRepresentation=1),
        encapsulated(blob(64, 64), [b"\0" * 80], RLELossless, BitsAllocated=1, BitsStored=1),
        encapsulated(blob(64, 64), [b"\0" * 80], JPEG2000Lossless, BitsAllocated=1, BitsStored=1),
    ],
)
def test_bits_that_cannot_be_looked_at_are_suspect(source):
    with pytest.raises(SuspectError) as caught:
        cleaned(source)
    assert caught.value.reason is Reason.UNDECODABLE
