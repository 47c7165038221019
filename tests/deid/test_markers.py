import pytest

from deid.pixels.detection.markers import (
    Marker,
    contradicts,
    read_cut_marker,
    read_marker,
    seems_to_contradict,
)


@pytest.mark.parametrize(
    ("text", "laterality", "view"),
    [
        ("LCC", "L", "CC"),
        ("R MLO", "R", "MLO"),
        ("rmlo", "R", "MLO"),
        ("L-ML", "L", "ML"),
        ("RLM", "R", "LM"),
        ("R", "R", ""),
        ("L.", "L", ""),
        ("B CC", "B", "CC"),
        ("MLO", "", "MLO"),
        ("R ML0", "R", "MLO"),
        ("XCCL", "", "XCCL"),
        ("RID", "R", "ID"),
        ("TAN", "", "TAN"),
        ("[R CC]", "R", "CC"),
    ],
)
def test_markers_are_read(text: str, laterality: str, view: str) -> None:
    assert read_marker(text) == Marker(laterality, view)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "LINDA L CC",
        "L CC 19620314",
        "15",
        "ROLF",
        "LARS",
        "BO",
        "R R",
        "CC MLO",
        "19620314-2387",
        "ÅSA",
        "L CC Å",
        "A",
        "B",
    ],
)
def test_everything_else_is_not(text: str) -> None:
    assert read_marker(text) is None


@pytest.mark.parametrize(
    ("text", "at_start", "at_end"),
    [
        ("LC", False, True),
        ("LC(", False, True),
        ("LMLC", False, True),
        ("CC", True, False),
        ("FCC", True, False),
        ("4CC", True, False),
        ("IMLO", True, False),
        ("ML", True, True),
    ],
)
def test_what_a_border_leaves_of_a_marker_is_one(text: str, at_start: bool, at_end: bool) -> None:
    halved = (True, True)
    read = read_cut_marker(text, at_start=at_start, at_end=at_end, halved=halved)
    assert read == Marker("", "", cut=True)


@pytest.mark.parametrize(
    ("text", "at_start", "at_end"),
    [
        ("", True, True),
        ("15", True, False),
        ("3", True, False),
        ("LC", True, False),
        ("ANNA", True, False),
        ("DSSON", True, True),
        ("2387", False, True),
        ("MLO", False, False),
        ("CC LINDA", True, False),
    ],
)
def test_what_a_border_leaves_of_a_name_is_none(text: str, at_start: bool, at_end: bool) -> None:
    assert read_cut_marker(text, at_start=at_start, at_end=at_end) is None


@pytest.mark.parametrize("text", ["MLG", "CCA", "LMLOV", "RCCE"])
def test_only_a_letter_that_the_border_may_halve_is_passed_over(text: str) -> None:
    assert read_cut_marker(text, at_start=False, at_end=True) is None
    assert read_cut_marker(text, at_start=False, at_end=True, halved=(False, True)) is not None


@pytest.mark.parametrize(
    ("text", "at_start", "at_end"),
    [
        ("ML Ö", False, True),
        ("ÅLO", True, False),
        ("ЯCC", True, False),
        ("MLO王", False, True),
        ("TAN", False, True),
        ("LIS", False, True),
        ("RITA", False, True),
        ("LISO", True, False),
        ("IDA", False, True),
        ("SPOT", False, True),
    ],
)
def test_no_other_letter_is_passed_over_and_what_is_a_name_sooner_is_one(
    text: str, at_start: bool, at_end: bool
) -> None:
    read = read_cut_marker(text, at_start=at_start, at_end=at_end, halved=(True, True))
    assert read is None


@pytest.mark.parametrize(
    ("marker", "laterality", "view", "against"),
    [
        (Marker("L", "CC"), "R", "CC", True),
        (Marker("L", "CC"), "L", "MLO", True),
        (Marker("", "CC"), "L", "MLO", True),
        (Marker("L", "CC"), "L", "CC", False),
        (Marker("L", ""), "L", "MLO", False),
        (Marker("", "CC"), "R", "CC", False),
        (Marker("L", "CC"), "", "", False),
        (Marker("B", "CC"), "L", "CC", False),
        (Marker("R", "XCC"), "R", "XCCL", False),
        (Marker("R", "MLO"), "R", "ML", False),
        (Marker("R", "SPOT"), "R", "CC", False),
        (Marker("R", "CC"), "R", "AT", False),
        (Marker("L", "CC", cut=True), "R", "MLO", False),
        (Marker("L", "CC", sure=False), "R", "MLO", False),
    ],
)
def test_a_marker_is_held_against_the_header(
    marker: Marker, laterality: str, view: str, against: bool
) -> None:
    assert contradicts(marker, laterality, view) is against


def test_what_may_be_a_marker_seems_to_contradict_and_holds_nothing_back():
    unsure = Marker("L", "CC", sure=False)
    assert seems_to_contradict(unsure, "R", "CC")
    assert not contradicts(unsure, "R", "CC")
    assert not seems_to_contradict(unsure, "L", "CC")
