import csv
import json
from collections import Counter
from importlib.resources import files

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword

from deid.profiles.rules import BYTE_VRS, IODS, TEXT_VRS, Action, resolve, single
from deid.profiles.table import OPTIONS, table_lines
from tests.deid.headers import profile, with_options

FULL, MODIFIED = "retain_longitudinal_full_dates", "retain_longitudinal_modified_dates"
TABLE = (files("deid") / "data" / "ps3_15_e1_1.csv").read_text("utf-8")
ROWS = list(csv.DictReader(line for line in TABLE.splitlines() if line[0] != "#"))


def lines(*options: str) -> dict[str, str]:
    return {line.tag: line.action for line in table_lines(TABLE, frozenset(options))}


def action(tag: int, vr: str, *, iod: str = "mg", nested: bool = False) -> Action:
    return profile().rules[iod].rule(tag, frozenset({vr}), nested=nested).action


def test_the_table_is_whole() -> None:
    assert len(ROWS) == 657
    assert Counter(row["basic"] for row in ROWS) == {
        "X": 417,
        "D": 93,
        "U": 55,
        "Z": 42,
        "X/D": 23,
        "X/Z": 11,
        "X/Z/D": 8,
        "Z/D": 6,
        "X/Z/U*": 2,
    }


def test_without_options_every_row_is_basic() -> None:
    assert lines() == {row["tag"]: row["basic"] for row in ROWS if row["tag"] != "PRIVATE"}


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_each_option_speaks_on_its_own_rows_and_no_others(option: str) -> None:
    basic, chosen = lines(), lines(option)
    for row in ROWS[:-1]:
        tag = row["tag"]
        if row[option] == "K":
            assert chosen[tag] == "K"
        elif option == MODIFIED and row[option]:
            assert chosen[tag] in {"S", "K", basic[tag]}
        elif row[option] == "C":
            assert chosen[tag] == "C"
        else:
            assert chosen[tag] == basic[tag]


@pytest.mark.parametrize(
    ("tag", "options", "expected"),
    [
        ("00080020", {MODIFIED}, "S"),
        ("00080030", {MODIFIED}, "K"),
        ("0040A034", {MODIFIED}, "S"),  # unknown to pydicom
        ("00080201", {MODIFIED}, "X"),  # a time zone can be neither shifted nor cleaned
        ("00181200", {MODIFIED, "retain_device_identity"}, "K"),
        ("00102110", {"retain_patient_characteristics"}, "C"),
        ("00081030", {"clean_descriptors", MODIFIED}, "C"),
        ("0040A730", {"clean_structured_content"}, "C"),
        ("00700001", {"clean_graphics"}, "C"),
        ("60XX4000", {"clean_graphics"}, "C"),
    ],
)
def test_where_several_options_speak_one_wins(tag: str, options: set[str], expected: str) -> None:
    assert lines(*options)[tag] == expected


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        ("X/Z/D", "3", "X"),
        ("X/Z/D", "2", "Z"),
        ("X/Z/D", "2C", "Z"),
        ("X/Z/D", "1", "D"),
        ("X/Z/D", "", "D"),
        ("X/D", "2", "D"),
        ("Z/D", "1C", "D"),
        ("X/Z", "", "Z"),
        ("X/Z/U*", "1", "U*"),
        ("X", "1", "X"),
    ],
)
def test_compounds_resolve_by_type(code: str, kind: str, expected: str) -> None:
    assert resolve(code, kind) == expected


def test_an_attribute_is_resolved_by_iod_and_depth() -> None:
    serial, institution = 0x00181000, 0x00080080
    assert action(serial, "LO") is Action.REMOVE
    assert action(serial, "LO", iod="dbt") is Action.DUMMY
    assert action(institution, "LO") is Action.REMOVE
    assert action(institution, "LO", nested=True) is Action.DUMMY
    assert action(0x0040A075, "PN", iod="sr", nested=True) is Action.DUMMY


@pytest.mark.parametrize(
    ("tag", "vr", "expected"),
    [
        (0x00181400, "LO", Action.CLEAN),  # in the table
        (0x00187006, "LT", Action.CLEAN),  # text that is not
        (0x00081190, "UR", Action.REMOVE),
        (0x00180015, "CS", Action.KEEP),
        (0x00280010, "US", Action.KEEP),
        (0x00540220, "SQ", Action.CLEAN),
        (0x00081150, "UI", Action.UID),
        (0x00189701, "DT", Action.SHIFT),
        (0x00140102, "OB", Action.REMOVE),
        (0x00741000, "CS", Action.REMOVE),  # of a group no image needs
        (0x00101FFE, "LO", Action.REMOVE),  # unknown to PS3.6
        (0x00090010, "LO", Action.REMOVE),
        (0x00080000, "UL", Action.REMOVE),
        (0x00020016, "AE", Action.REMOVE),
        (0x00001001, "UI", Action.REMOVE),
        (0x00041130, "CS", Action.REMOVE),
        (0x00060001, "LO", Action.REMOVE),
        (0x50000005, "US", Action.REMOVE),
        (0x501E3000, "OW", Action.REMOVE),
        (0x60003000, "OW", Action.CLEAN),
        (0x60FE0010, "US", Action.KEEP),
        (0x60024000, "LT", Action.CLEAN),
        (0x601E0022, "LO", Action.CLEAN),
    ],
)
def test_every_attribute_has_a_rule(tag: int, vr: str, expected: Action) -> None:
    found = profile().rules["mg"].rule(tag, frozenset({vr}), nested=False)
    assert found.action is expected
    assert found.reason
    assert found.clause


