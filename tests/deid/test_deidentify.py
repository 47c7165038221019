import io
from typing import Any

import numpy as np
import pytest
from imagecodecs import jpeg8_encode
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from deid.deidentify import Clean, deidentify, inspect
from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.identity.identifiers import harvest
from deid.passage import Passage
from deid.ruling import Box, Ruling
from deid.source import Slice
from tests.deid import documents
from tests.deid.headers import (
    PERSON,
    SUBKEYS,
    joined,
    mammogram,
    parsed,
    profile,
    tomosynthesis,
    written,
)
from tests.deid.pictures import glyphs, text_reader

OVERLAY = 0x60003000
DOCUMENTS = ["sr", "cad_sr", "ko", "pr"]


def walked(
    made: Dataset, *, look: bool = True, syntax: str = ExplicitVRLittleEndian
) -> tuple[bytes, Clean, dict[str, Any]]:
    """De-identify an object; give it finished, and what the second eye asks for."""
    data = written(made, syntax)
    original = parsed(data)
    known = {"profile": profile(), "person": PERSON, "identifiers": harvest(original)}
    clean = deidentify(
        io.BytesIO(data),
        original,
        subkeys=SUBKEYS,
        text_reader=text_reader() if look else None,
        **known,
    )
    return joined(clean.pieces, data), clean, known


def with_overlay(words: str) -> Dataset:
    """A mammogram of 200 by 300 with words on a plane of bits beside it."""
    made = mammogram(Rows=200, Columns=300, PixelData=bytes(200 * 300 * 2))
    plane = np.zeros((200, 300), bool)
    plane[150:190, 20:24] = True
    drawn = glyphs(words, 28)
    plane[40 : 40 + drawn.shape[0], 20 : 20 + drawn.shape[1]] = drawn
    for number, vr, value in (
        (0x0010, "US", 200),
        (0x0011, "US", 300),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x3000, "OW", np.packbits(plane, axis=None, bitorder="little").tobytes()),
    ):
        made.add_new(0x60000000 | number, vr, value)
    return made


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("look", [True, False], ids=["looked", "header"])
def test_what_has_no_pixels_is_all_header(name: str, look: bool) -> None:
    finished, clean, known = walked(documents.ALL[name](), look=look)
    assert clean.pixel_offset == len(finished)
    assert [type(piece) for piece in clean.pieces] == [bytes]
    assert "113101" not in dict(clean.applied)
    assert not clean.boxes
    inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)


def test_pixels_that_were_looked_at_are_claimed() -> None:
    finished, clean, known = walked(mammogram())
    assert clean.applied[1] == ("113101", "Clean Pixel Data Option")
    assert clean.header.BurnedInAnnotation == "NO"
    assert {entry.path[0] for entry in clean.journal} >= {0x00080018, 0x00100010}
    inspect(
        io.BytesIO(finished),
        text_reader=text_reader(),
        applied=clean.applied,
        pixels_changed=False,
        **known,
    )


@pytest.mark.parametrize("made", [mammogram(), tomosynthesis()], ids=["mg", "dbt"])
def test_without_a_reader_pixels_pass_and_nothing_is_claimed(made: Dataset) -> None:
    finished, clean, known = walked(made, look=False)
    assert isinstance(clean.pieces[1], Slice)
    assert clean.applied == profile().codes
    inspect(io.BytesIO(finished), text_reader=None, applied=clean.applied, **known)


def test_text_is_cleared_from_an_overlay_and_the_rest_of_it_stays() -> None:
    made = with_overlay("SJOSTROM")
    finished, clean, known = walked(made)
    before = np.frombuffer(made[OVERLAY].value, np.uint8)
    after = np.frombuffer(clean.header[OVERLAY].value, np.uint8)
    assert not (after & ~before).any()
    assert np.unpackbits(after).sum() >= 40 * 4
    assert np.unpackbits(after).sum() < np.unpackbits(before).sum()
    inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)


def test_an_overlay_nobody_can_look_at_goes() -> None:
    _, clean, _ = walked(with_overlay("SJOSTROM"), look=False)
    assert OVERLAY not in clean.header


def test_an_overlay_left_with_text_is_suspect() -> None:
    finished, clean, known = walked(with_overlay("SJOSTROM"))
    words = bytes(with_overlay("SJOSTROM")[OVERLAY].value)
    cleared = bytes(clean.header[OVERLAY].value)
    assert finished.count(cleared) == 1
    tampered = finished.replace(cleared, words)
    for reader, reason in ((text_reader(), Reason.TEXT_LEFT), (None, Reason.UNCHECKED)):
        with pytest.raises(SuspectError) as caught:
            inspect(io.BytesIO(tampered), text_reader=reader, applied=clean.applied, **known)
        assert caught.value.reason is reason


