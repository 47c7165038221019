"""What must hold after every recovery: one outcome each, nothing lost, doubled or half seen."""

import hashlib
from collections import Counter
from collections.abc import Collection
from datetime import date
from pathlib import Path

from sqlalchemy import func, select

from catalog.database import reading
from catalog.ledgers.tables import item
from catalog.outcome import Outcome, Tally
from catalog.plans.records import AnnouncedState
from catalog.sightings.tables import preview
from catalog.tables import export, instance, outcome, revision, study
from flows.sources.landing import Landing
from tests.faults.rig import Rig
from tests.faults.women import Held, forms

#: Shorter ones stand in random bytes by chance.
LEAST_BYTES = 5


def settled(rig: Rig, plan: str, day: date) -> Counter[str]:
    """Check everything after a plan has ended; give the outcomes of its exports."""
    counts: Counter[str] = Counter()
    (one,) = rig.exports(plan)
    tally = rig.region.ledger.tally(one)
    assert tally.matches, (tally, rig.logs())
    counts.update({kind.value: number for kind, number in tally.counts.items() if number})
    waiting = rig.region.ledger.announced.counts(one).get(AnnouncedState.WAITING, 0)
    assert not waiting
    each_in_one_outcome(rig, one, rig.held[day])
    hub_knows_the_same(rig, one, tally)
    no_half_study(rig)
    bytes_and_records_agree(rig)
    nothing_is_left(rig)
    return counts


def each_in_one_outcome(rig: Rig, export_id: str, held: Collection[Held]) -> None:
    """Each object of the PACS has one line in the ledger, and that one outcome."""
    key = rig.region.ledger._key
    wanted = {key.index("item.sop_uid", uid) for one in held for uid in one.sop_uids}
    lines = select(item.c.sop_uid_index, item.c.outcome).where(item.c.export_id == export_id)
    with reading(rig.region.ledger._engine) as connection:
        found = connection.execute(lines).all()
    assert all(row.outcome is not None for row in found)
    assert Counter(row.sop_uid_index for row in found) == Counter(wanted)


def hub_knows_the_same(rig: Rig, export_id: str, tally: Tally) -> None:
    """The catalogue was told the same sums, and as many images are new as were admitted."""
    sums = select(outcome.c.outcome, func.sum(outcome.c.instances)).where(
        outcome.c.export_id == export_id
    )
    claimed = select(export.c.claimed).where(export.c.id == export_id)
    images = (
        select(func.count())
        .select_from(revision.join(instance, revision.c.instance_id == instance.c.id))
        .where(revision.c.export_id == export_id, instance.c.derived_from.is_(None))
    )
    with reading(rig.catalogue) as connection:
        told = dict(connection.execute(sums.group_by(outcome.c.outcome)).tuples().all())
        assert connection.scalar(claimed) == tally.claimed
        published = connection.scalar(images)
    assert told == {kind.value: number for kind, number in tally.counts.items() if number}
    new = (Outcome.ADMITTED, Outcome.REVISED)
    assert published == sum(tally.counts.get(kind, 0) for kind in new)


def no_half_study(rig: Rig) -> int:
    """No study is in the catalogue with a part of its images; count those that are."""
    images = (
        select(study.c.study_uid, func.count())
        .select_from(study.join(instance, instance.c.study_id == study.c.id))
        .where(instance.c.derived_from.is_(None))
        .group_by(study.c.study_uid)
    )
    sizes = {len(one.sop_uids) for day in rig.held.values() for one in day}
    with reading(rig.catalogue) as connection:
        found = connection.execute(images).tuples().all()
    assert {number for _, number in found} <= sizes
    return len(found)


def bytes_and_records_agree(rig: Rig) -> None:
    """Every record has its bytes, and no object lacks its record; nobody has two revisions."""
    with reading(rig.catalogue) as connection:
        objects = {row.key: row.sha256 for row in connection.execute(select(revision))}
        pictures = {row.key: row.sha256 for row in connection.execute(select(preview))}
        again = connection.scalar(select(func.count()).where(revision.c.number > 1))
    assert not again
    records = objects | pictures
    clean = rig.region.clean
    stored = {key: hashlib.sha256(b"".join(clean.get(key))).hexdigest() for key in clean.keys("")}
    assert set(records) <= set(stored), "a record without bytes"
    assert set(stored) <= set(records), "bytes without a record"
    assert all(stored[key] == digest for key, digest in records.items())


def nothing_is_left(rig: Rig) -> None:
    """The landing has let go of every original, and nothing waits in quarantine."""
    landing = rig.region.landing
    Landing(landing).sweep()  # as upkeep does: what a killed receiver was writing is nobody's
    left = {path for path in landing.rglob("*") if path.is_file()}
    locks = {path for path in left if path.parent.name == "runs" or path.name == ".review"}
    assert left == locks, left - locks
    waiting = list(rig.region.quarantine.keys(""))
    assert not waiting, waiting


def nobody_is_named(rig: Rig) -> None:
    """No woman is named in logs, databases, the store, or in anything else outside of the PACS."""
    secrets = {one for day in rig.held.values() for held in day for one in held.secrets}
    needles = {form for one in secrets for form in forms(one) if len(form) >= LEAST_BYTES}
    searched = 0
    for root in (rig.stack.state, rig.postgres.folder):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                searched += _search(path, needles)
    assert searched > 10_000_000
    in_pacs = b"".join(one.read_bytes() for one in rig.archive.folder.rglob("*") if one.is_file())
    assert sum(needle in in_pacs for needle in needles) > 20  # the search can find


def _search(path: Path, needles: Collection[bytes]) -> int:
    content = path.read_bytes()
    assert not (found := [needle for needle in needles if needle in content]), (path, found)
    return len(content)
