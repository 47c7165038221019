import io

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from deid.dates import parse_date
from deid.identity.pseudonym import Person, Subkeys, uid, weeks
from deid.profiles.profile import load_profile
from deid.rekey import rekey
from deid.values import raw, value_of, walk
from tests.deid import documents
from tests.deid.headers import cleaned, head_of, mammogram, parsed, written

ONE = Subkeys(b"1" * 32, b"2" * 32, b"3" * 32, b"4" * 32)
OTHER = Subkeys(b"5" * 32, b"6" * 32, b"7" * 32, b"8" * 32)


def clean_of(made: Dataset | bytes) -> bytes:
    return head_of(cleaned(made, profile=load_profile("general"), person=Person("SUBJECT")))


@pytest.fixture(scope="module")
def clean() -> bytes:
    return clean_of(documents.projection())


def read(header: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(header))


def elements(header: bytes) -> dict[tuple[int, ...], str]:
    return {
        path: raw(element).decode("latin-1").strip(" \0")
        for path, element, _ in walk(parsed(header).header)
    }


@pytest.mark.parametrize("name", documents.ALL)
def test_nothing_that_names_a_record_survives_from_one_permit_to_another(name: str) -> None:
    clean = clean_of(documents.ALL[name]())
    space = elements(clean)
    one = elements(rekey(clean, person=Person("A"), subkeys=ONE))
    other = elements(rekey(clean, person=Person("B"), subkeys=OTHER))
    naming = {
        path
        for path, value in space.items()
        if "2.25." in value or "SUBJECT" in value or (path[-1] == 0x00080050 and value)
    }
    naming |= {path for path in space if path[-1] == 0x00181000 and space[path]}
    assert len(naming) >= 6
    for path in naming:
        assert len({space[path], one[path], other[path]}) == 3, path


def test_references_and_records_get_the_same_new_uid() -> None:
    clean = clean_of(documents.report())
    one = read(rekey(clean, person=Person("A"), subkeys=ONE))
    image = read(rekey(clean_of(mammogram()), person=Person("A"), subkeys=ONE))
    evidence = one.CurrentRequestedProcedureEvidenceSequence[0]
    named = evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert named.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert evidence.StudyInstanceUID == one.StudyInstanceUID == image.StudyInstanceUID
    observer = next(item for item in one.ContentSequence if item.ValueType == "UIDREF")
    device = next(item for item in read(clean).ContentSequence if item.ValueType == "UIDREF")
    assert uid(ONE, device.UID) == observer.UID


def test_all_else_stays(clean: bytes) -> None:
    space = elements(clean)
    one = elements(rekey(clean, person=Person("A"), subkeys=ONE))
    assert space.keys() == one.keys()
    for path in one:
        value = one[path]
        same = value == space[path]
        dated = parse_date(value) is not None
        keyed = value.startswith("2.25.") or value == "A" or len(value) == 16
        assert same or dated or keyed or path == (0x00120063,), path


def test_which_key_the_region_used_is_not_told(clean: bytes) -> None:
    assert "key 1" in list(read(clean).DeidentificationMethod)
    method = read(rekey(clean, person=Person("A"), subkeys=ONE)).DeidentificationMethod
    assert list(method) == list(read(clean).DeidentificationMethod)[:3]


def shifts(before: bytes, after: bytes) -> set[int]:
    old, new = elements(before), elements(after)
    return {
        parse_date(new[path]).toordinal() - parse_date(value).toordinal()
        for path, value in old.items()
        if path[-1] in DATED and parse_date(value) is not None
    }


DATED = {0x00080020, 0x00080021, 0x00080023, 0x0008002A, 0x0040A030, 0x0040A120, 0x0040A121}


@pytest.mark.parametrize("name", ["mg", "dbt", "sr"])
@pytest.mark.parametrize("more", [0, 3, -5])
def test_dates_move_together_by_whole_weeks(name: str, more: int) -> None:
    clean = clean_of(documents.ALL[name]())
    moved = rekey(clean, person=Person("A"), subkeys=ONE, weeks=more)
    assert shifts(clean, moved) == {7 * (weeks(ONE, Person("A")) + more)}
    assert read(moved).StudyTime == read(clean).StudyTime


def test_meta_and_header_agree_with_the_permit_s_uid(clean: bytes) -> None:
    one = read(rekey(clean, person=Person("A"), subkeys=ONE))
    assert one.SOPInstanceUID == one.file_meta.MediaStorageSOPInstanceUID
    assert one.SOPInstanceUID == uid(ONE, read(clean).SOPInstanceUID)
    assert one.SOPClassUID == documents.BPX


def test_a_class_newer_than_pydicom_stays_what_it_is() -> None:
    made = documents.segments()
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.7"
    one = read(rekey(clean_of(made), person=Person("A"), subkeys=ONE))
    assert one.SOPClassUID == one.file_meta.MediaStorageSOPClassUID == made.SOPClassUID


@pytest.mark.parametrize("name", ["sr", "pr"])
def test_it_needs_no_pixels(name: str) -> None:
    header = rekey(clean_of(documents.ALL[name]()), person=Person("A"), subkeys=ONE)
    again = parsed(header)
    assert again.pixels is None
    assert value_of(again.header, 0x00100020) == "A"


def test_implicit_coding_is_rekeyed_alike() -> None:
    implicit, explicit = (
        elements(rekey(clean_of(made), person=Person("A"), subkeys=ONE))
        for made in (written(documents.report(), ImplicitVRLittleEndian), documents.report())
    )
    assert implicit == explicit


def test_a_study_id_is_keyed_anew(clean: bytes) -> None:
    one = read(rekey(clean, person=Person("A"), subkeys=ONE))
    other = read(rekey(clean, person=Person("A"), subkeys=OTHER))
    assert len({one.StudyID, other.StudyID, read(clean).StudyID, "S77001"}) == 4
    assert len(one.StudyID) == 16


def test_it_is_deterministic(clean: bytes) -> None:
    assert rekey(clean, person=Person("A"), subkeys=ONE) == rekey(
        clean, person=Person("A"), subkeys=ONE
    )
