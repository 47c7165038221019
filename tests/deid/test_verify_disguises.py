from base64 import b64encode, urlsafe_b64encode

import pytest

from deid.second_eye.disguises import printable_runs, undisguised
from tests.deid.plantings import planted

TEXT, BYTES = 0x00181020, 0x00282000
NAME, NUMBER = "Sjöström", "470802-2980"


@pytest.mark.parametrize(
    "value",
    [
        b"\1\2\3Sjostrom\4",
        b"\0\0" + NAME.encode() + b"\xff\xff",
        b"\0\0" + NAME.encode("latin-1") + b"\0\0",
        b"\7" + NAME.encode("utf-16-le") + b"\x93",
        b"\7" + NAME.encode("utf-16-be") + b"\x93",
        b"\0" + NUMBER.encode() + b"\0",
        b"\0" + NUMBER.encode("utf-16-be"),
        b"\xfe\xff" + "194708022980".encode("utf-16-be"),
    ],
)
@pytest.mark.parametrize("vr", ["OB", "OW", "OL"])
def test_every_printable_run_of_bytes_is_read(vr: str, value: bytes) -> None:
    kinds = planted(BYTES, vr, value)
    assert kinds.keys() & {"name", "identifier"}
    assert {place for places in kinds.values() for place in places} == {"(0028,2000)"}


@pytest.mark.parametrize("vr", ["US", "FD", "AT", "UL"])
def test_numbers_in_binary_are_read_as_letters_too(vr: str) -> None:
    assert planted(0x00281101, vr, b"SJOSTROM" * 2) == {}  # one word with no edge
    assert planted(0x00281101, vr, b"SJOSTROM" + bytes(8)) == {"name": {"(0028,1101)"}}


def test_numbers_of_anybody_are_found_among_bytes() -> None:
    assert planted(BYTES, "OB", b"\0 490805-9829\0") == {"personal number": {"(0028,2000)"}}


@pytest.mark.parametrize(
    "value",
    ["Sj\\ostrom", "Sjost\\rom", "470802\\2980", "4708\\02\\2980", "LBGMG\\Sjo\\strom"],
)
def test_what_is_split_over_values_is_put_together(value: str) -> None:
    kinds = planted(TEXT, "LO", value)
    assert kinds.keys() & {"name", "identifier"}


@pytest.mark.parametrize("value", ["mortsojS", "asa MORTSOJS", "0892208074", "089220807491"])
def test_what_is_written_backwards_is_found(value: str) -> None:
    assert planted(TEXT, "LO", value).keys() & {"name", "identifier"}


@pytest.mark.parametrize(
    "value",
    [
        b64encode(b"Sjostrom Asa").decode(),
        "x" + b64encode(NAME.encode()).decode(),
        "xy" + b64encode(f"pnr {NUMBER}".encode()).decode(),
        urlsafe_b64encode(f"{NUMBER}??>>".encode()).decode(),
        b"Sjostrom Asa".hex(),
        "0" + NUMBER.encode().hex().upper(),
        NAME.encode("latin-1").hex(),
        b64encode(b"490805-9829 ").decode(),
    ],
)
def test_base64_and_hexadecimal_digits_are_read(value: str) -> None:
    kinds = planted(TEXT, "LO", f"key {value}")
    assert kinds.keys() & {"name", "identifier", "personal number"}


def test_disguises_are_read_among_bytes_and_in_other_charsets() -> None:
    hidden = b64encode(b"Sjostrom Asa")
    assert "name" in planted(BYTES, "OB", b"\0\1" + hidden + b"\0")
    assert "name" in planted(TEXT, "LO", "ö ".encode("latin-1") + hidden)


def test_plain_words_are_no_disguise() -> None:
    assert not [*undisguised("Mammografiscreening ROUTINE3D_COMBO bilateral_view 201906121234")]
    assert printable_runs(bytes(range(32)) * 4) == ()
    assert printable_runs(b"abc\0de\1") == ()
    assert printable_runs(b"\0abcd\0") == ("abcd",)
