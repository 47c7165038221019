"""Searches in a PACS that holds answers back, ignores keys, or writes oddly."""

import threading
import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from flows import log
from flows.errors import (
    SourceAwayError,
    SourceError,
    SourceRefusedError,
    StoppedError,
    TruncatedError,
)
from flows.sources.network import question, window
from flows.sources.network.pacs import Pacs
from flows.sources.source import Query
from tests.flows.sources.peers import PATIENCE, Go, uid
from tests.flows.sources.scripted import Given, Scripted, answer, archive

# pynetdicom lets go of a socket that its other side has closed at the same moment, unclosed.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <socket\.socket:pytest.PytestUnraisableExceptionWarning"
)
FIRST = date(2026, 1, 1)
JANUARY = (FIRST, date(2026, 1, 31))


def row(number: int, day: date = FIRST, **more: str) -> dict[str, str]:
    return {
        "StudyInstanceUID": uid(number),
        "StudyDate": day.strftime("%Y%m%d"),
        "StudyTime": f"{8 + number % 9:02d}{number % 60:02d}{number * 7 % 60:02d}",
        "AccessionNumber": f"A{number}",
        "ModalitiesInStudy": "MG",
    } | more


def find(pacs: Scripted, query: Query, **peer: Any) -> list[str]:
    with pacs.running():
        return [study.accession for study in Pacs(pacs.peer(**peer)).find(query, Go())]


@pytest.mark.parametrize(("most", "status"), [(50, 0), (32, 0xA700), (40, 0xC001)])
def test_an_answer_that_is_cut_off_is_asked_for_in_halves(most: int, status: int) -> None:
    rows = [row(number, FIRST + timedelta(days=number % 2)) for number in range(120)]
    pacs = Scripted(archive(rows, most=most, status=status))
    found = find(pacs, Query(JANUARY))
    assert sorted(found) == sorted(f"A{number}" for number in range(120))
    assert any(asked.get("StudyTime") for asked in pacs.questions)


def test_a_known_limit_is_believed() -> None:
    rows = [row(number) for number in range(100)]
    pacs = Scripted(archive(rows))
    assert len(find(pacs, Query(JANUARY), most_answers=0)) == 100
    assert len(pacs.questions) == 1
    cut = Scripted(archive(rows, most=33))
    assert len(find(cut, Query(JANUARY), most_answers=33)) == 100


def test_a_day_that_cannot_be_divided_is_told() -> None:
    rows = [row(number) for number in range(120)]
    by = ("StudyDate", "ModalitiesInStudy")
    with pytest.raises(TruncatedError, match="does not divide the day"):
        find(Scripted(archive(rows, most=100, by=by)), Query(JANUARY))


def test_studies_of_one_second_that_are_cut_off_are_told() -> None:
    rows = [row(number, StudyTime="080000") for number in range(120)]
    with pytest.raises(TruncatedError, match="cannot be asked for in smaller pieces"):
        find(Scripted(archive(rows, most=100)), Query(JANUARY))


def test_a_study_without_a_time_cannot_hide_behind_a_limit() -> None:
    rows = [row(number, StudyTime="" if number == 3 else "080000") for number in range(120)]
    with pytest.raises(TruncatedError, match="does not divide the day"):
        find(Scripted(archive(rows, most=100)), Query(JANUARY))


def test_a_window_that_ends_at_midnight_misses_no_fraction_of_a_second() -> None:
    times = ("000000.000", "115959.700000", "120000", "235959.900000")
    many = [row(number, StudyTime=time) for number, time in enumerate(times)]
    pacs = Scripted(archive(many, most=3))
    assert len(find(pacs, Query(JANUARY), most_answers=3)) == 4


def test_a_pacs_that_cuts_off_without_end_is_not_asked_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [row(number) for number in range(120)]
    monkeypatch.setattr(window, "MOST_QUESTIONS", 20)
    pacs = Scripted(archive(rows, most=2, status=0xA700))
    with pytest.raises(TruncatedError, match="fewer days at a time"):
        find(pacs, Query(JANUARY))
    assert len(pacs.questions) == 20


def test_an_accession_number_that_is_cut_off_is_told() -> None:
    rows = [row(number, AccessionNumber="A") for number in range(60)]
    with pytest.raises(TruncatedError, match="limit"):
        find(Scripted(archive(rows, most=50)), Query(None, accessions=("A",)))


def test_a_pacs_that_ignores_every_key_is_checked() -> None:
    rows = [
        row(1),
        row(2, ModalitiesInStudy="CT"),
        row(3, date(2025, 12, 31)),
        row(4, ModalitiesInStudy="MG\\SR"),
        row(4, ModalitiesInStudy="MG\\SR"),
    ]
    assert find(Scripted(archive(rows, by=())), Query(JANUARY)) == ["A1", "A4"]
    assert find(Scripted(archive(rows, by=())), Query(None, accessions=("A4",))) == ["A4"]


def with_series(**series: str) -> Scripted:
    """A PACS whose studies say no modality; the series of study n are `n=modality/station`."""

    def answers(identifier: Any, _event: Any) -> Given:
        if identifier.QueryRetrieveLevel == "STUDY":
            for number in series:
                yield answer(**row(int(number[1:]), ModalitiesInStudy=""))
            return
        told = {uid(int(number[1:])): value for number, value in series.items()}
        modality, station = told[identifier.StudyInstanceUID].split("/")
        yield answer(
            StudyInstanceUID=identifier.StudyInstanceUID,
            SeriesInstanceUID=uid(9, 9),
            Modality=modality,
            StationName=station,
            NumberOfSeriesRelatedInstances="4",
        )

    return Scripted(answers)


