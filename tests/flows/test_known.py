"""What nobody could look at taints its study, and never hides what the rest says."""

import pytest

from catalog.outcome import Outcome
from deid.errors import Reason, SuspectError
from deid.identity import identifiers
from deid.identity.identifiers import Identifiers
from deid.identity.spelling import Edge, Needle, Reach
from deid.source import parse
from flows.offline import known
from flows.offline.known import Known, Look, look
from flows.people.protection import CONFIDENTIAL
from flows.sources.original import Original
from flows.walk import whom
from flows.walk.verdict import TWO_PATIENTS
from tests.flows.making import put
from tests.objects import STUDY, mammogram, part10

UNCHECKED = (Outcome.SUSPECT, Reason.UNCHECKED.value)


def found(*texts: str) -> Identifiers:
    needles = tuple(Needle(text, "name", Edge.LETTER, Reach.TEXT) for text in texts)
    return Identifiers(needles, frozenset(), {})


def looked(folder, **overrides) -> Look:
    put(folder, part10(mammogram(**overrides)))
    with Original(folder / "IM00001") as file:
        return look(parse(file.reader), file.stamp)


@pytest.mark.parametrize("broken", ["harvest", "identity", "is_confidential"])
def test_of_a_header_that_can_be_parsed_its_study_is_always_told(
    export_folder, monkeypatch, broken
):
    def fails(_):
        raise ZeroDivisionError

    monkeypatch.setattr(known, broken, fails)
    seen = looked(export_folder)
    assert (seen.study, seen.identifiers) == (STUDY, None)
    one = Known()
    one.add("b", Look(STUDY, seen.person, found()))
    one.add("a", seen)
    assert [one.ending(name) for name in "ab"] == [UNCHECKED] * 2
    assert one.identifies("IM1")


def test_a_flood_hides_neither_whose_it_is_nor_that_it_is_confidential(export_folder, monkeypatch):
    monkeypatch.setattr(identifiers, "MOST", 3)
    said = {"ConfidentialityConstraintOnPatientDataDescription": "SEKRETESS"}
    seen = looked(export_folder, **said)
    assert seen.identifiers is None
    assert seen.confidential
    assert seen.person == "195703129808"


def test_files_that_together_hold_too_much_taint_their_study_only(monkeypatch):
    monkeypatch.setattr(identifiers, "_MOST_TOGETHER", 3)
    one = Known()
    for number, name in enumerate("abc"):
        hers = found(f"namn{number}", f"mer{number}")
        one.add(name, Look("full", "her", hers))
    one.add("d", Look("other", "her", found("annan")))
    assert [one.ending(name) for name in "abc"] == [UNCHECKED] * 3
    assert one.ending("d") is None
    assert one.identifies("namn2")
    assert not one.identifies("IM1")


def test_the_sternest_reason_is_told():
    one = Known()
    one.add("a", Look("s", "one", None))
    assert one.ending("a") == UNCHECKED
    one.add("b", Look("s", "other", found()))
    assert one.ending("a") == (Outcome.REFUSED, TWO_PATIENTS)
    one.add("c", Look("s", "other", found(), confidential=True))
    assert one.ending("a") == (Outcome.REFUSED, CONFIDENTIAL)


def test_what_a_study_is_known_by_has_a_mark_that_no_order_changes():
    ways = [("ab", "cd"), ("cd", "ab"), ("ab", "ce")]
    marks = []
    for first, second in ways:
        one = Known()
        one.add("x", Look("s", "her", found(*first)))
        one.add("y", Look("s", "her", found(*second)))
        assert one.mark("x") == one.mark("y")
        marks.append(one.mark("x"))
    assert marks[0] == marks[1] != marks[2]


def test_an_ingest_lets_no_file_of_such_a_study_pass(export_folder, monkeypatch):
    put(export_folder, part10(mammogram()), part10(mammogram(SOPInstanceUID="1.2.3.4")))
    paths = sorted(export_folder.iterdir())
    genuine, calls = whom.harvest, []

    def once(parsed):
        calls.append(parsed)
        if len(calls) == 1:
            raise SuspectError(Reason.UNCHECKED)
        return genuine(parsed)

    monkeypatch.setattr(whom, "harvest", once)
    study = whom.look(paths, lambda _who: None)
    with Original(paths[1]) as file, pytest.raises(SuspectError):
        study.known(paths[1], file.stamp, parse(file.reader))


def test_an_ingest_is_not_stopped_by_a_study_that_holds_too_much(export_folder, monkeypatch):
    monkeypatch.setattr(identifiers, "_MOST_TOGETHER", 3)
    put(export_folder, part10(mammogram()), part10(mammogram(SOPInstanceUID="1.2.3.4")))
    study = whom.look(sorted(export_folder.iterdir()), lambda _who: None)
    assert study.unchecked
