import io

import pydicom
import pytest

from deid.deidentify import identity
from deid.header import clean_header
from deid.profile import load_profile
from deid.pseudonym import Person, Subkeys, uid
from deid.rekey import rekey
from deid.serialise import serialise
from deid.source import parse
from tests.objects import mammogram, part10

SPACE = Subkeys(b"u" * 32, b"a" * 32, b"d" * 32, b"t" * 32)
ONE = Subkeys(b"1" * 32, b"2" * 32, b"3" * 32, b"4" * 32)
OTHER = Subkeys(b"5" * 32, b"6" * 32, b"7" * 32, b"8" * 32)


@pytest.fixture(scope="module")
def clean() -> bytes:
    parsed = parse(io.BytesIO(part10(mammogram(DeviceSerialNumber="D-17"))))
    assert identity(parsed)
    header = clean_header(parsed, profile=load_profile(), person=Person("SUBJECT"), subkeys=SPACE)
    (written,), offset = serialise(header, ())
    assert offset == len(written)
    return written


def read(header: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(header))


def elements(ds: pydicom.Dataset) -> dict:
    return {str(element.tag): element.value for element in ds.iterall() if element.VR != "SQ"}


def test_nothing_that_names_a_record_survives_from_one_permit_to_another(clean):
    one = elements(read(rekey(clean, person=Person("A"), subkeys=ONE)))
    other = elements(read(rekey(clean, person=Person("B"), subkeys=OTHER)))
    space = elements(read(clean))
    naming = [
        tag
        for tag, value in space.items()
        if str(value).startswith("2.25.") or "SUBJECT" in str(value)
    ]
    assert len(naming) >= 5
    accession, device = "(0008,0050)", "(0018,1000)"
    for tag in (*naming, accession, *([device] if space.get(device) else [])):
        assert len({str(space[tag]), str(one[tag]), str(other[tag])}) == 3, tag


def test_all_else_stays(clean):
    space, one = (
        elements(read(clean)),
        elements(read(rekey(clean, person=Person("A"), subkeys=ONE))),
    )
    assert space.keys() == one.keys()
    changed = {tag for tag in one if space[tag] != one[tag]} - {"(0012,0063)"}
    for tag in changed:
        value = str(one[tag])
        assert value.startswith("2.25.") or value == "A" or len(value) in {8, 16}, tag


def test_dates_move_together_by_whole_weeks(clean):
    space, one = read(clean), read(rekey(clean, person=Person("A"), subkeys=ONE))
    moved = {
        int(getattr(one, keyword)) - int(getattr(space, keyword))
        for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate")
    }
    assert len(moved) == 1
    assert 0 not in moved
    assert (one.StudyTime, one.PatientAge) == (space.StudyTime, space.PatientAge)


def test_meta_and_header_agree_with_the_permit_s_uid(clean):
    one = read(rekey(clean, person=Person("A"), subkeys=ONE))
    assert one.SOPInstanceUID == one.file_meta.MediaStorageSOPInstanceUID
    assert one.SOPInstanceUID == uid(ONE, read(clean).SOPInstanceUID)
    assert one.SOPClassUID == "1.2.840.10008.5.1.4.1.1.1.2"


def test_it_is_deterministic(clean):
    assert rekey(clean, person=Person("A"), subkeys=ONE) == rekey(
        clean, person=Person("A"), subkeys=ONE
    )
