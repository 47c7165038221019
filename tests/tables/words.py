"""Regenerate deid/data/dicom_words.txt: every word of DICOM's own terms.

    .venv/bin/python -m tests.tables.words > deid/data/dicom_words.txt

What is taken: attribute names (PS3.6), names of UIDs, and the meanings of the coded concepts of
PS3.16, all as pydicom (MIT licence) spells them.
"""

from collections.abc import Iterator
from re import compile as compile_pattern

from pydicom import __version__
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.sr._cid_dict import name_for_cid
from pydicom.sr._concepts_dict import concepts

from tests.tables.rows import committed as committed_file

# Full of names of places and people
NOT_HERE = compile_pattern(
    "(?i)breed|species|countr|language|taxon|strain|genetic|registr|microorg"
)
FILE = "dicom_words.txt"
WORD = compile_pattern(r"[^\W\d_]{2,}")


def terms() -> Iterator[str]:
    """Give all terms."""
    for dictionary in (DicomDictionary, RepeatersDictionary):
        yield from (entry[2] for entry in dictionary.values())
    yield from (entry[0] for entry in UID_dictionary.values())
    for scheme in concepts.values():
        for codes in scheme.values():
            yield from (meaning for meaning, groups in codes.values() if not groups or here(groups))


def here(groups: list[int]) -> bool:
    """Tell whether a concept is of any context group that is looked at."""
    return any(not NOT_HERE.search(name_for_cid[group]) for group in groups)


def committed() -> str:
    """Read the file as it is committed."""
    return committed_file(FILE)


def words() -> list[str]:
    """Give every word of every term in small letters, in order, once."""
    return sorted({word for term in terms() for word in WORD.findall(term.casefold())})


def text() -> str:
    """Give the whole file."""
    lines = [
        "# Words of DICOM's attributes (PS3.6) and coded concepts (PS3.16); made by",
        "# tests/tables/words.py. Derived from the DICOM Standard (c) NEMA: facts, no sentences.",
        f"# source: pydicom {__version__}, MIT licence",
    ]
    line = ""
    for word in words():
        if len(line) + len(word) >= 99:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\n".join([*lines, line, ""])


if __name__ == "__main__":
    print(text(), end="")