def test_without_clean_graphics_no_plane_stays() -> None:
    bare = with_options().rules["mg"]
    for tag in (0x60003000, 0x60FE0010, 0x60024000):
        assert bare.rule(tag, frozenset({"OW"}), nested=False).action is Action.REMOVE


@pytest.mark.parametrize("options", [(), (FULL,), (MODIFIED,)], ids=["none", "full", "modified"])
def test_dates_that_no_line_names_go_with_the_option(options: tuple[str, ...]) -> None:
    found = with_options(*options).rules["image"].rule(0x0008041F, frozenset({"DT"}), nested=True)
    expected = {FULL: Action.KEEP, MODIFIED: Action.SHIFT}
    assert found.action is expected.get("".join(options), Action.REMOVE)


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00080070, "OB"),  # a maker in bytes
        (0x00080104, "PN"),  # a meaning that says it is a name
        (0x00283006, "LO"),  # a lookup table that says it is text
        (0x00100040, "DA"),  # a sex that is a date
        (0x00080030, "LO"),  # a time in words
    ],
)
def test_what_is_kept_is_so_only_as_the_kind_it_is(tag: int, vr: str) -> None:
    kinds = frozenset({vr, dictionary_VR(tag)})
    found = profile().rules["mg"].rule(tag, kinds, nested=True)
    assert found.action is not Action.KEEP
    assert found.action is found.otherwise


def test_bytes_stay_only_where_their_iod_has_them() -> None:
    table, palette = frozenset({"US or OW", "OW"}), frozenset({"OW"})
    rules = profile().rules
    assert rules["mg"].rule(0x00283006, table, nested=True).action is Action.KEEP
    assert rules["mg"].rule(0x00283006, table, nested=False).action is not Action.KEEP
    assert rules["mg"].rule(0x00281201, palette, nested=False).action is Action.REMOVE
    assert rules["image"].rule(0x00281201, palette, nested=False).action is Action.KEEP


NAMES = {
    "mg": ("digital-mammography-x-ray-image",),
    "dbt": ("breast-tomosynthesis-image",),
    "bpx": ("breast-projection-x-ray-image",),
    "sc": ("secondary-capture-image",),
    "cr": ("computed-radiography-image",),
    "cad_sr": ("mammography-cad-sr",),
    "sr": ("basic-text-sr", "enhanced-sr", "comprehensive-sr", "comprehensive-3d-sr"),
    "ko": ("key-object-selection-document",),
    "pr": ("grayscale-softcopy-presentation-state", "color-softcopy-presentation-state"),
    "seg": ("segmentation",),
    "image": (
        "ct-image",
        "enhanced-mr-image",
        "ultrasound-image",
        "x-ray-angiographic-image",
        "positron-emission-tomography-image",
        "vl-whole-slide-microscopy-image",
    ),
}


@pytest.mark.parametrize("iod", IODS)
def test_nothing_is_removed_that_the_iod_demands(iod: str) -> None:
    """Against highdicom's own tables: of Type 1 and 2 all is kept, emptied or replaced."""
    standard = files("highdicom") / "_standard"
    modules = json.loads((standard / "iod_module_map.json").read_text("utf-8"))
    attributes = json.loads((standard / "module_attribute_map.json").read_text("utf-8"))
    checked = 0
    for name in NAMES[iod]:
        for module in modules[name]:
            for entry in attributes[module["key"]] if module["usage"] == "M" else ():
                tag = tag_for_keyword(entry["keyword"])
                if entry["type"] not in {"1", "2"} or tag is None or tag == 0x7FE00010:
                    continue
                above = [action(tag_for_keyword(k) or 0, "SQ", iod=iod) for k in entry["path"]]
                if Action.REMOVE in above:
                    continue
                kinds = frozenset({dictionary_VR(tag)})
                found = profile().rules[iod].rule(tag, kinds, nested=bool(entry["path"]))
                ends = found.otherwise if found.action is Action.CLEAN else found.action
                checked += 1
                if found.reason == "written anew" or single(kinds) & BYTE_VRS:
                    continue
                assert ends is not Action.REMOVE, entry["keyword"]
                if entry["type"] == "1" and not single(kinds) <= {"SQ"} | TEXT_VRS:
                    assert ends is not Action.EMPTY, entry["keyword"]
    assert checked > 20
