"""What is written is what was looked at, whoever writes to the source meanwhile."""

import io
import os
from pathlib import Path

import numpy as np
import pytest

from deid.errors import Reason, SuspectError
from deid.pixels.coding.frames import locate_frames, read_frame
from deid.pixels.rewriting.witness import Witness, check_same
from deid.source import parse
from flows.errors import OriginalError
from flows.sources.original import CHANGED, Original
from tests.deid.headers import mammogram, written

DARK, LIGHT = (
    written(mammogram(PixelData=np.full((64, 48), value, "<u2").tobytes())) for value in (1, 2)
)


def test_a_file_that_was_written_to_is_changed_whatever_its_times_say(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(DARK)
    then = path.stat()
    with Original(path) as original:
        original.read(100)
        original.check_unchanged()
        path.write_bytes(LIGHT)
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
        with pytest.raises(OriginalError, match=CHANGED):
            original.check_unchanged()


def test_other_pixels_than_were_looked_at_are_suspect() -> None:
    witness = Witness()
    parsed = parse(io.BytesIO(DARK))
    for place in locate_frames(io.BytesIO(DARK), parsed).places:
        witness.see(read_frame(io.BytesIO(DARK), place))
    check_same(io.BytesIO(DARK), parsed, witness.digest)
    with pytest.raises(SuspectError) as caught:
        check_same(io.BytesIO(LIGHT), parse(io.BytesIO(LIGHT)), witness.digest)
    assert caught.value.reason is Reason.UNCHECKED
