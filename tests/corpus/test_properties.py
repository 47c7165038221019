"""Random nested datasets: no crash, no leak, one answer, and a second pass changes no more."""

import struct
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from deid.errors import DeidError, Reason
from deid.identity.identifiers import harvest
from deid.identity.pseudonym import Person, Subkeys, weeks
from deid.profiles.profile import Profile, load_profile
from deid.rekey import rekey
from deid.source import parse
from tests.corpus.corpus import write_bytes
from tests.corpus.objects import Visit, mammogram
from tests.corpus.paths import everything, values
from tests.corpus.people import REGIONS, women
from tests.corpus.reading import Result, as_it_is, fold
from tests.corpus.runner import SUBKEYS, Original, person_of, released
from tests.corpus.writings import Writing, of_her

PERMIT = Subkeys(b"1" * 32, b"2" * 32, b"3" * 32, b"4" * 32, "permit")
WOMAN = next(women(1, Random(5)))
VISIT = Visit(WOMAN, REGIONS[0], date(2021, 3, 2), 0)
# Her own identifiers in every writing; initials are too short to search a whole file for.
WRITINGS = [one for one in of_her(WOMAN, REGIONS[0]) if one.kind != "initials"]
CHARSETS = ("ISO_IR 100", "ISO_IR 192", "", "ISO_IR 101", "ISO_IR 6", "GB18030", "ISO_IR 13", "??")
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
SHORT = {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL"}
SHORT |= {"SS", "ST", "TM", "UI", "UL", "US"}
VRS = sorted(LONG - {"SQ"} | SHORT)
# What makes it this image of this woman; everything else may be anything.
NEEDED = {
    0x00080005, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00100010, 0x00100020,
    0x00100021, 0x00100030, 0x00080060, 0x00080008, 0x00280301, 0x7FE00010,
}  # fmt: skip
TAGS = sorted(
    tag
    for tag, entry in DicomDictionary.items()
    if tag not in NEEDED and 0x00080000 <= tag < 0x7FE00000 and tag >> 16 != 0x0028
    if entry[0] != "SQ"
)
SEQUENCES = sorted(
    tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ" and tag > 1 << 19
)
VR_OF = {
    tag: entry[0].split(" or ")[0] for tag, entry in DicomDictionary.items() if entry[0] != "SQ"
}
CREATORS = ("HOLOGIC, Inc.", "GEMS_SENO_02", "SECTRA_Ident_01", "SIEMENS MED MG", "", "MÅNS RIS")

Node = tuple[int, str, Any]


# ---- what is drawn -----------------------------------------------------------------------


def planted() -> st.SearchStrategy[tuple[bytes, Writing]]:
    def written(drawn: tuple[Writing, str, str, str]) -> tuple[bytes, Writing]:
        writing, before, after, encoding = drawn
        return f"{before} {writing.text} {after}".encode(encoding, "replace"), writing

    words = st.sampled_from(["", "Screening", "Kontroll vä", "L CC", "obs:", "\\", "\r\n"])
    encodings = st.sampled_from(["latin-1", "utf-8"])
    return st.tuples(st.sampled_from(WRITINGS), words, words, encodings).map(written)


def harmless() -> st.SearchStrategy[tuple[bytes, None]]:
    texts = st.sampled_from(
        [b"", b"1", b"-7.5\\3", b"L CC", b"20210302", b"20210302101112.5+0100", b"045Y", b"101112"]
    )
    raw = st.one_of(texts, st.binary(max_size=24), st.text(max_size=12).map(str.encode))
    return raw.map(lambda value: (value, None))


def contents() -> st.SearchStrategy[tuple[bytes, Writing | None]]:
    return st.one_of(harmless(), planted())


def leaves() -> st.SearchStrategy[Node]:
    def leaf(drawn: tuple[int, bool, str, tuple[bytes, Writing | None]]) -> Node:
        tag, odd, vr, content = drawn
        return tag, vr if odd else VR_OF.get(tag, "UN"), content

    tags = st.one_of(st.sampled_from(TAGS), st.integers(0x00090000, 0x0028FFFF).map(_even))
    odd = st.sampled_from([False, False, False, False, True])
    return st.tuples(tags, odd, st.sampled_from(VRS), contents()).map(leaf)


def _even(tag: int) -> int:
    tag &= ~0x00010000
    return tag if tag not in NEEDED and tag >> 16 >= 8 else 0x00081F02


def blocks() -> st.SearchStrategy[list[Node]]:
    def block(drawn: tuple[int, str, list[tuple[int, str, Any]]]) -> list[Node]:
        group, creator, inner = drawn
        name = (creator.encode("latin-1"), None)
        made: list[Node] = [(group << 16 | 0x10, "LO", name)] if creator else []
        return made + [(group << 16 | 0x1000 | low, vr, value) for low, vr, value in inner]

    element = st.tuples(st.integers(0, 255), st.sampled_from(VRS), contents())
    groups = st.sampled_from([0x0009, 0x0019, 0x0029, 0x0045, 0x0033, 0x5001])
    return st.tuples(groups, st.sampled_from(CREATORS), st.lists(element, max_size=3)).map(block)


def nodes() -> st.SearchStrategy[list[Node]]:
    level = st.lists(st.one_of(leaves().map(lambda leaf: [leaf]), blocks()), max_size=4)
    flat = level.map(lambda groups: [node for group in groups for node in group])

    def deeper(inner: st.SearchStrategy[list[Node]]) -> st.SearchStrategy[list[Node]]:
        sequence = st.tuples(st.sampled_from(SEQUENCES), st.just("SQ"), st.lists(inner, max_size=2))
        return st.tuples(flat, st.lists(sequence, max_size=2)).map(lambda both: both[0] + both[1])

    return st.recursive(flat, deeper, max_leaves=6)


# ---- written down byte by byte, as no library would --------------------------------------


def encoded(level: list[Node], *, implicit: bool, odd: bool) -> bytes:
    """Write elements in the order of their tags; a value of odd length stays so if asked."""
    made = {}
    for tag, vr, value in level:
        if vr == "SQ":
            items = [encoded(inner, implicit=implicit, odd=odd) for inner in value]
            raw = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(one)) + one for one in items)
        else:
            raw = value[0] if odd else value[0] + b" " * (len(value[0]) % 2)
        made[tag] = _header(tag, vr, len(raw), implicit=implicit) + raw
    return b"".join(made[tag] for tag in sorted(made))


