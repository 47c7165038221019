"""A PACS moves a study to another patient, or learns that two patients are one woman."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from catalog import holds
from catalog.database import reading
from catalog.search import Query, search
from catalog.tables import study, subject
from catalog.vocabulary import HoldKind, HoldScope, Tier
from flows import wiring
from flows.exports.moving import REASON, hold_moved, walk_again
from flows.people.merging import Merging, merge_pairs, pair
from flows.people.protection import Protection
from flows.release import permits
from flows.release.build import build
from flows.walk.standing import MOVED
from flows.wiring import HubParts, RegionParts
from tests.flows.conftest import TODAY
from tests.flows.exports.test_rescanning import Archive, Here, archive, hospital
from tests.flows.making import counts
from tests.flows.test_release import WHO, dates, days, served
from tests.objects import INSTANCE, mammogram

__all__ = ["archive", "hospital"]

RESERVE, ISSUER, NUMBER = "TF-17", "SE-PNR", "19570312-9808"
OTHER = {"PatientID": "19490805-9829", "PatientName": "Annanström^Ebba"}
STUDY = "1.2.826.0.1.3680043.8.498.752.78"


def seen(number: int, day: str, **more: Any) -> Any:
    return mammogram(
        SOPInstanceUID=f"{INSTANCE}.8.{number}",
        StudyInstanceUID=f"{STUDY}.{number}",
        SeriesInstanceUID=f"{STUDY}.{number}.1",
        StudyDate=day,
        AccessionNumber=f"MOVED{number}",
        **more,
    )


@pytest.fixture
def here(hospital: Callable[..., Here], archive: Archive) -> Here:
    """Two visits a fortnight apart: at the first she had a reserve number."""
    archive.lose("1 = 1")
    first = {"PatientID": RESERVE, "IssuerOfPatientID": ISSUER, "PatientBirthDate": ""}
    archive.store(seen(1, "20230403", **first), seen(2, "20230417"))
    made = hospital()
    export, _ = made.bring()
    assert counts(made.parts.ledger.tally(export.id)) == {"ADMITTED": 2}
    return made


def again(here: Here, archive: Archive, ds: Any) -> dict[str, int]:
    """Let the PACS have a study of hers otherwise, with one object more, and look again."""
    archive.lose("study_instance_uid = '" + ds.StudyInstanceUID + "'")
    extra = deepcopy(ds)
    extra.SOPInstanceUID = extra.SOPInstanceUID + ".9"
    archive.store(ds, extra)
    look = here.look()
    assert look.export_id is not None
    here.fetch(look.export_id)
    return counts(here.parts.ledger.tally(look.export_id))


def test_one_womans_merged_studies_share_one_shift_of_dates(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts, protection: Protection
) -> None:
    (done,) = merge_pairs(
        [pair(RESERVE, NUMBER, ISSUER)], region.keys, region.publisher, protection, who="anna.a"
    )
    assert done.merging is Merging.MERGED
    # The PACS does the same: what it says of the earlier visit now is no conflict.
    assert again(here, archive, seen(1, "20230403")) == {"ADMITTED": 1, "REVISED": 1}
    permit = permits.issue(
        hub,
        persons=[WHO],
        title="t",
        purpose="p",
        tier=Tier.ANON_DOWNLOAD,
        valid=(TODAY, TODAY + timedelta(days=1)),
    )
    build(hub, permit, Query(companions=False), today=TODAY)
    found = served(hub, permit)
    assert len(found) == 3
    assert len({patient for patient, _ in dates(found)}) == 1
    assert days(found) == 14


def test_a_study_that_moved_waits_and_a_person_holds_the_old_one(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts
) -> None:
    assert again(here, archive, seen(2, "20230417", **OTHER)) == {"CONFLICT": 2}
    newest = region.ledger.exports()[0]
    assert {reason for _, reason in region.ledger.reasons(newest.id)} == {MOVED}
    done = hold_moved(region, "MOVED2", who="anna.a")
    assert (done.studies, done.instances, done.held) == (1, 1, 1)
    assert hold_moved(region, "MOVED2", who="anna.a").held == 0
    (one,) = holds.list_holds(hub.catalogue)
    assert (one.kind, one.reason, one.placed_by) == (HoldKind.CORRECTED, REASON, "anna.a")
    assert len(search(hub.catalogue, Query()).studies) == 1


def women(hub: HubParts) -> set[str]:
    with reading(hub.catalogue) as connection:
        joined = study.join(subject, subject.c.id == study.c.subject_id)
        return set(connection.scalars(select(subject.c.pseudonym).select_from(joined)))


def test_a_study_that_moved_becomes_the_others_once_it_is_walked_again(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts
) -> None:
    again(here, archive, seen(2, "20230417", **OTHER))
    before = women(hub)
    hold_moved(region, "MOVED2", who="anna.a")
    assert walk_again(region, "MOVED2") == ("p-1",)
    assert walk_again(region, "NOBODYS") == ()
    (export_id,) = region.ledger.rescans.exports("p-1", unfinished=True)
    here.fetch(export_id)
    assert counts(region.ledger.tally(export_id)) == {"ADMITTED": 1, "REVISED": 1}
    assert len(women(hub) - before) == 1
    # The first woman's Revision is held for good, and her image until a person has looked.
    found = {one.target.scope: one for one in holds.list_holds(hub.catalogue)}
    assert set(found) == {HoldScope.INSTANCE, HoldScope.REVISION}
    held = found[HoldScope.INSTANCE].id
    served = sum(one.instances for one in search(hub.catalogue, Query(companions=False)).studies)
    holds.lift(hub.catalogue, held, who="anna.a")
    now = sum(one.instances for one in search(hub.catalogue, Query(companions=False)).studies)
    assert now == served + 1


def test_a_study_that_is_held_in_part_stays_where_it_is(
    here: Here, archive: Archive, region: RegionParts, hub: HubParts
) -> None:
    more = seen(2, "20230417")
    assert again(here, archive, more) == {"ADMITTED": 1, "KNOWN": 1}
    hold_moved(region, "MOVED2", who="anna.a")
    first = holds.list_holds(hub.catalogue)[0]
    holds.lift(hub.catalogue, first.id, who="anna.a")
    before = women(hub)
    archive.lose("study_instance_uid = '" + more.StudyInstanceUID + "'")
    archive.store(seen(2, "20230417", **OTHER))
    walk_again(region, "MOVED2")
    (export_id,) = region.ledger.rescans.exports("p-1", unfinished=True)
    here.fetch(export_id)
    assert counts(region.ledger.tally(export_id)) == {"CONFLICT": 1}
    assert women(hub) == before


def test_the_command_says_how_much_it_holds_and_names_nobody(
    here: Here,
    hub: HubParts,
    region: RegionParts,
    monkeypatch: pytest.MonkeyPatch,
    mammo: Callable[..., tuple[int, str, str]],
) -> None:
    monkeypatch.setattr(wiring, "region", lambda: region)
    monkeypatch.setenv("MAMMO_REGION_LANDING", str(region.landing))
    assert mammo("exports", "moved", "NOBODYS", "--yes")[0] == 1
    code, said, _ = mammo("exports", "moved", "MOVED2", "--yes")
    assert (code, "1 of 1 instances of 1 studies held now" in said) == (0, True)
    assert "MOVED2" not in said
    assert len(holds.list_holds(hub.catalogue)) == 1
