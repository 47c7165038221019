"""What an administrator plans is checked, cut into stretches of days, and reckoned beforehand."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from catalog.plans.records import SourceKind, Window, WindowState
from flows.errors import ExportRefusedError, PlanError, SourceError
from flows.exports import planning
from flows.exports.asking import UNKNOWN, Asked
from flows.exports.content import Content, Limits, Selection, content_of, read_content
from flows.exports.preview import USUAL_BYTES, preview
from flows.exports.windows import following, is_finished
from flows.sources.definition import definition, describe
from flows.sources.source import Availability, FoundStudy, Query, Stop
from flows.wiring import RegionParts
from tests.flows.sources.peers import Go

TODAY = date(2026, 11, 22)
DAY = timedelta(1)
DICOM = {"kind": "DICOM", "ae_title": "PACS", "host": "pacs.example", "port": 104}


def content(**told: Any) -> Content:
    return read_content({"selection": {"first": date(2026, 11, 1)}, **told})


def windows(*days: tuple[date, date]) -> list[Window]:
    return [Window("p", first, last, WindowState.DONE, "e") for first, last in days]


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"selection": {}}, "say a first day"),
        ({"selection": {"first": "2026-02-01", "last": "2026-01-01"}}, "before the first"),
        ({"selection": {"first": "CANARY"}}, "selection.first"),
        ({"selection": {"accessions": ["CANARY*"]}}, "selection.accessions"),
        ({"selection": {"first": "2026-01-01"}, "schedule": {"timezone": "Mars"}}, "time zone"),
        ({"selection": {"first": "2026-01-01"}, "limits": {"tries": 0}}, "limits.tries"),
        ({"selection": {"first": "2026-01-01"}, "night": 1}, "night"),
    ],
)
def test_a_wrong_plan_says_what_is_wrong_and_quotes_nothing(told: object, wrong: str) -> None:
    with pytest.raises(PlanError, match=wrong) as caught:
        read_content(told)
    assert "CANARY" not in str(caught.value)


def test_a_plan_comes_back_from_the_ledger() -> None:
    told = content(limits={"days": 3})
    assert content_of(told.model_dump_json()) == told


def test_a_backfill_is_cut_into_stretches() -> None:
    told = content(
        selection={"first": date(2026, 1, 1), "last": date(2026, 1, 10)}, limits={"days": 4}
    )
    stretches = list(following(told, (), TODAY))
    assert [(last - first).days for first, last in stretches] == [3, 3, 1]
    assert stretches[0][0] == date(2026, 1, 1)
    assert stretches[-1][1] == date(2026, 1, 10)
    assert all(b[0] - a[1] == DAY for a, b in pairwise(stretches))
    assert is_finished(told, windows(*stretches), TODAY)
    assert not is_finished(told, windows(*stretches[:2]), TODAY)


def test_what_is_new_goes_on_where_it_ended_and_waits_until_it_has_settled() -> None:
    told = content(limits={"days": 30, "settling_days": 14})
    (first,) = following(told, (), TODAY)
    assert first == (date(2026, 11, 1), date(2026, 11, 8))
    assert list(following(told, windows(first), TODAY)) == []
    (then,) = following(told, windows(first), TODAY + 2 * DAY)
    assert then == (date(2026, 11, 9), date(2026, 11, 10))
    assert not is_finished(told, windows(first, then), TODAY)


def test_accession_numbers_are_one_stretch() -> None:
    told = content(selection={"accessions": ["A1", "A2"]})
    assert list(following(told, (), TODAY)) == [(TODAY, TODAY)]
    assert list(following(told, windows((TODAY, TODAY)), TODAY)) == []
    assert is_finished(told, windows((TODAY, TODAY)), TODAY)


class Told:
    """A source that answers from a list, and remembers what it was asked."""

    def __init__(self, *studies: FoundStudy) -> None:
        self.studies = studies
        self.asked: list[Query] = []

    def find(self, query: Query, _stop: Stop) -> Iterator[FoundStudy]:
        self.asked.append(query)
        first, last = query.dates or (date.min, date.max)
        for one in self.studies:
            stationed = not query.stations or one.accession in query.stations
            if stationed and first <= (one.study_date or first) <= last:
                yield one


def study(number: int, day: date, station: str = "") -> FoundStudy:
    found = FoundStudy(f"1.2.{number}", station, "", day, ("MG",), 4)
    return replace(found, availability=Availability.ONLINE)


def test_a_preview_counts_and_moves_nothing() -> None:
    told = Content(
        selection=Selection(first=date(2026, 1, 1), last=date(2026, 2, 28)),
        limits=Limits(studies_per_night=1, days=31),
    )
    source = Told(
        study(1, date(2026, 1, 5)),
        replace(study(2, date(2026, 2, 5)), instances=None),
        replace(study(3, date(2026, 2, 6)), availability=Availability.NEARLINE),
    )
    asked = Asked(source, told.selection, (), nearline=False)  # type: ignore[arg-type]
    found = preview(asked, told, Go(), TODAY)
    assert (found.studies, found.skipped, found.instances, found.reckoned) == (2, 1, 8, 1)
    assert found.bytes == 8 * USUAL_BYTES
    assert found.nights == 2
    assert found.by_month == {"2026-01": 1, "2026-02": 1}


@pytest.mark.parametrize(("kind", "found"), [("both", 2), ("screening", 1), ("clinical", 1)])
def test_screening_goes_by_the_sources_stations(kind: Any, found: int) -> None:
    source = Told(study(1, TODAY, "BUS"), study(2, TODAY, "CLINIC"))
    selection = Selection(first=TODAY, screening=kind)
    asked = Asked(source, selection, ("BUS",), nearline=False)  # type: ignore[arg-type]
    assert len(list(asked.studies((TODAY, TODAY), Go()))) == found


DESCRIBED = (
    "Mammografi  SCREENING",
    "Mammografi, klinisk [akut]",
    "Något annat",
    "",
    "Mammografi screening, återkallad",
)


@pytest.mark.parametrize(("kind", "taken"), [("screening", {"A0"}), ("clinical", {"A1"})])
def test_screening_goes_by_what_a_study_was_made_for_and_the_unknown_is_counted(
    kind: Any, taken: set[str]
) -> None:
    source = Told(
        *(
            replace(study(number, TODAY, f"A{number}"), described=(told,) if told else ())
            for number, told in enumerate(DESCRIBED)
        )
    )
    selection = Selection(
        first=TODAY,
        screening=kind,
        screening_descriptions=("mammografi screening*",),
        clinical_descriptions=("Mammografi, klinisk [akut]", "*återkallad"),
    )
    asked = Asked(source, selection, (), nearline=False)  # type: ignore[arg-type]
    told = [asked.announce(one) for one in asked.studies((TODAY, TODAY), Go())]
    assert {one.accession for one in told if not one.skipped} == taken
    unknown = {one.accession for one in told if one.why == UNKNOWN}
    assert unknown == {"A2", "A3", "A4"}  # of no list, without a word, and of both lists
    assert all(query.described for query in source.asked)
    limits = Limits(settling_days=0)
    found = preview(asked, Content(selection=selection, limits=limits), Go(), TODAY)
    assert (found.studies, found.unknown, found.skipped) == (1, 3, 0)


def test_a_choice_that_nothing_can_tell_is_refused() -> None:
    selection = Selection(first=TODAY, screening="screening")
    asked = Asked(Told(study(1, TODAY)), selection, (), nearline=False)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="nothing tells"):
        list(asked.studies((TODAY, TODAY), Go()))
    with pytest.raises(PlanError, match="which descriptions mean clinical"):
        read_content(
            {
                "selection": {
                    "first": TODAY,
                    "screening": "clinical",
                    "screening_descriptions": ["x"],
                }
            }
        )


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({}, "source"),
        ({"kind": "DICOM"}, "ae_title"),
        ({**DICOM, "ae_title": "SEVENTEEN_LETTERS"}, "ae_title"),
        ({**DICOM, "host": "pacs.example/CANARY"}, "host"),
        ({**DICOM, "password": "CANARY"}, "password"),
        ({"kind": "DICOMWEB", "url": "https://CANARY:secret@pacs.example"}, "url"),
        ({"kind": "FOLDER", "path": "/x", "care": {"associations": 99}}, "associations"),
    ],
)
def test_a_wrong_source_says_what_is_wrong_and_quotes_nothing(told: object, wrong: str) -> None:
    with pytest.raises(SourceError, match=wrong) as caught:
        describe("pacs", told)
    assert "CANARY" not in str(caught.value)


def test_a_source_comes_back_from_the_ledger() -> None:
    told = definition(describe("pacs", DICOM))
    assert (told.kind, told.care.associations) == ("DICOM", 1)


def test_a_plan_is_entered_with_a_decision_only(region: RegionParts, tmp_path: Path) -> None:
    region.ledger.plans.set_source(describe("pacs", DICOM))
    decision = tmp_path / "decision.toml"
    with pytest.raises(ExportRefusedError, match="cannot be read"):
        planning.enter(region, "prov", "pacs", content(), decision=decision, who="Eva")
    decision.write_text(
        'reference = "D-1"\nlegal_basis = "EHDS 60"\npurpose = "test"\ncontroller = "P"\n'
        f"valid_until = {date.today() + DAY}\n"  # noqa: DTZ011
    )
    with pytest.raises(SourceError, match="no source"):
        planning.enter(region, "prov", "other", content(), decision=decision, who="Eva")
    with pytest.raises(ExportRefusedError, match="holder"):
        planning.enter(region, "nobody", "pacs", content(), decision=decision, who="Eva")
    entered = planning.enter(region, "prov", "pacs", content(), decision=decision, who="Eva")
    assert region.ledger.plans.get(entered.id).who == "Eva"


def test_a_side_table_is_kept_sealed(region: RegionParts, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("accession,label\nCANARY-1,benign\n")
    key = planning.keep_side_table(region, "p-1", table)
    assert key.startswith("side-tables/p-1/")
    assert b"CANARY" not in b"".join(region.quarantine.get(key))
    with pytest.raises(PlanError, match="csv"):
        planning.keep_side_table(region, "p-1", tmp_path / "labels.xlsx")


def test_what_the_docs_have_to_copy_is_right() -> None:
    page = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    kinds = {definition(describe("x", told)).kind for told in blocks if "kind" in told}
    plans = [read_content(told) for told in blocks if "selection" in told]
    assert kinds == set(SourceKind)
    assert len(kinds) + len(plans) == len(blocks)
