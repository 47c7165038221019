"""A name of a file or folder stays only if it is wholly harmless, beside its neighbours too."""

import pytest

from deid.identity.identifiers import Identifiers
from flows.offline.harmless_names import split_suffix
from flows.offline.known import Known, Look


def told(path: str) -> str:
    known = Known()
    words, numbers = frozenset({"sjostrom", "karin", "tomo", "provbild"}), frozenset({"4711"})
    known.add("f", Look("s", "p", Identifiers((), frozenset(), {}, words, numbers)))
    return "/".join(part if stays else "#" for part, stays in known.may_be_told(path.split("/")))


@pytest.mark.parametrize(
    "name",
    [
        "Anna Andersson 070-999 88 77.dcm",
        "dr Karl Lindqvist anna.andersson@regionx.se.dcm",
        "1957 03 12 98 08.dcm",
        "19570312.9808.dcm",
        "S J Ö S T R Ö M.dcm",
        "Sjö ström.dcm",
        "Sjö-ström.dcm",
        "åS47.dcm",
        "tomo",
        "2023",
        "17",
        "vecka 16",
        "vecka16",
        "v16",
        "april",
        "måndag",
        "hösten",
        "host",
        "var",
        "femton",
        "IM2023",
        "IM20234",
        "IM0417",
        "IM1704",
        "IM2304",
        "IM4711",
        "IM14711",
        "IM000001",
        "SE5703 IM1298",
        "IM_0001",
        "obekantord",
        "..",
        ".",
        "IM1\n",
        "IM¹",
    ],
)
def test_all_else_becomes_a_token(name):
    assert told(name) == "#"


@pytest.mark.parametrize(
    "path",
    [
        "IM00001",
        "IM0001.dcm",
        "DICOM/ST1/SE2/I3",
        "mammografi/höger/IMG12.ima",
        "bilder från screening",
        "export_mammo-IM001",
        "cd.zip/a/IM1.DCM",
        "LMLO",
    ],
)
def test_harmless_words_and_one_counter_stay(path):
    assert told(path) == path


@pytest.mark.parametrize("path", ["2023/04/17/IM001", "2023/vecka 16/17/IM001"])
def test_a_date_in_a_path_does_not_give_a_shift_away(path):
    assert told(path) == "#/#/#/IM001"


def test_words_that_are_a_name_together_go_from_neighbouring_folders_too():
    assert told("provbröst/a/b") == "provbröst/#/#"
    assert told("prov/bild/IM1") == "#/#/IM1"


def test_a_word_that_becomes_a_name_later_is_judged_again():
    known = Known()
    assert known.may_be_told(["mammografi"]) == [("mammografi", True)]
    hers = Identifiers((), frozenset(), {}, frozenset({"mammografi"}))
    known.add("f", Look("s", "p", hers))
    assert known.may_be_told(["mammografi"]) == [("mammografi", False)]


def test_a_known_suffix_is_told_and_no_other():
    assert split_suffix("a.b.DCM") == ("a.b", ".DCM")
    assert split_suffix("a.Anna") == ("a.Anna", "")
    assert split_suffix(".dcm") == (".dcm", "")