def _header(tag: int, vr: str, length: int, *, implicit: bool) -> bytes:
    place = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return place + struct.pack("<I", length)
    if vr in LONG:
        return place + vr.encode() + struct.pack("<HI", 0, length)
    return place + vr.encode() + struct.pack("<H", length)


@lru_cache
def _base(*, implicit: bool) -> tuple[bytes, dict[int, bytes]]:
    """Give file meta, and the elements of a sound mammogram as they are written."""
    made = mammogram(VISIT, 11, "lcc")
    made.file_meta.TransferSyntaxUID = (
        ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    )
    data = write_bytes(made)
    start = 144 + struct.unpack_from("<I", data, 140)[0]
    pieces, at = {}, start
    while at < len(data):
        group, element = struct.unpack_from("<HH", data, at)
        vr = data[at + 4 : at + 6].decode("latin-1")
        head = 8 if implicit or vr not in LONG else 12
        form, place = ("<I", 4) if implicit else ("<I", 8) if vr in LONG else ("<H", 6)
        length = struct.unpack_from(form, data, at + place)[0]
        pieces[group << 16 | element] = data[at : at + head + length]
        at += head + length
    return data[:start], pieces


def file_of(level: list[Node], charset: str, *, implicit: bool, odd: bool) -> bytes:
    """Put random elements into a sound mammogram."""
    meta, pieces = _base(implicit=implicit)
    made = dict(pieces)
    for node in [*level, (0x00080005, "CS", (charset.encode(), None))]:
        made[node[0]] = encoded([node], implicit=implicit, odd=odd and node[0] != 0x00080005)
    return meta + b"".join(made[tag] for tag in sorted(made))


def writings_in(level: list[Node]) -> list[Writing]:
    found = []
    for _, vr, value in level:
        if vr == "SQ":
            found += [writing for inner in value for writing in writings_in(inner)]
        elif value[1] is not None:
            found.append(value[1])
    return found


def walked(data: bytes, profile: Profile) -> bytes | Reason:
    try:
        parsed = parse(BytesIO(data))
        found = harvest(parsed)
        return released(Original("", data, parsed, found), found, profile, None)
    except DeidError as error:
        return error.reason


@lru_cache
def rules() -> Profile:
    return load_profile()


SLOW = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SLOW
@given(nodes(), st.sampled_from(CHARSETS), st.booleans(), st.booleans())
@example([], "ISO_IR 100", False, False)
@example([], "ISO_IR 192", True, False)
def test_nothing_planted_survives_and_nothing_crashes(level, charset, implicit, odd):
    data = file_of(level, charset, implicit=implicit, odd=odd)
    ending = walked(data, rules())
    if isinstance(ending, Reason):
        return
    with as_it_is():
        result = Result(ending)
        uids = [one for _, element in everything(result.dataset) for one in values(element)
                if element.VR == "UI"]  # fmt: skip
    for writing in writings_in(level):
        for literal in writing.literals:
            if len(fold(literal)) > 3:
                assert not result.leaks(literal), (writing, literal)
    assert not any(uid.startswith(REGIONS[0].root) for uid in uids)
    assert result.dataset.PatientIdentityRemoved == "YES"


@SLOW
@given(nodes(), st.sampled_from(CHARSETS), st.booleans())
def test_a_second_pass_over_its_own_result_changes_no_more(level, charset, implicit):
    ending = walked(file_of(level, charset, implicit=implicit, odd=False), rules())
    assume(not isinstance(ending, Reason))
    again = walked(ending, rules())
    assert not isinstance(again, Reason), again
    assert _said(again) == _said(ending)


