"""What people are shown of an original that was held back; nothing stops it from being kept."""

import json
from io import BytesIO

import cv2
import numpy as np
import pytest

from deid.findings import Finding
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.shown.proposal import (
    BROKEN,
    MORE,
    MOST_PICTURES,
    UNDECODABLE,
    UNREADABLE,
    UNRULED,
    WITHOUT,
    propose,
)
from deid.pixels.shown.proposed import Why, read, written
from deid.pixels.shown.showing import LONGEST
from deid.profiles.profile import load_profile
from flows.demo.burn import Text
from tests import objects
from tests.deid import pictures
from tests.objects import mammogram, part10, phantom, tomosynthesis

PROFILE = load_profile("mammography")


@pytest.fixture
def text_reader() -> TextReader:
    return pictures.text_reader()


def _of(ds, **changed):
    for keyword, value in changed.items():
        setattr(ds, keyword, value)
    return ds


def proposed(data, *findings, text_reader=None):
    why = Why("SUSPECT", "why", findings)
    return propose(BytesIO(data), why, profile=PROFILE, text_reader=text_reader)


def image(proposal, index=0):
    return cv2.imdecode(np.frombuffer(proposal.pictures[index].data, np.uint8), cv2.IMREAD_COLOR)


def test_writing_is_found_and_drawn(text_reader):
    texts = [Text("PROVSTRÖM ÅSA", 0.05, 0.9, height=24), Text("R MLO", 0.7, 0.1, height=40)]
    data = part10(mammogram(pixels=phantom(1200, 900), text=texts))
    found = proposed(data, Finding("frame 1", "marker"), text_reader=text_reader)
    assert {box.kind for box in found.boxes} == {"marker", "text"}
    assert [box.number for box in found.boxes] == list(range(1, len(found.boxes) + 1))
    plain = image(proposed(data))
    drawn = (image(found) != plain).any(axis=2)
    assert 500 < drawn.sum() < 20_000
    text = next(box for box in found.boxes if box.kind == "text")
    x0, y0 = np.min(text.corners, axis=0)
    x1, y1 = np.max(text.corners, axis=0)
    inside = drawn[y0 + 5 : y1 - 5, max(x0, 0) + 5 : x1 - 5]
    assert inside.mean() < 0.1  # what it is about is seen
    assert read(json.loads(json.dumps(written(found)))).boxes == found.boxes
    assert found.said == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", UNREADABLE),
        (objects.not_dicom(), UNREADABLE),
        (objects.truncated(), UNREADABLE),
        (part10(objects.no_pixel_data()), WITHOUT),
        (part10(_of(mammogram(), Rows=0)), UNREADABLE),
    ],
)
def test_what_cannot_be_shown_says_so(data, said, text_reader):
    found = proposed(data, text_reader=text_reader)
    assert (found.said, found.pictures, found.boxes) == ((said,), (), ())


def test_a_frame_that_nobody_can_decode_says_so(text_reader):
    ds = tomosynthesis(2, syntax="1.2.840.10008.1.2.4.80")
    whole = part10(ds)
    at = whole.rindex(b"\xff\xf7")  # the second frame's first marker
    broken = whole[:at] + bytes(40) + whole[at + 40 :]
    named = [Finding(f"frame {number}", "text") for number in (1, 2)]
    found = proposed(broken, *named, text_reader=text_reader)
    assert found.said == (UNDECODABLE,)
    assert [one.frame for one in found.pictures] == [1]


def test_the_window_is_the_header_s():
    ramp = np.tile(np.arange(200, dtype=np.uint16) * 10, (100, 1))
    asked = {"WindowCenter": "500", "WindowWidth": "200"}
    shown = image(proposed(part10(mammogram(pixels=ramp, BitsStored=12, **asked))))[50, :, 0]
    assert (shown[:40] == 0).all()
    assert (shown[61:] == 255).all()
    assert abs(int(shown[50]) - 128) < 4
    turned = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}
    again = image(proposed(part10(mammogram(pixels=ramp, BitsStored=12, **asked, **turned))))
    assert (again[50, :, 0] == 255 - shown).all()


def test_without_a_window_all_is_seen():
    ramp = np.tile(np.arange(200, dtype=np.uint16) * 10, (100, 1))
    none = dict.fromkeys(("WindowCenter", "WindowWidth", "VOILUTSequence"))
    shown = image(proposed(part10(mammogram(pixels=ramp, BitsStored=12, **none))))[50, :, 0]
    assert (shown[0], shown[-1]) == (0, 255)
    assert (np.diff(shown.astype(int)) >= 0).all()


def test_a_picture_is_no_larger_than_a_screen():
    found = proposed(part10(mammogram(pixels=phantom(2000, 900))))
    assert max(image(found).shape) == LONGEST == found.pictures[0].height
    assert found.pictures[0].width == 720


def test_colours_stay():
    ds = objects.screen_save("")
    frame = np.zeros((ds.Rows, ds.Columns, 3), np.uint8)
    frame[..., 0] = 200
    ds.PixelData = frame.tobytes()
    assert image(proposed(part10(ds)))[0, 0].tolist() == [0, 0, 200]


def test_of_many_frames_some_are_shown():
    count = MOST_PICTURES + 3
    data = part10(tomosynthesis(count))
    found = proposed(data, *(Finding(f"frame {n}", "text") for n in range(1, count + 1)))
    assert [one.frame for one in found.pictures] == list(range(1, MOST_PICTURES + 1))
    assert found.said == (MORE,)
    named = proposed(data, Finding("frame 22", "text"), Finding("object", "unknown device"))
    assert [one.frame for one in named.pictures] == [22]
    assert [one.frame for one in proposed(data).pictures] == [1]


def test_another_schema_is_not_read():
    told = written(proposed(part10(mammogram())))
    with pytest.raises(ValueError):  # noqa: PT011 -- it says nothing more
        read(told | {"schema": "mammo-proposal/2"})


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("screen", UNRULED),
        ("plan_blank", UNDECODABLE),
        ("load_frame", UNDECODABLE),
        ("picture", UNDECODABLE),
        ("is_native", UNDECODABLE),
        ("ColourEye", BROKEN),
        ("ProposedBox", UNDECODABLE),
        ("Picture", BROKEN),
    ],
)
def test_no_fault_of_ours_keeps_an_original_from_being_held_back(
    broken, said, text_reader, monkeypatch
):
    def fault(*_arguments, **_named):
        raise ZeroDivisionError

    monkeypatch.setattr(f"deid.pixels.shown.proposal.{broken}", fault)
    text = [Text("PROVSTRÖM ÅSA", 0.05, 0.9, height=24)]
    data = part10(mammogram(pixels=phantom(1200, 900), text=text))
    found = proposed(data, Finding("object", "unchecked"), text_reader=text_reader)
    assert said in found.said
