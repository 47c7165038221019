"""What a source rejects is held where it is published, and refused where it comes."""

import pytest

from catalog import holds
from catalog.search import Query, search
from catalog.vocabulary import HoldKind, HoldScope
from flows.demo.mammogram import code
from flows.walk import study as walking
from flows.walk.rejected import NOTE, hold_rejected, why
from tests import companions
from tests.flows.conftest import DECISION
from tests.flows.making import counts, put, registered, walked
from tests.objects import INSTANCE, mammogram, part10

QUALITY, SAFETY, WORKLIST, RETENTION = "113001", "113037", "113038", "113039"


def image(number=1, **more):
    return mammogram(SOPInstanceUID=f"{INSTANCE}.{number}", **more)


def note(images, why=QUALITY, number=90, **more):
    ds = companions.key_object(images)
    ds.ConceptNameCodeSequence = [code(why, "DCM", "Rejected")]
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{INSTANCE}.{number}"
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


@pytest.fixture
def bring(region, deidentify_with, tmp_path):
    """Bring objects in as an export of their own; give its id and its outcomes."""
    made = iter(range(99))

    def run(*objects, protection=None, decision=DECISION):
        folder = tmp_path / f"export {next(made)}"
        folder.mkdir()
        put(folder, *map(part10, objects))
        export = registered(region, folder, decision)
        return export.id, counts(walked(region, deidentify_with, export, protection))

    return run


def clean(region, number=1):
    return next(
        one.clean_sop_uid
        for one in region.ledger.by_instance(f"{INSTANCE}.{number}")
        if one.clean_sop_uid
    )


def held(hub, **more):
    return [
        (one.kind, one.target.scope, one.target.value)
        for one in holds.list_holds(hub.catalogue, **more)
    ]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (QUALITY, HoldKind.WITHDRAWN),
        (SAFETY, HoldKind.WITHDRAWN),
        (WORKLIST, HoldKind.CORRECTED),
        (RETENTION, HoldKind.WITHDRAWN),
    ],
)
def test_what_a_note_names_is_held(bring, region, hub, said, kind):
    assert bring(image(1), image(2, view="rcc"))[1] == {"ADMITTED": 2}
    export, outcomes = bring(note([image(1)], said))
    assert outcomes == {"REFUSED": 1}
    (one,) = holds.list_holds(hub.catalogue)
    assert (one.kind, one.target.scope) == (kind, HoldScope.INSTANCE)
    assert one.target.value == clean(region)
    assert (one.placed_by, one.reason) == (f"export {export}", why(said))
    assert said in one.reason
    (trace,) = region.ledger.by_instance(f"{INSTANCE}.90")
    assert trace.reason == NOTE
    (found,) = search(hub.catalogue, Query()).studies
    assert (found.images, found.lateralities) == (1, ("R",))


def test_another_key_object_takes_nothing_back(bring, hub):
    bring(image())
    assert bring(companions.key_object([image()]))[1] == {"ADMITTED": 1}
    ds = note([image()])
    ds.ConceptNameCodeSequence = [code(QUALITY, "99LOCAL", "Rejected")]
    assert bring(ds)[1] == {"ADMITTED": 1}
    assert held(hub) == []


def test_what_its_content_shows_is_rejected_though_its_evidence_is_empty(bring, region, hub):
    bring(image())
    ds = note([image()])
    ds.CurrentRequestedProcedureEvidenceSequence = []
    bring(ds)
    assert len(held(hub)) == 1


def test_what_comes_after_its_note_is_refused(bring, region, hub):
    bring(note([image(2)]))
    assert bring(image(1), image(2))[1] == {"ADMITTED": 1, "REFUSED": 1}
    (trace,) = region.ledger.by_instance(f"{INSTANCE}.2")
    assert trace.reason == why(QUALITY)
    assert held(hub) == []


def test_what_comes_along_with_its_note_is_refused_whatever_the_order(bring, region):
    assert bring(image(1), image(2), note([image(2)]))[1] == {"ADMITTED": 1, "REFUSED": 2}


def test_a_hold_that_a_person_lifted_is_placed_by_another_note_only(bring, hub):
    bring(image())
    bring(note([image()]))
    (one,) = holds.list_holds(hub.catalogue)
    bring(note([image()]))
    assert len(held(hub)) == 1
    holds.lift(hub.catalogue, one.id, who="officer", reason="a slip of the archive's")
    bring(note([image()]))
    assert held(hub) == []
    bring(note([image()], number=91))
    assert len(held(hub)) == 1


def test_a_note_speaks_for_its_own_holder_only(bring, region, hub, deidentify_with, tmp_path):
    from catalog.holders import add_holder
    from catalog.records import Holder
    from flows.exports import registry
    from flows.walk.study import StudyRun, settle
    from tests.flows.making import enrolled

    bring(image())
    add_holder(hub.catalogue, Holder("other", "norr", "Annansjukhuset"))
    folder = tmp_path / "other"
    folder.mkdir()
    put(folder, part10(note([image()])))
    export = region.ledger.export(registry.register_decided(region, "other", folder, DECISION))
    for ordinal in enrolled(region, export):
        settle(StudyRun(region, deidentify_with, export, ordinal, "norr", "run"))
    assert held(hub) == []
    assert not region.publisher.hold_instance(
        clean(region), HoldKind.WITHDRAWN, holder_id="other", reason="", who="other"
    )
    assert bring(image())[1] == {"KNOWN": 1}


def test_a_note_about_somebody_who_may_not_come_in_is_heard(bring, region, hub, protection):
    """It only takes images back; nothing else of hers is read."""
    from catalog.vocabulary import ProtectionSource
    from tests.flows.conftest import decision

    bring(image())
    unlisted = decision(protection_source=ProtectionSource.SIDE_TABLE)
    _, outcomes = bring(note([image()]), protection=protection, decision=unlisted)
    assert outcomes == {"REFUSED": 1}
    assert len(held(hub)) == 1
    assert region.ledger.by_instance(f"{INSTANCE}.90") == ()


@pytest.mark.parametrize("step", ["hold_rejected", "_record"])
def test_a_crash_loses_no_hold_and_doubles_none(bring, hub, monkeypatch, step):
    bring(image())

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(walking, step, die)
        with pytest.raises(KeyboardInterrupt):
            bring(note([image()]))
    bring(note([image()]))
    assert len(held(hub)) == 1


def test_a_note_that_comes_while_its_image_is_walked_is_seen(bring, region, hub, monkeypatch):
    published = walking.publish

    def slow(study, settled, verdicts):
        if verdicts:
            with monkeypatch.context() as patched:
                patched.setattr(walking, "publish", published)
                bring(note([image()]))
        return published(study, settled, verdicts)

    monkeypatch.setattr(walking, "publish", slow)
    assert bring(image())[1] == {"ADMITTED": 1}
    assert len(held(hub)) == 1


def test_what_is_due_is_held_by_the_next_run(bring, region, hub, monkeypatch):
    """Should the machine die between the ledger's record and the look that follows it."""
    bring(image())
    with monkeypatch.context() as patched:
        patched.setattr(walking, "hold_rejected", lambda *_: 0)
        bring(note([image()]))
    assert held(hub) == []
    assert hold_rejected(region, "prov") == 1
    assert hold_rejected(region, "prov") == 0
    assert len(held(hub)) == 1
