"""A frame too large to be written back in its syntax is written uncompressed."""

import numpy as np
import pytest
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLSLossless

from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames
from deid.pixels.coding.planes import load_frame
from deid.pixels.rewriting.blanking import Blank
from deid.pixels.rewriting.encapsulated import Rewriting
from tests.deid.pictures import described, encapsulated, joined, opened, pixels_of


@pytest.mark.parametrize(
    ("rows", "bits", "syntax"),
    [
        (5200, 14, ExplicitVRLittleEndian),
        (5200, 16, None),
        (400, 14, None),
    ],
)
def test_jpeg_ls_of_odd_bits_is_left_where_it_would_take_too_much(
    rows: int, bits: int, syntax: UID | None
) -> None:
    picture = np.zeros((rows, 5000), np.uint16)
    picture[100:200] = 900
    layout = read_layout(described(picture, BitsStored=bits))
    stream = encode(picture, layout, JPEGLSLossless)
    source = encapsulated(picture, [stream], JPEGLSLossless, BitsStored=bits)
    reader, parsed = opened(source)
    frames = locate_frames(reader, parsed)
    anew = Rewriting(reader, parsed, frames)
    box = np.array([(10, 110), (90, 110), (90, 150), (10, 150)], np.int32)
    blank = Blank(picture.shape, ((box, 1),), ())
    anew.blank(0, load_frame(reader, frames.places[0], parsed, frames.layout), blank)
    done = anew.rewritten()
    assert done.transfer_syntax == syntax
    assert "LossyImageCompression" not in done.header_changes
    if syntax is None:
        after = pixels_of(joined(source, done.pieces))
        assert (after[300:] == picture[300:]).all()
        assert (after[110:151, 10:91] != 900).any()
        return
    pixels = joined(source, done.pieces)[-picture.nbytes :]
    after = np.frombuffer(pixels, "<u2").reshape(picture.shape)
    assert (after[151:] == picture[151:]).all()
    assert (after[110:151, 10:91] != picture[110:151, 10:91]).all()