def test_modality_and_station_are_looked_up_in_the_series() -> None:
    told = {"s1": "MG/MAM1", "s2": "CT/MAM1", "s3": "MG/mam2"}
    assert find(with_series(**told), Query(JANUARY)) == ["A1", "A3"]
    assert find(with_series(**told), Query(JANUARY, stations=("MAM2", "MAM9"))) == ["A3"]


def test_what_cannot_be_chosen_is_told() -> None:
    with pytest.raises(SourceRefusedError, match="modalities neither"):
        find(with_series(s1="/MAM1"), Query(JANUARY))
    with pytest.raises(SourceRefusedError, match="stations"):
        find(with_series(s1="MG/"), Query(JANUARY, stations=("MAM1",)))


def test_a_question_says_its_character_set() -> None:
    pacs = Scripted(archive([row(1, AccessionNumber="Å1", SpecificCharacterSet="ISO_IR 100")]))
    assert find(pacs, Query(None, accessions=("Å1", "B2"))) == ["Å1"]
    assert [asked.get("SpecificCharacterSet") for asked in pacs.questions] == ["ISO_IR 100", None]


def test_an_accession_number_is_no_pattern() -> None:
    with pytest.raises(SourceError, match="holds"):
        find(Scripted(archive([row(1)])), Query(None, accessions=("A*",)))


def soon(said: list[bool]) -> bool:
    """Wait for what the PACS notes in a thread of its own."""
    until = time.monotonic() + 10
    while not said and time.monotonic() < until:
        time.sleep(0.05)
    return bool(said)


def test_endless_answers_are_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "MOST_ANSWERS", 60)
    cancelled = []

    def answers(_identifier: Any, event: Any) -> Given:
        number = 0
        while not event.is_cancelled:
            time.sleep(0.001)  # the same process must read what we send
            number += 1
            yield answer(**row(number % 5))
        cancelled.append(True)
        yield 0xFE00, None

    with pytest.raises(TruncatedError):
        find(Scripted(answers), Query((FIRST, FIRST)))
    assert soon(cancelled)


@pytest.mark.parametrize("whole_day", [False, True])
def test_a_pacs_that_ignores_our_cancel_is_asked_for_less(
    monkeypatch: pytest.MonkeyPatch, *, whole_day: bool
) -> None:
    monkeypatch.setattr(question, "MOST_ANSWERS", 60)
    deaf, quick = threading.Event(), replace(PATIENCE, cancel=0.3)

    def answers(identifier: Any, event: Any) -> Given:
        if "-" in identifier.StudyDate or whole_day:
            while not deaf.is_set() and event.assoc.is_established:
                time.sleep(0.001)
                yield answer(**row(1))
        yield answer(**row(0, StudyDate=identifier.StudyDate[:8]))

    days = (FIRST, FIRST if whole_day else FIRST + timedelta(1))
    try:
        if whole_day:
            with pytest.raises(TruncatedError):
                find(Scripted(answers), Query(days), patience=quick)
        else:
            assert len(find(Scripted(answers), Query(days), patience=quick)) == 1
    finally:
        deaf.set()


def test_a_search_that_is_stopped_is_cancelled_at_the_pacs() -> None:
    cancelled = []

    def answers(_identifier: Any, event: Any) -> Given:
        for number in range(100_000):
            if event.is_cancelled:
                cancelled.append(number)
                yield 0xFE00, None
                return
            time.sleep(0.001)  # as above
            yield answer(**row(number))

    with Scripted(answers).running() as pacs, pytest.raises(StoppedError):
        list(Pacs(pacs.peer()).find(Query(JANUARY), Go(after=5)))
    assert soon(cancelled)


def test_a_pacs_that_breaks_off_or_falls_silent_is_away() -> None:
    def aborts(_identifier: Any, event: Any) -> Given:
        yield answer(**row(1))
        event.assoc.abort()
        yield answer(**row(2))

    def sleeps(_identifier: Any, event: Any) -> Given:
        yield answer(**row(1))
        while event.assoc.is_established:
            time.sleep(0.1)

    with pytest.raises(SourceAwayError, match="broke"):
        find(Scripted(aborts), Query(JANUARY))
    with pytest.raises(SourceAwayError, match="silent"):
        find(Scripted(sleeps), Query(JANUARY))


def test_an_answer_of_megabytes_is_none() -> None:
    def answers(_identifier: Any, _event: Any) -> Given:
        yield answer(**row(1), TextValue="x" * (2 << 20))

    with pytest.raises(SourceAwayError):
        find(Scripted(answers), Query(JANUARY))


def test_an_answer_that_names_no_study_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    assert find(Scripted(archive([row(1, StudyInstanceUID=""), row(2)])), Query(JANUARY)) == ["A2"]
    assert '"count": 1' in capsys.readouterr().err


def test_a_question_that_is_not_accepted_is_told() -> None:
    def refuses(_identifier: Any, _event: Any) -> Given:
        yield 0xA900, None

    with pytest.raises(SourceRefusedError, match="A900"):
        find(Scripted(refuses), Query(JANUARY))


@pytest.mark.parametrize("described", [False, True])
def test_what_a_study_was_made_for_is_asked_only_where_it_matters(*, described: bool) -> None:
    pacs = Scripted(archive([row(1, StudyDescription="Screening", ReasonForVisit="Kallad")]))
    with pacs.running():
        query = Query((FIRST, FIRST), described=described)
        (found,) = Pacs(pacs.peer()).find(query, Go())
    assert ("StudyDescription" in pacs.questions[0]) is described
    if described:
        assert found.described == ("Screening", "Kallad")
