"""Cleaned text is written in its own character set, and what has no place there is left out."""

import pytest

from deid.headers.charsets import encoded

KANA, KANJI, GONE = "\uff85", "山", "�"


@pytest.mark.parametrize(
    ("said", "charset", "written"),
    [
        ("Vänster", "latin_1", b"V\xe4nster"),
        (f"Vänster {KANJI}", "latin_1", b"V\xe4nster "),
        ("Vänster", "utf8", "Vänster".encode()),
        (f"Vä{GONE} L {KANA}{KANJI}", "shift_jis", b"V L \xc5"),
        (f"{KANA}{KANJI}å", ["shift_jis", "iso2022_jp"], b"\x1b)I\xc5\x1b$B;3\x1b(J"),
        ("Vänster", "no such set", b"Vnster"),
    ],
)
def test_what_has_no_place_is_left_out_without_a_word(said, charset, written):
    assert encoded(said, charset) == written