def _said(data: bytes) -> dict[str, tuple[str, ...]]:
    """Give what a file says, but for what is keyed or shifted each time."""
    keyed = {"AccessionNumber", "DeviceSerialNumber", "DetectorID", "StudyID", "PatientID"}
    moved = {"DA", "DT", "PN", "SQ", "UI"}
    with as_it_is():
        return {
            where: ()
            if element.keyword in keyed or {element.VR, VR_OF.get(element.tag)} & moved
            else values(element)
            for where, element in everything(dcmread(BytesIO(data)))
        }


@SLOW
@given(nodes())
def test_one_original_has_one_result(level):
    data = file_of(level, "ISO_IR 100", implicit=False, odd=False)
    assert walked(data, rules()) == walked(data, rules())


@SLOW
@given(
    st.lists(st.dates(date(1990, 1, 1), date(2030, 12, 31)), min_size=2, max_size=6),
    st.sampled_from(["{0:%Y%m%d}", "{0:%Y%m%d}101112.25+0200", "{0:%Y%m%d}10"]),
)
def test_intervals_stay_to_the_day(days, form):
    keep = (0x00080020, 0x00080021, 0x00080023, 0x0008002A, 0x00400244, 0x00404050)
    level = []
    for tag, day in zip(keep, days, strict=False):
        text = form.format(day) if VR_OF[tag] == "DT" else f"{day:%Y%m%d}"
        level.append((tag, VR_OF[tag], (text.encode(), None)))
    data = file_of(level, "ISO_IR 192", implicit=False, odd=False)
    ending = walked(data, rules())
    assert not isinstance(ending, Reason), ending
    shift = weeks(SUBKEYS, person_of(parse(BytesIO(data))))
    assert 1 <= abs(shift) <= 26
    with as_it_is():
        made = dcmread(BytesIO(ending))
        for (tag, _, (text, _)), day in zip(level, days, strict=False):
            if tag in made:
                new = str(made[tag].value)
                moved = date(int(new[:4]), int(new[4:6]), int(new[6:8])) - day
                assert moved.days == 7 * shift, (hex(tag), text, new)


@SLOW
@given(nodes(), st.booleans())
def test_rekeying_composes(level, implicit):
    """A permit's header says the same as the clean one, in its own names, UIDs and dates."""
    ending = walked(file_of(level, "ISO_IR 192", implicit=implicit, odd=False), rules())
    assume(not isinstance(ending, Reason))
    with as_it_is():
        clean = dcmread(BytesIO(ending))
        start = len(ending) - len(clean.PixelData) - (8 if implicit else 12)
    person, other = Person("RELEASEPSEUDO001"), Person("RELEASEPSEUDO002")
    header = rekey(ending[:start], person=person, subkeys=PERMIT)
    assert header == rekey(ending[:start], person=person, subkeys=PERMIT)
    with as_it_is():
        released_one = dcmread(BytesIO(header + ending[start:]))
        elsewhere = dcmread(BytesIO(rekey(ending[:start], person=other, subkeys=SUBKEYS)))
    assert _said_of(released_one) == _said_of(clean)
    assert released_one.PatientID == person.pseudonym
    assert _compare(clean, released_one, "UI", lambda old, new: old != new)
    assert _compare(released_one, elsewhere, "UI", lambda old, new: old != new)
    mapped: dict[str, set[str]] = {}
    _compare(clean, released_one, "UI", lambda old, new: not mapped.setdefault(old, set()).add(new))
    assert all(len(new) == 1 for new in mapped.values())
    step = 7 * weeks(PERMIT, person)
    assert _compare(clean, released_one, "DA", lambda old, new: _days(new) - _days(old) == step)


def _said_of(made: Dataset) -> list[str]:
    with as_it_is():
        return [where for where, _ in everything(made)]


def _compare(before: Dataset, after: Dataset, vr: str, holds: Callable[[str, str], bool]) -> bool:
    with as_it_is():
        old, new = (
            {where: values(element) for where, element in everything(made) if vr == element.VR}
            for made in (before, after)
        )
    return all(
        holds(one, two)
        for where, said in old.items()
        for one, two in zip(said, new[where], strict=True)
        if not one.startswith("1.2.840.10008.") and (vr != "DA" or len(one) == 8)
    )


def _days(text: str) -> int:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8])).toordinal()


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00180060, "FD", b"29"),
        (0x00281050, "FL", b"12345"),
        (0x00181110, "US", b"1"),
        (0x00189306, "FD", b"\0" * 12),
    ],
)
def test_a_number_of_the_wrong_length_is_not_released(tag, vr, value):
    """A reader would stop at it, and nobody can say what it is."""
    data = file_of([(tag, vr, (value, None))], "ISO_IR 192", implicit=False, odd=False)
    ending = walked(data, rules())
    if not isinstance(ending, Reason):
        with as_it_is():
            assert all(
                values(element) is not None for _, element in everything(Result(ending).dataset)
            )
