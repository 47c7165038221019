"""One who owns a region's key reads and changes nothing of another's: every route, tried."""

import dataclasses
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import MetaData, select

from catalog.arrivals import arrivals, regions
from catalog.arrivals.records import Limits
from catalog.arrivals.scope import RegionScope
from catalog.arrivals.wire import StandingQuestion, study_message
from catalog.audit.tables import access_log
from catalog.columns import now
from catalog.errors import ConflictError, NotFoundError
from catalog.holders import set_mode
from catalog.outcome import Outcome
from catalog.publishing.publish import CataloguePublisher
from catalog.records import Merge
from catalog.tables import hold, study
from catalog.vocabulary import HolderMode, HoldKind
from flows.orders.issuing import sign_waiting
from tests.catalog.applying import permitted
from tests.intake.caller import Caller
from tests.intake.making import draft_of, ours

HERS, OTHER, THIRD = ("A" * 26, "B" * 26, "C" * 26)


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


@pytest.fixture
def thief(hub, tmp_path):
    """Region Söder's key, in the wrong hands."""
    caller = Caller(hub, hub.admit("soder", tmp_path))
    yield caller
    caller.client.close()


@pytest.fixture
def theirs(hub):
    """What Region Norr has published, and what of it waits."""
    draft = draft_of("norr", "prov", HERS, ours(1), ours(2), ours(3))
    CataloguePublisher(hub.engine).publish(draft)
    waits = draft_of("norr", "prov", OTHER, ours(4), ours(5), ours(6), export="e-norr-2")
    message = study_message(waits)
    from catalog.arrivals.wire import StudyMessage

    one = arrivals.enter(
        hub.engine, "norr", StudyMessage.model_validate_json(message), sha256="0" * 64
    )
    return draft, one


def everything(hub) -> dict[str, list]:
    found = MetaData()
    found.reflect(hub.engine)
    skipped = {access_log.name, "intake_nonce"}
    with hub.engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table))]
            for name, table in sorted(found.tables.items())
            if name not in skipped
        }


def attempts(draft, waits):
    new = draft.revisions[0]
    digests = {
        "header_sha256": new.stored.header_sha256,
        "pixel_sha256": new.stored.pixel_sha256,
    }
    known = {"version": 1, "sop_uid": new.instance.sop_uid, **digests}
    mine = dataclasses.replace(draft, region="soder")
    disguised = dataclasses.replace(draft, region="soder", holder_id="annat")
    instance = {**dataclasses.asdict(new.instance)}
    asked = {"version": 1, "instance": instance, "before": []}
    tally = {"version": 1, "disclosure_reference": "D-1", "claimed": 1, "foreign": 0, "counts": {}}
    yield "PUT", f"/objects/prov/{hashlib.sha256(b'x').hexdigest()}", b"x", 404
    yield "HEAD", f"/objects/prov/{new.stored.sha256}", b"", 404
    yield "GET", "/holders/prov", b"", 404
    yield "GET", f"/arrivals/{waits.id}", b"", 404
    yield "POST", "/arrivals", study_message(draft), 404
    yield "POST", "/arrivals", study_message(mine), 404
    yield "POST", "/standing", known, {"standing": "NEW"}
    yield "POST", "/published-as", {**known, "export_id": draft.export_id}, {"number": None}
    for subject in (HERS, OTHER):
        same = {**asked, "subject": subject}
        yield "POST", "/contradiction", {**same, "holder_id": "prov"}, 404
        told = {"reason": "OTHER_HOLDER"}
        yield "POST", "/contradiction", {**same, "holder_id": "annat"}, told
    yield "POST", "/tallies", {**tally, "export_id": draft.export_id, "holder_id": "prov"}, 404
    yield "POST", "/tallies", {**tally, "export_id": draft.export_id, "holder_id": "annat"}, 409
    yield "POST", "/holds", {"version": 1, "subject": HERS, "kind": "PROTECTED"}, {"placed": False}
    held = {"version": 1, "sop_uid": new.instance.sop_uid, "kind": "WITHDRAWN"}
    yield "POST", "/instance-holds", {**held, "holder_id": "prov"}, 404
    yield "POST", "/instance-holds", {**held, "holder_id": "annat"}, {"placed": False}
    said = {"version": 1, "word": "OUT", "valid_from": "2026-01-31T00:00:00Z"}
    for number in ("195703129808", "19570312-9808", "5703129808", "570312"):
        yield "POST", "/opt-outs", {**said, "subject": number}, 422
    merge = {"old": HERS, "new": OTHER, "weeks": 1}
    yield "POST", "/merges", {"version": 1, "merge": merge}, 404
    yield "GET", "/orders?after=0", b"", {"orders": []}
    unsigned = {"version": 1, "statement": "{}", "signature": "A" * 86 + "=="}
    yield "POST", "/erasures", unsigned, 409
    yield "POST", "/arrivals", study_message(disguised), 202


def ordered(hub):
    """Give an order by criteria that waits for the other region's answer."""
    set_mode(hub.engine, "prov", HolderMode.ON_PERMIT, who="operator")
    permitted(hub.engine)
    set_mode(hub.engine, "prov", HolderMode.STANDING, who="operator")
    (order,) = sign_waiting(hub.engine, Ed25519PrivateKey.generate(), who="operator")
    return order


def answers(order):
    said = {"version": 1, "order": order}
    for more in (
        {"state": "ACCEPTED"},
        {"state": "REFUSED", "ground": "OTHER"},
        {"state": "DELIVERED", "counts": {}},
    ):
        yield "POST", "/orders/answers", said | more, 404
    yield "POST", "/orders/answers", said | {"state": "REFUSED"}, 422
    yield "POST", "/orders/answers", said | {"state": "WITHDRAWN"}, 422


