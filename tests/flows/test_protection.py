"""Protected and blocked persons stay out, and a flag that comes late stops what is in."""

import dataclasses
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import select

from catalog import audit, holds, tables
from catalog.database import reading
from catalog.outcome import Outcome
from catalog.protections.protection import Flags
from catalog.search import Query, search
from catalog.vocabulary import Flag, HoldKind, ProtectionSource
from deid.identity.pseudonym import Person, canonical
from flows.offline.folder import deidentify_folder
from flows.people import protection
from flows.people.protection import BLOCKED, CONFIDENTIAL, PROTECTED, STALE, UNKNOWN, UNLISTED
from flows.walk import verdict, whom
from flows.walk.study import StudyRun, settle
from tests import archives, objects
from tests.flows.conftest import DECISION, TODAY, decision
from tests.flows.making import counts, enrolled, four_views, put, registered, walked
from tests.objects import mammogram, part10

SHE = "195703129808"
BOTH = (HoldKind.PROTECTED, HoldKind.BLOCKED)
YES, NO, MAYBE = Flag.YES, Flag.NO, Flag.UNKNOWN
SIDE_TABLE = decision(protection_source=ProtectionSource.SIDE_TABLE)


@pytest.fixture
def known(protection):
    """Enter what is said of her, some days ago."""

    def enter(protected: Flag, blocked: Flag = NO, *, days: int = 0, who: str = SHE) -> None:
        protection.table.enter({who: Flags(protected, blocked, TODAY - timedelta(days=days))})

    return enter


@pytest.fixture
def run(region, deidentify_with, export_folder, protection):
    """Ingest the folder by a decision; give the outcomes, and the reasons of what was refused."""

    def ingest(by=SIDE_TABLE) -> tuple[dict[str, int], set[str]]:
        export = registered(region, export_folder, by)
        tally = walked(region, deidentify_with, export, protection)
        reasons = {reason for outcome, reason in region.ledger.reasons(export.id) if reason}
        return counts(tally), reasons

    return ingest


def held(region) -> list[tuple[str, bool]]:
    with reading(region.publisher._engine) as connection:
        rows = connection.execute(select(tables.hold).order_by(tables.hold.c.id)).all()
    return [(row.kind, row.lifted_at is None) for row in rows]


def found(region) -> int:
    return len(search(region.publisher._engine, Query()).studies)


@pytest.mark.parametrize("source", [ProtectionSource.UNKNOWN, ProtectionSource.SIDE_TABLE])
def test_without_a_protection_flag_nothing_passes(region, deidentify_with, export_folder, source):
    put(export_folder, *four_views(), objects.truncated(), objects.not_dicom())
    export = registered(region, export_folder, decision(protection_source=source))
    before = set(region.quarantine.keys())
    tally = walked(region, deidentify_with, export)
    assert counts(tally) == {"REFUSED": 5, "UNREADABLE": 1}
    assert set(region.quarantine.keys()) == before


def test_who_is_known_to_be_neither_passes(run, known, export_folder):
    known(NO, days=7)
    put(export_folder, *four_views())
    assert run() == ({"ADMITTED": 4}, set())


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((YES, NO, 0), PROTECTED),
        ((NO, YES, 0), BLOCKED),
        ((YES, YES, 0), PROTECTED),
        ((MAYBE, NO, 0), UNLISTED),
        ((NO, MAYBE, 0), UNLISTED),
        ((NO, NO, 8), STALE),
        ((YES, NO, 400), PROTECTED),
    ],
)
def test_who_is_flagged_unknown_or_known_too_long_ago_is_refused(
    region, run, known, export_folder, said, reason
):
    protected, blocked, days = said
    known(protected, blocked, days=days)
    put(export_folder, *four_views())
    before = set(region.quarantine.keys())
    assert run() == ({"REFUSED": 4}, {reason})
    assert set(region.quarantine.keys()) == before
    assert found(region) == 0


def test_who_is_not_in_the_side_table_is_refused(run, known, export_folder):
    known(NO, who="194908059829")
    put(export_folder, *four_views())
    assert run() == ({"REFUSED": 4}, {UNLISTED})