def lossy_with_text() -> Dataset:
    """Two frames of lossy JPEG, of which the second names her."""
    picture = np.random.default_rng(3).normal(40, 6, (240, 640)).clip(0, 255).astype(np.uint8)
    named = picture.copy()
    drawn = glyphs("SJOSTROM 470802-2980", 44)
    named[60 : 60 + drawn.shape[0], 20 : 20 + drawn.shape[1]][drawn] = 220
    streams = [bytes(jpeg8_encode(one, level=90)) for one in (picture, named)]
    made = mammogram(
        Rows=240,
        Columns=640,
        NumberOfFrames=2,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        LossyImageCompression="01",
        LossyImageCompressionRatio="11",
        LossyImageCompressionMethod="ISO_10918_1",
        SmallestImagePixelValue=3,
        LargestImagePixelValue=220,
        PixelData=encapsulate([one + b"\0" * (len(one) % 2) for one in streams]),
    )
    made["PixelData"].VR = "OB"
    return made


def test_a_lossy_image_with_text_leaves_as_it_was_decoded_and_says_that_it_was_lossy() -> None:
    finished, clean, known = walked(lossy_with_text(), syntax=JPEGBaseline8Bit)
    inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)
    left = dcmread(io.BytesIO(finished))
    assert left.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert left.LossyImageCompression == "01"
    assert (left.LossyImageCompressionRatio, left.LossyImageCompressionMethod) == (
        11,
        "ISO_10918_1",
    )
    assert "LargestImagePixelValue" not in left
    assert "SmallestImagePixelValue" not in left
    assert left.pixel_array.shape == (2, 240, 640)
    assert left.pixel_array[1].max() < 100
    assert clean.changed_frames == (2,)


def test_what_people_have_to_look_at_is_held_back_when_nothing_else_is_wrong() -> None:
    finished, clean, known = walked(mammogram())
    passage = Passage(review=("unknown device", "scanned film"))
    eye = {"text_reader": None, "applied": clean.applied, "passage": passage} | known
    one, other = (Finding("object", kind) for kind in passage.review)
    for waived, left in (({one}, (other,)), ((), (one, other))):
        with pytest.raises(SuspectError) as caught:
            inspect(io.BytesIO(finished), ruling=Ruling(waived=frozenset(waived)), **eye)
        assert (caught.value.reason, caught.value.findings) == (Reason.REVIEW, left)
    inspect(io.BytesIO(finished), ruling=Ruling(waived=frozenset((one, other))), **eye)
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(finished), **eye | {"applied": profile().codes})
    assert caught.value.reason is Reason.IDENTIFIER_LEFT


def test_text_left_is_let_pass_by_its_place_alone() -> None:
    """Whoever looked at one word in a frame has not looked at another one there."""
    finished, clean, known = walked(lossy_with_text(), look=False, syntax=JPEGBaseline8Bit)
    eye = {"text_reader": text_reader(), "applied": clean.applied} | known
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(finished), **eye)
    assert caught.value.findings == (Finding("frame 2", "text"),)
    left = caught.value.findings
    whole = tuple((x, y) for x, y in ((0, 0), (640, 0), (640, 240), (0, 240)))
    for ruling in (
        Ruling(waived=frozenset(left)),
        Ruling(keep=(Box(1, whole),), waived=frozenset(left)),
        Ruling(keep=(Box(2, ((0, 0), (60, 0), (60, 240), (0, 240))),)),
    ):
        with pytest.raises(SuspectError) as caught:
            inspect(io.BytesIO(finished), ruling=ruling, **eye)
        assert (caught.value.reason, caught.value.findings) == (Reason.TEXT_LEFT, left)
    inspect(io.BytesIO(finished), ruling=Ruling(keep=(Box(2, whole),)), **eye)


def test_a_claim_that_is_not_true_is_suspect() -> None:
    finished, _, known = walked(mammogram())
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(finished), text_reader=None, applied=profile().codes, **known)
    assert caught.value.reason is Reason.IDENTIFIER_LEFT


def test_a_name_left_in_a_report_is_suspect() -> None:
    finished, clean, known = walked(documents.report())
    at = finished.index(b"mammografi")
    tampered = finished[:at] + "Sjöström  ".encode("latin-1") + finished[at + 10 :]
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(tampered), text_reader=None, applied=clean.applied, **known)
    assert caught.value.reason is Reason.IDENTIFIER_LEFT
