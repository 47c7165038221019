"""Deflated and big endian objects that others wrote, held against what pydicom reads in them."""

import io
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from deid.conversion import convert
from deid.errors import Reason
from deid.pixels.detection.text_reader import load_text_reader
from deid.source import parse
from tests.corpus.trial import left, rules, trial

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = (
    "dicognito/test_writes_deflated_file_correctly/CT_small_deflated.dcm",
    "dicomParser/CT1_UNC.explicit_big_endian.dcm",
    "dicomParser/deflate/wave_dfl",
    "fo-dicom-odd/Issue1097_FailToOpenDeflatedFileWithSQ.dcm",
)


def converted(name: str) -> bytes:
    conversion = convert(io.BytesIO((DATA / name).read_bytes()), limit=1 << 30)
    assert conversion is not None
    made = b"".join(conversion.blocks)
    assert len(made) == conversion.size
    return made


@pytest.mark.parametrize("name", FILES)
def test_it_says_the_same(name):
    before, after = dcmread(DATA / name), dcmread(io.BytesIO(converted(name)))
    for element in before:
        if element.tag.group != 0xFFFC and element.tag != 0x7FE00010:  # trailing padding; pixels
            assert str(after[element.tag].value) == str(element.value)
    if "PixelData" in before:
        assert np.array_equal(before.pixel_array, after.pixel_array)
        assert parse(io.BytesIO(converted(name))).pixels is not None


@pytest.mark.parametrize("name", FILES)
def test_it_goes_the_whole_way(name):
    data = converted(name)
    ending = trial(data, rules("general"), load_text_reader())
    assert isinstance(ending, Reason) or left(ending, data) == []
    assert ending is not Reason.TRANSFER_SYNTAX
