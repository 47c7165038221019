"""Frames that would take more memory than there is are suspect before anybody reads them."""

import numpy as np
import pytest
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from deid.errors import Reason, SuspectError
from deid.pixels.coding.frames import locate_frames
from tests.deid.pictures import encapsulated, opened

SMALL = np.zeros((4, 4), np.uint16)


@pytest.mark.parametrize(
    ("syntax", "side", "fits"),
    [
        (JPEG2000Lossless, 5000, True),
        (JPEG2000Lossless, 5100, False),
        (JPEGLSLossless, 6100, True),
        (JPEGLSLossless, 6200, False),
        (HTJ2KLossless, 6400, True),
        (HTJ2KLossless, 6500, False),
        (JPEGLosslessSV1, 6400, True),
    ],
)
def test_the_largest_frame_depends_on_what_its_codec_takes(
    syntax: str, side: int, *, fits: bool
) -> None:
    source = encapsulated(SMALL, [b"\xff\xd8\xff\xd9"], syntax, Rows=side, Columns=side)
    reader, parsed = opened(source)
    if fits:
        assert locate_frames(reader, parsed).places
        return
    with pytest.raises(SuspectError) as caught:
        locate_frames(reader, parsed)
    assert caught.value.reason is Reason.UNDECODABLE
