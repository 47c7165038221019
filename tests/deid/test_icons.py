"""No icon leaves: it is the image once more, small, and nobody looked at it (PS3.3 §F.7)."""

import io
from struct import pack

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid.deidentify import deidentify
from deid.identity.identifiers import harvest
from deid.profiles.profile import load_profile
from tests.deid import documents
from tests.deid.headers import PERSON, SUBKEYS, joined, written
from tests.deid.pictures import burn, glyphs, opened, text_reader
from tests.objects import mammogram, part10

ICON = 0x00880200


def icon() -> Dataset:
    """A small picture with a name on it."""
    picture = np.full((64, 64), 37, np.uint8)
    burn(picture, (20, 2), glyphs("ÅSA", 20), 211)
    made = Dataset()
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = picture.shape
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation = 7, 0
    made.add_new(0x7FE00010, "OW", picture.tobytes())
    return made


def finished(data: bytes, name: str) -> bytes:
    reader, original = opened(data)
    clean = deidentify(
        reader,
        original,
        profile=load_profile(name),
        person=PERSON,
        subkeys=SUBKEYS,
        identifiers=harvest(original),
        text_reader=text_reader(),
    )
    return joined(clean.pieces, data)


def at_top(made: Dataset) -> None:
    made.IconImageSequence = Sequence([icon()])


def in_a_reference(made: Dataset) -> None:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = made.SOPClassUID, "2.25.7"
    item.IconImageSequence = Sequence([icon()])
    made.ReferencedImageSequence = Sequence([item])


def deep(made: Dataset) -> None:
    item = Dataset()
    item.AnatomicRegionModifierSequence = Sequence([Dataset()])
    item.AnatomicRegionModifierSequence[0].IconImageSequence = Sequence([icon()])
    made.AnatomicRegionSequence = Sequence([item])


def bare(made: Dataset) -> None:
    """Pixels in an item without the name of an icon."""
    made.AnatomicRegionSequence = Sequence([icon()])


def private(made: Dataset) -> None:
    block = made.private_block(0x0099, "MAKER OF ICONS", create=True)
    block.add_new(1, "SQ", Sequence([icon()]))


@pytest.mark.parametrize("put", [at_top, in_a_reference, deep, bare, private])
@pytest.mark.parametrize("name", ["mammography", "general"])
def test_no_icon_leaves_an_image(put, name):
    made = mammogram()
    put(made)
    data = part10(made)
    pixels = icon().PixelData
    assert pixels in data
    clean = finished(data, name)
    assert pixels not in clean
    assert not [
        element.tag
        for element in dcmread(io.BytesIO(clean), stop_before_pixels=True).iterall()
        if element.tag in {ICON, 0x7FE00010}
    ]


@pytest.mark.parametrize("name", ["mammography", "general"])
def test_no_icon_leaves_in_disguise(name):
    """Sent as UN, the sequence is opened all the same (PS3.5 §6.2.2)."""
    data = part10(mammogram())
    item = pack("<HHI", 0x7FE0, 0x0010, 4096) + icon().PixelData
    items = pack("<HHI", 0xFFFE, 0xE000, len(item)) + item
    for number in (0x0200, 0x0777):
        element = pack("<HH2sxxI", 0x0088, number, b"UN", len(items)) + items
        _, original = opened(data)
        at = original.pixels.start
        assert icon().PixelData not in finished(data[:at] + element + data[at:], name)


@pytest.mark.parametrize("name", ["mammography", "general"])
@pytest.mark.parametrize("document", ["pr", "ko", "sr", "seg"])
def test_no_icon_leaves_another_object(document, name):
    made = dcmread(io.BytesIO(written(documents.ALL[document]())))
    profile = load_profile(name)
    assert made.SOPClassUID in profile.iods
    in_a_reference(made)
    at_top(made)
    made.ReferencedImageSequence[0].ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    data = written(made)
    assert icon().PixelData in data
    assert icon().PixelData not in finished(data, name)
