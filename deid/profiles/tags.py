"""Tags as people write and read them: (gggg,eeee), ggggeeee, or a keyword (PS3.6)."""

from collections.abc import Iterable, Iterator, Mapping
from csv import DictReader
from functools import lru_cache
from importlib.resources import files
from re import compile as compile_pattern

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import keyword_for_tag, tag_for_keyword

from deid.errors import ProfileError

TABLE = "ps3_15_e1_1.csv"
_WRITTEN = compile_pattern(r"\(?\s*([0-9A-Fa-fXx]{4})\s*,?\s*([0-9A-Fa-fXx]{4})\s*\)?")
_PLAIN = compile_pattern(r"[^A-Za-z0-9]+")
_PRIVATE_BLOCKS = 0x1000
# PS3.6 Table A-1, newer than pydicom
_NEWER_CLASSES = {"1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage"}


def written(tag: int) -> str:
    """Write a tag as the standard does; of a private one without its block, which is a chance."""
    group, element = tag >> 16, tag & 0xFFFF
    if group & 1 and element >= _PRIVATE_BLOCKS:
        return f"({group:04X},xx{element & 0xFF:02X})"
    return f"({group:04X},{element:04X})"


def keyword(tag: int) -> str:
    """Give an attribute's keyword, also of those newer than pydicom; empty if it has none."""
    return keyword_for_tag(tag) or _newer().get(tag, "")


def read_tag(said: str) -> int:
    """Read a tag or a keyword.

    Raises:
        ProfileError: It is neither.
    """
    name = said.strip()
    match = _WRITTEN.fullmatch(name)
    if match is not None:
        return int((match[1] + match[2]).upper().replace("X", "0"), 16)
    newer = {known: tag for tag, known in _newer().items()}
    found = tag_for_keyword(name) or newer.get(name)
    if found is None or not name:
        message = (
            f"{said} is no attribute of PS3.6; write a keyword such as PatientName, "
            "(0010,0010) or 00100010"
        )
        raise ProfileError(message)
    return int(found)


def class_name(sop_class: str) -> str:
    """Name a SOP class as PS3.6 does; empty for others, whose UIDs may say anything."""
    known = UID_dictionary.get(sop_class)
    if known is not None and known[1] == "SOP Class":
        return str(known[0])
    return _NEWER_CLASSES.get(sop_class, "")


def table_rows(name: str = TABLE) -> Iterator[Mapping[str, str]]:
    """Read a table of this room, comments left out."""
    text = (files("deid") / "data" / name).read_text(encoding="utf-8")
    return iter(DictReader(_uncommented(text.splitlines())))


def _uncommented(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith("#"))


@lru_cache(maxsize=1)
def _newer() -> Mapping[int, str]:
    """Give what Table E.1-1 names and pydicom does not know, with keywords made of its names."""
    found = {}
    for row in table_rows():
        if row["tag"].isalnum() and "X" not in row["tag"] and row["tag"] != "PRIVATE":
            tag = int(row["tag"], 16)
            if not keyword_for_tag(tag):
                words = _PLAIN.split(row["name"].replace("'s ", "s "))
                found[tag] = "".join(word[:1].upper() + word[1:] for word in words)
    return found
