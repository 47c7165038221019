"""Releases, their headers, what regions delivered, and the sums they told."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest

from catalog import audit, releases, tables
from catalog.arrivals import arrivals
from catalog.arrivals.records import ArrivalState
from catalog.arrivals.wire import StudyMessage, study_message
from catalog.database import writing
from catalog.facets.tables import study_facet
from catalog.outcome import Outcome, Tally
from catalog.records import ExportSummary
from catalog.search import Query
from catalog.vocabulary import Tier
from flows.reconcile.kinds import Kind
from flows.release import permits
from flows.release.build import build
from flows.release.rekeying import Rekeying
from tests.flows.conftest import TODAY, on_both
from tests.flows.reconcile.conftest import WEEK, later
from tests.intake.making import draft_of, ours


@pytest.fixture
def permit(hub) -> str:
    valid = (TODAY, TODAY + timedelta(days=1))
    return permits.issue(
        hub, persons=["r"], title="t", purpose="p", tier=Tier.ANON_DOWNLOAD, valid=valid
    )


@pytest.fixture
def begun(stocked, hub, permit):
    """What kill -9 leaves of a build: a frozen release, one header stored and not entered."""
    release = releases.freeze(hub.catalogue, permit, Query(), today=TODAY)
    one, *_ = releases.pending(hub.catalogue, release.id)
    Rekeying(hub, release).write(one)
    return release


@on_both
def test_a_release_that_nobody_builds_is_given_up(begun, hub, look, permit):
    assert look().found == {Kind.UNSEALED: 1, Kind.HEADER_ORPHAN: 1}
    assert len(releases.releases_of(hub.catalogue, permit)) == 1
    report = look(mend=True)
    assert report.mended == {Kind.UNSEALED: 1, Kind.HEADER_ORPHAN: 1}
    assert (report.is_well, report.named[Kind.UNSEALED]) == (True, [f"release {begun.id}"])
    assert releases.releases_of(hub.catalogue, permit) == ()
    assert list(hub.releases.keys()) == []
    said = [line.outcome for line in audit.entries(hub.catalogue) if line.actor != "development"]
    assert said == ["UNSEALED", "HEADER_ORPHAN"]
    assert look(mend=True).found == {}


def test_a_build_under_way_is_not_touched(begun, hub, look, permit):
    report = look(mend=True, older=WEEK)
    assert (report.found, report.is_well) == ({Kind.YOUNG: 1}, True)
    # It was frozen long ago, and still writes headers.
    with writing(hub.catalogue) as connection:
        connection.execute(tables.release.update().values(frozen_at=later(days=-9)))
    assert look(mend=True, older=WEEK).found == {Kind.YOUNG: 1}
    assert len(releases.releases_of(hub.catalogue, permit)) == 1


@on_both
@pytest.mark.parametrize("kind", ["header", "paper"])
@pytest.mark.parametrize("harm", ["gone", "flipped"])
def test_a_header_is_told_of_and_a_new_build_mends_it(stocked, hub, look, permit, own, harm, kind):
    build(hub, permit, Query(), today=TODAY)
    assert look(sums=True).found == {}
    key, *_ = (one for one in hub.releases.keys() if one.endswith(f".{kind}"))  # noqa: SIM118 -- no dict
    if harm == "gone":
        hub.releases.remove(key)
    else:
        data = bytearray(b"".join(hub.releases.get(key)))
        data[9] ^= 1
        client = own["releases"]._client
        client.put_object("own-releases", key, io.BytesIO(bytes(data)), len(data))
        assert look().found == {}
    report = look(sums=True, mend=True)
    assert (report.found, report.held) == ({Kind.HEADER: 1}, 0)
    assert "of release" in report.named[Kind.HEADER][0]


def delivered(own, region: str, draft) -> str:
    """Put an object as the intake keeps it."""
    sha256 = draft.revisions[0].stored.sha256
    key = f"{region}/{draft.holder_id}/{sha256}"
    own["arrivals"]._client.put_object("own-arrivals", key, io.BytesIO(b"bytes"), 5)
    return key


@on_both
def test_what_was_delivered_and_never_posted_goes(hub, region, look, own):
    posted = draft_of("norr", "prov", "A" * 20, *map(ours, (1, 2, 3)))
    never = draft_of("norr", "prov", "B" * 20, *map(ours, (4, 5, 6)))
    keys = [delivered(own, "norr", draft) for draft in (posted, never)]
    body = study_message(posted)
    message = StudyMessage.model_validate_json(body, strict=True)
    arrival = arrivals.enter(hub.catalogue, "norr", message, sha256="0" * 64)
    assert look(mend=True, older=WEEK).found == {Kind.YOUNG: 1}
    report = look(mend=True)
    assert (report.found, report.mended) == ({Kind.STRAY: 1}, {Kind.STRAY: 1})
    assert list(own["arrivals"].keys()) == keys[:1]
    assert look(mend=True).found == {}
    arrivals.settle(hub.catalogue, arrival.id, ArrivalState.REFUSED, "{}")
    assert look(mend=True).mended == {Kind.STRAY: 1}


def test_without_an_intake_no_arrivals_are_asked_for(look, side, own):
    delivered(own, "norr", draft_of("norr", "prov", "B" * 20, *map(ours, (4, 5, 6))))
    assert look(of=replace(side, arrivals=None)).found == {}


@on_both
def test_what_search_has_otherwise_is_written_anew(hub, stocked, look):
    assert Kind.SEARCH not in look().found
    with writing(hub.catalogue) as connection:
        keys = connection.scalars(study_facet.select()).all()
        connection.execute(study_facet.delete())
    report = look()
    assert (report.found, report.is_well) == ({Kind.SEARCH: len(set(keys))}, False)
    assert report.named[Kind.SEARCH] == [f"study {key}" for key in sorted(set(keys))]
    assert look(mend=True).mended == {Kind.SEARCH: len(set(keys))}
    assert look().found == {}


@on_both
def test_sums_that_were_not_told_or_do_not_agree(region, stocked, look):
    (export,) = region.ledger.exports()

    def tell(claimed: int) -> None:
        tally = Tally(claimed, 0, {Outcome.ADMITTED: 4})
        summary = ExportSummary(export.id, export.holder_id, "D-1", tally)
        region.publisher.record_tally(summary)

    tell(5)
    assert look(older=WEEK).found == {}
    report = look(mend=True)
    assert (report.found, report.is_well) == ({Kind.HUB_SUMS: 1}, False)
    assert report.named[Kind.HUB_SUMS] == [f"export {export.id}"]
    tell(4)
    assert look().found == {}


def test_an_export_that_was_never_closed(ingest, four, look):
    ingest()
    report = look(mend=True)
    assert (report.found, report.is_well) == ({Kind.UNTOLD: 1}, False)
