"""Answers of a PACS, byte by byte, as PACS write them."""

from datetime import date
from io import BytesIO

import pytest
from pydicom import Dataset
from pynetdicom.dsutils import decode, encode

from flows.sources.network.identifier import STUDY_KEYS, question, series_row, study_row
from flows.sources.source import Availability, FoundStudy
from flows.sources.web import rows
from tests.flows.sources.peers import uid


def element(tag: int, vr: str, value: bytes) -> bytes:
    """Write one element, explicit VR little endian (PS3.5 §7.1.2)."""
    value += b" " * (len(value) % 2)
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    return head + vr.encode() + len(value).to_bytes(2, "little") + value


def answered(*elements: bytes) -> Dataset:
    raw = b"".join((*elements, element(0x0020000D, "UI", uid(1).encode())))
    return decode(BytesIO(raw), is_implicit_vr=False, is_little_endian=True)


def study(*elements: bytes) -> FoundStudy:
    row = study_row(answered(*elements))
    assert row is not None
    return row.study


@pytest.mark.filterwarnings("ignore:Unknown encoding:UserWarning")
@pytest.mark.parametrize(
    ("claimed", "codec"),
    [
        (b"ISO_IR 100", "latin-1"),
        (b"ISO_IR 192", "utf-8"),
        (b"ISO_IR 192", "latin-1"),
        (b"", "utf-8"),
        (b"", "latin-1"),
        (b"NO SUCH SET", "latin-1"),
        (b"\\ISO 2022 IR 100", "latin-1"),
    ],
)
def test_text_is_read_whatever_set_is_claimed(claimed: bytes, codec: str) -> None:
    said = element(0x00080005, "CS", claimed)
    assert study(said, element(0x00080050, "SH", "Å-17é".encode(codec))).accession == "Å-17é"


def test_counts_and_availability_are_read() -> None:
    told = study(element(0x00080056, "CS", b"NEARLINE"), element(0x00201208, "IS", b" 4 "))
    assert (told.instances, told.availability) == (4, Availability.NEARLINE)
    odd = study(element(0x00080056, "CS", b"GONE"), element(0x00201208, "IS", b"many"))
    assert (odd.instances, odd.availability) == (None, Availability.UNKNOWN)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        (b"20260110", date(2026, 1, 10)),
        (b"2026.01.10", date(2026, 1, 10)),
        (b"20261310", None),
        (b"2026", None),
        (b"", None),
    ],
)
def test_dates_are_read(raw: bytes, day: date | None) -> None:
    assert study(element(0x00080020, "DA", raw)).study_date == day


@pytest.mark.parametrize("raw", [b"MG\\SR", b"MG/SR", b"mg, sr", b"MG\\SR\\MG"])
def test_modalities_are_read(raw: bytes) -> None:
    assert study(element(0x00080061, "CS", raw)).modalities == ("MG", "SR")


@pytest.mark.parametrize("raw", [b"", b"..", b"../../etc", b"1.2.\0", b"1" * 65, b"1.02"])
def test_what_is_no_uid_names_no_study(raw: bytes) -> None:
    said = decode(BytesIO(element(0x0020000D, "UI", raw)), is_implicit_vr=False,
                  is_little_endian=True)  # fmt: skip
    row = study_row(said)
    assert row is None or row.study.study_uid == "1.2."[:-1]


def test_a_series_of_another_study_is_left_out() -> None:
    said = answered(element(0x0020000E, "UI", uid(1, 1).encode()))
    assert series_row(said, uid(1)) is not None
    assert series_row(said, uid(2)) is None


def test_a_question_asks_for_nothing_that_identifies() -> None:
    asked = question("STUDY", STUDY_KEYS, {"StudyDate": "20260110"})
    assert not [one for one in asked if one.tag.group == 0x0010]
    assert encode(asked, is_implicit_vr=True, is_little_endian=True)


@pytest.mark.parametrize("odd", ["A\ud800", "A" * 2000])
def test_a_value_that_nobody_can_keep_says_nothing_and_spoils_no_other(odd: str) -> None:
    """Half a character stopped a stretch of days; long ones, times 20 000, take all memory."""
    row = {"0020000D": {"Value": [uid(1)]}, "00080050": {"Value": [odd]}}
    told = rows.study_row(row)
    assert told is not None
    assert (told.study.study_uid, told.study.accession) == (uid(1), "")
    raw = element(0x00080050, "SH", odd.encode("utf-8", "surrogatepass"))
    assert len(study(raw).accession) < 10