def test_what_nobody_can_tell_whose_it_is_is_refused_and_not_kept(
    region, run, known, export_folder
):
    known(NO)
    put(export_folder, *four_views(), objects.truncated(), objects.not_dicom())
    before = set(region.quarantine.keys())
    outcomes, reasons = run()
    assert outcomes == {"ADMITTED": 4, "REFUSED": 1, "UNREADABLE": 1}
    assert reasons == {UNLISTED, "not a DICOM file"}
    assert set(region.quarantine.keys()) == before


def test_an_object_of_nobody_is_refused_alone(run, known, export_folder):
    known(NO)
    nobody = objects.no_identity()
    nobody.SOPInstanceUID = nobody.file_meta.MediaStorageSOPInstanceUID = f"{objects.INSTANCE}.9"
    put(export_folder, part10(mammogram()), part10(nobody))
    assert run() == ({"ADMITTED": 1, "REFUSED": 1}, {"no patient identifier, so no pseudonym"})


def test_an_attested_filter_answers_what_is_unknown_and_not_what_is_known(
    run, known, export_folder
):
    put(export_folder, *four_views())
    assert run(DECISION) == ({"ADMITTED": 4}, set())
    known(MAYBE, MAYBE)
    assert run(DECISION) == ({"KNOWN": 4}, set())
    known(YES)
    assert run(DECISION) == ({"REFUSED": 4}, {PROTECTED})


def test_one_woman_who_is_flagged_keeps_out_the_study(run, known, export_folder):
    known(NO)
    known(YES, who="194908059969")
    put(export_folder, *map(part10, objects.two_patients_study()))
    assert run() == ({"REFUSED": 2}, {PROTECTED})


def test_nothing_more_is_read_of_a_flagged_woman_than_who_she_is(
    region, run, known, export_folder, monkeypatch
):
    known(YES)
    put(export_folder, *four_views())

    def read(*_arguments, **_options):
        raise AssertionError

    for module, name in ((whom, "harvest"), (region.keys.pseudonyms.__class__, "person")):
        monkeypatch.setattr(module, name, read)
    assert run() == ({"REFUSED": 4}, {PROTECTED})


def nested(tag: int) -> Dataset:
    item = Dataset()
    item.add_new(tag, "LO", "SKYDDAD")
    ds = mammogram()
    ds.RequestAttributesSequence = [item]
    return ds


@pytest.mark.parametrize("source", [ProtectionSource.FILTERED_EXPORT, ProtectionSource.SIDE_TABLE])
@pytest.mark.parametrize(
    "said",
    [
        mammogram(ConfidentialityConstraintOnPatientDataDescription="SKYDDADE PERSONUPPGIFTER"),
        mammogram(ConfidentialityCode="X"),
        nested(0x00401008),
        nested(0x00403001),
    ],
    ids=["constraint", "code", "nested code", "nested constraint"],
)
def test_an_object_that_says_it_is_confidential_keeps_out_the_study(
    run, known, export_folder, said, source
):
    known(NO)
    other = mammogram(view="rcc", SOPInstanceUID=f"{objects.INSTANCE}.2")
    put(export_folder, part10(said), part10(other))
    assert run(decision(protection_source=source)) == ({"REFUSED": 2}, {CONFIDENTIAL})


def test_an_empty_code_says_nothing(run, known, export_folder):
    known(NO)
    empty = {"ConfidentialityCode": "", "ConfidentialityConstraintOnPatientDataDescription": " "}
    put(export_folder, part10(mammogram(**empty)))
    assert run() == ({"ADMITTED": 1}, set())


def test_unread_files_of_a_refused_archive_leave_the_landing(region, run, known, export_folder):
    known(YES)
    members = {f"IM{n}": content for n, content in enumerate(four_views())}
    (export_folder / "cd.zip").write_bytes(archives.zip_of(members))
    assert run()[0] == {"REFUSED": 4}
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []


