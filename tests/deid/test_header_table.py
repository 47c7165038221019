"""Every row of Table E.1-1, carried out on a mammogram that has the attribute."""

import csv
from importlib.resources import files
from struct import pack
from typing import Any

import pytest
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence

from deid.elements import known_vr
from deid.identity.pseudonym import accession, study_id, uid
from deid.profiles.profile import Profile
from deid.profiles.rules import Action, Rule
from deid.values import Leaf, items, kinds_of, raw, walk
from tests.deid.headers import (
    PERSON,
    ROOT,
    SUBKEYS,
    cleaned,
    dataset,
    head_of,
    mammogram,
    parsed,
    profile,
    with_options,
    written,
)

TABLE = {
    row["tag"]: row["name"]
    for row in csv.DictReader(
        line
        for line in (files("deid") / "data" / "ps3_15_e1_1.csv").read_text("utf-8").splitlines()
        if line[0] != "#"
    )
}
PLANTED = {
    "AE": "ASAS",
    "AS": "075Y",
    "CS": "VALUE",
    "DA": "20230417",
    "DS": "61",
    "DT": "20230417101112",
    "IS": "75",
    "TM": "101112",
    "UI": f"{ROOT}.88",
    "UR": "http://sjostrom.se",
}
BINARY = {"OB": b"Sjostrom", "UN": b"Sjostrom", "US": 1}
ELSEWHERE = {"00020003", "00041511", "00001000", "00001001"}  # command, file meta, DICOMDIR


def planted(tag: str) -> tuple[int, str, Any]:
    """A tag of a row with a value that gives a woman away."""
    private = {"PRIVATE": 0x00110010}
    number = private.get(tag) or int(tag.replace("X", "0"), 16)
    number += 0x10 if tag == "50XXXXXX" else 0
    unknown = "DT" if TABLE[tag].endswith("DateTime") else "LO"
    vr = (known_vr(number) or unknown).split(" or ", maxsplit=1)[0]
    if vr == "SQ":
        return number, vr, [dataset(ReferencedSOPInstanceUID=f"{ROOT}.77")]
    if vr in BINARY or vr.startswith("O"):
        return number, vr, BINARY.get(vr, b"Sjostrom")
    return number, vr, PLANTED.get(vr, "Sjostrom Asa")


def fulfils(rule: Rule, element: Leaf | None, before: bytes) -> bool:
    """Tell whether what became of an element is what its rule says."""
    after = raw(element) if element is not None else b""
    within = items(element) if element is not None else None
    gone = b"jostrom" not in after and (after != before or after.strip() in {b"0", b"000000"})
    ends = {
        Action.REMOVE: element is None,
        Action.KEEP: after == before,
        Action.EMPTY: element is not None and not after and not within,
        Action.SHIFT: len(after) == len(before) and after[:8] != before[:8],
        Action.PSEUDONYM: after.strip() == PERSON.pseudonym.encode(),
        Action.AGE: after == b"075Y",
        Action.ACCESSION: after.decode("latin-1")
        == accession(SUBKEYS, before.decode("latin-1").strip()),
        Action.STUDY_ID: after.decode("latin-1")
        == study_id(SUBKEYS, before.decode("latin-1").strip()),
        Action.UID: after.startswith(b"2.25."),
        Action.REFERENCE: within is not None,
        Action.DUMMY: (bool(after) and gone) or bool(within),
    }
    if rule.action is Action.CLEAN:
        harmless = b"jostrom" not in before and after == before
        return bool(within) or harmless or ends[rule.otherwise]
    return ends[rule.action]


ROWS = [tag for tag in TABLE if tag not in ELSEWHERE]
AT_ONCE = 24  # rows in one object


@pytest.mark.parametrize("first", range(0, len(ROWS), AT_ONCE))
@pytest.mark.parametrize("chosen", [profile(), with_options()], ids=["mammography", "basic"])
def test_every_row_of_the_table_is_carried_out(chosen: Profile, first: int) -> None:
    made = mammogram()
    for tag in ROWS[first : first + AT_ONCE]:
        number, vr, value = planted(tag)
        made[number] = DataElement(number, vr, Sequence(value) if vr == "SQ" else value)
    original = parsed(made)
    clean = cleaned(original, profile=chosen)
    for tag in ROWS[first : first + AT_ONCE]:
        number, vr, _ = planted(tag)
        after = clean.dataset.get_item(number) if number in clean.dataset else None
        before = original.header.get_item(number) if number in original.header else None
        if number >> 24 == 0x60 or before is None:  # nobody looked, or behind the pixels
            assert after is None, tag
            continue
        rule = chosen.rules["mg"].rule(number, kinds_of(number, vr), nested=False)
        written_anew = rule.reason == "written anew" and after is not None
        assert written_anew or fulfils(rule, after, raw(before)), tag
    head = head_of(clean)
    assert b"jostrom" not in head
    assert ROOT.encode() not in head


@pytest.mark.parametrize("tag", sorted(ELSEWHERE))
def test_rows_of_other_groups_never_stand_in_a_dataset(tag: str) -> None:
    data = written(mammogram())
    start = data.index(pack("<HH2s", 8, 5, b"CS"))
    group, number = int(tag[:4], 16), int(tag[4:], 16)
    astray = pack("<HH2sH", group, number, b"UI", 8) + b"1.2.3.4\0"
    if group != 2:
        tags = {
            path[-1] for path, _, _ in walk(cleaned(data[:start] + astray + data[start:]).dataset)
        }
        assert int(tag, 16) not in tags
    assert cleaned(data).meta.MediaStorageSOPInstanceUID == uid(SUBKEYS, f"{ROOT}.3.1")