def test_no_route_reads_or_changes_anything_of_anothers(hub, thief, theirs):
    order = ordered(hub)
    before = everything(hub)
    routes = set()
    for method, path, body, expected in (*attempts(*theirs), *answers(order)):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = thief.call(method, path, sent)
        wanted = expected if isinstance(expected, int) else 200
        assert answer.status_code == wanted, (method, path, answer.text)
        if isinstance(expected, dict):
            assert answer.json() == expected, path
        routes.add((method, path.split("/")[1].partition("?")[0]))
    posted = everything(hub).pop("arrival")
    after = everything(hub) | {"arrival": before["arrival"]}
    assert after == before
    assert len(posted) == len(before["arrival"]) + 1
    from access_api.intake.app import create_app

    known = {
        (method, route.path.split("/")[1])
        for route in create_app(hub.settings).routes
        for method in route.methods
    } - {("GET", "health"), ("GET", "openapi.json")}
    assert routes == known  # a new route must be tried here


def test_who_opts_out_in_one_region_is_out_of_all_and_only_that_one_takes_it_back(
    hub, thief, theirs, tmp_path
):
    """Article 71 knows no regions; that a stolen key can say it too, is audited and reversible."""
    norr = Caller(hub, hub.admit("norr", tmp_path))
    said = {"version": 1, "subject": HERS, "valid_from": "2026-01-31T00:00:00Z"}
    out, lifted = (json.dumps({**said, "word": word}).encode() for word in ("OUT", "LIFTED"))
    for entered in (True, False):
        assert norr.call("POST", "/opt-outs", out).json() == {"entered": entered}
    assert thief.call("POST", "/opt-outs", lifted).json() == {"entered": True}
    with hub.engine.connect() as connection:
        rows = connection.execute(select(hold.c.kind, hold.c.target, hold.c.lifted_at)).all()
    assert [tuple(row) for row in rows] == [("OPTED_OUT", HERS, None)]
    later = {**said, "valid_from": "2026-02-28T00:00:00Z", "word": "LIFTED"}
    norr.call("POST", "/opt-outs", json.dumps(later).encode())
    with hub.engine.connect() as connection:
        assert connection.scalar(select(hold.c.lifted_by)) == "region norr"
    norr.client.close()


def test_a_study_of_anothers_is_not_published_under_ones_own_name(hub, thief, theirs):
    draft, _ = theirs
    disguised = dataclasses.replace(draft, region="soder", holder_id="annat")
    with pytest.raises(ConflictError):
        CataloguePublisher(hub.engine).publish(disguised)
    with hub.engine.connect() as connection:
        assert connection.execute(select(study.c.holder_id)).scalars().all() == ["prov"]


def test_the_owner_sees_its_own(hub, theirs, tmp_path):
    """The counterpart: the same questions, by whom they are answered."""
    draft, _ = theirs
    norr = Caller(hub, hub.admit("norr", tmp_path))
    new = draft.revisions[0]
    question = StandingQuestion(
        sop_uid=new.instance.sop_uid,
        header_sha256=new.stored.header_sha256,
        pixel_sha256=new.stored.pixel_sha256,
    )
    assert norr.call("POST", "/standing", question.canonical()).json() == {"standing": "KNOWN"}
    held = json.dumps({"version": 1, "subject": HERS, "kind": "PROTECTED"}).encode()
    assert norr.call("POST", "/holds", held).json() == {"placed": True}
    assert norr.call("POST", "/holds", held).json() == {"placed": False}
    norr.client.close()


@pytest.fixture
def shared(hub, theirs):
    """A woman with a study in each region."""
    both = draft_of("soder", "annat", HERS, ours(11), ours(12), ours(13), export="e-soder")
    CataloguePublisher(hub.engine).publish(both)
    return both


def test_a_hold_stops_ones_own_studies_of_a_woman_of_two_regions(hub, shared):
    assert RegionScope(hub.engine, "soder").hold(HERS, HoldKind.PROTECTED)
    with hub.engine.connect() as connection:
        placed = connection.execute(select(hold.c.scope, hold.c.target)).all()
    assert placed == [("STUDY", ours(11))]


def test_a_merge_does_not_reach_into_another_region(hub, shared):
    alone = draft_of("soder", "annat", THIRD, ours(21), ours(22), ours(23), export="e-soder")
    alone = dataclasses.replace(alone, study_ordinal=2)
    CataloguePublisher(hub.engine).publish(alone)
    scope = RegionScope(hub.engine, "soder")
    for merge in (Merge(HERS, THIRD, 2), Merge(THIRD, HERS, 2)):
        with pytest.raises(NotFoundError):
            scope.merge(merge)
        carried = dataclasses.replace(alone, subject=merge.new, merges=(merge,))
        with pytest.raises(ConflictError):
            scope.require_lawful(carried)
    strangers = dataclasses.replace(alone, merges=(Merge(HERS, OTHER, 2),))
    with pytest.raises(ConflictError):
        scope.require_lawful(strangers)
    regions.set_limits(
        hub.engine, "soder", Limits(merges_until=now().date()), who="operator"
    )  # a rotated key, which the operator knows of
    scope.require_lawful(dataclasses.replace(alone, merges=(Merge(HERS, THIRD, 2),)))
    scope.merge(Merge(HERS, THIRD, 2))


def test_outcomes_may_be_said_of_ones_own_export_only(hub, theirs):
    draft, _ = theirs
    empty = dataclasses.replace(
        draft,
        region="soder",
        holder_id="annat",
        subject="",
        revisions=(),
        outcomes={Outcome.REFUSED: 1},
    )
    RegionScope(hub.engine, "soder").require_lawful(empty)
    with pytest.raises(ConflictError):
        CataloguePublisher(hub.engine).publish(empty)