def test_a_flag_that_comes_while_she_is_published_holds_her(
    region, deidentify_with, export_folder, protection, known
):
    """An import that found her unpublished cannot hold her: the one who publishes looks again."""
    known(NO)
    put(export_folder, *four_views())
    export = registered(region, export_folder, SIDE_TABLE)
    ordinals = enrolled(region, export)
    publisher = region.publisher

    class Slow:
        def __getattr__(self, name):
            return getattr(publisher, name)

        def publish(self, draft):
            if draft.revisions:
                known(YES, YES)
                # as after an import that found nothing of hers
                protection.table.told(SHE, BOTH)
            return publisher.publish(draft)

    parts = dataclasses.replace(region, publisher=Slow())
    for ordinal in ordinals:
        settle(StudyRun(parts, deidentify_with, export, ordinal, "norr", "run", protection))
    assert held(region) == [("PROTECTED", True), ("BLOCKED", True)]
    assert found(region) == 0
    assert {line.actor for line in audit.entries(publisher._engine)} == {f"export {export.id}"}


class Hub:
    """Hears of Holds, and does something meanwhile."""

    def __init__(self, meanwhile=lambda: None):
        self.held: list[tuple[str, HoldKind]] = []
        self.meanwhile = meanwhile

    def hold(self, pseudonym, kind, *, reason, who):
        self.held.append((pseudonym, kind))
        self.meanwhile()
        return bool(reason and who)


def test_a_flag_that_comes_while_the_hub_is_told_of_another_is_told_next(known, protection):
    known(YES)
    hub = Hub(meanwhile=lambda: known(YES, YES))
    for _ in range(3):
        protection.tell(hub, SHE, Person("she"), who="side table")
    assert hub.held == [("she", HoldKind.PROTECTED), ("she", HoldKind.BLOCKED)]


def test_a_flag_that_comes_while_another_is_told_late_stays_due(known, protection):
    known(YES)
    hub = Hub(meanwhile=lambda: known(YES, YES))
    assert protection.tell_late(hub, SHE, Person("she"), who="export 1") == 1
    assert dict(protection.table.due([SHE])) == {SHE: (HoldKind.BLOCKED,)}


def test_who_is_published_without_her_issuer_is_held_for_the_flag_that_has_one(known, protection):
    known(YES, who=canonical("TF1234567", "Region Norr"))
    hub = Hub()
    protection.tell_late(hub, canonical("TF1234567"), Person("she"), who="export 1")
    assert hub.held == [("she", HoldKind.PROTECTED)]


def test_an_unknown_word_lets_nobody_in_who_was_flagged(run, known, export_folder):
    known(YES, days=1)
    known(MAYBE)
    put(export_folder, *four_views())
    assert run(DECISION) == ({"REFUSED": 4}, {PROTECTED})


@pytest.mark.parametrize("written", ["", "Region Norr"])
@pytest.mark.parametrize("sent", ["", "Region Norr"])
def test_a_flagged_reserve_number_is_refused_with_its_issuer_and_without(
    run, known, export_folder, written, sent
):
    known(YES, who=canonical("TF1234567", written))
    put(export_folder, part10(mammogram(PatientID="TF1234567", IssuerOfPatientID=sent)))
    assert run(DECISION) == ({"REFUSED": 1}, {PROTECTED})


def test_the_reasons_name_nobody_and_are_told_apart():
    reasons = (PROTECTED, BLOCKED, protection.OPTED_OUT, CONFIDENTIAL, UNLISTED, STALE, UNKNOWN)
    assert len(set(reasons)) == len(reasons)
    assert set(protection.REASONS) == set(reasons)
    assert set(protection.WHY) == {HoldKind.PROTECTED, HoldKind.BLOCKED}
    assert holds.stop_subject.__doc__


def test_a_file_that_says_so_only_when_it_is_read_again_is_refused(
    run, known, export_folder, monkeypatch
):
    known(NO)
    put(export_folder, *four_views())
    genuine = verdict.look

    def look(paths, gate):
        found = genuine(paths, gate)
        if paths:
            put(export_folder, part10(mammogram(ConfidentialityCode="X")), start=3)
        return found

    monkeypatch.setattr(verdict, "look", look)
    assert run() == ({"ADMITTED": 3, "REFUSED": 1}, {CONFIDENTIAL})


def test_without_a_server_an_object_that_says_so_is_refused_too(
    export_folder, tmp_path, deidentify_with
):
    put(export_folder, part10(mammogram(ConfidentialityCode="X")))
    (line,) = deidentify_folder(export_folder, tmp_path / "clean", deidentify_with)
    assert (line.outcome, line.reason) == (Outcome.REFUSED, CONFIDENTIAL)
