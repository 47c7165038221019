"""What is sealed in quarantine, and who waits for it."""

import re
from collections.abc import Collection

from catalog.errors import NotFoundError
from catalog.inventory.ledger import Place
from catalog.inventory.records import Entry, Part
from catalog.reviews.records import OPEN, Review
from flows import log
from flows.reconcile.faults import read
from flows.reconcile.kinds import Kind
from flows.reconcile.report import Asked, Report
from flows.reconcile.sweeping import Bucket, name_of, sweep
from flows.wiring import RegionParts

_NUMBER = re.compile(r"[0-9]{1,18}")  # no more than a database takes for a number
SIDE_TABLES = "side-tables"
"""Of these the name goes on with a plan."""


def sweep_sealed(parts: RegionParts, asked: Asked, report: Report) -> None:
    """Find sealed objects of files that ended and that nobody decides about any more.

    What the ledger does not know is told and kept: no crash leaves that, but a ledger that was
    restored from a backup does.

    Raises:
        StorageError: The store does not answer.
    """
    plans = {plan.id for plan in parts.ledger.plans.all()}

    def named(keys: Collection[str]) -> Collection[str]:
        places = {key: _place(key) for key in keys}
        files = [place for place in places.values() if place is not None]
        known = parts.ledger.inventory.sealed(files)
        needed = set()
        for key, place in places.items():
            told = None if place is None else known.get(place)
            if told is None and not _is_of_plan(key, plans):
                report.note(Kind.SEALED_UNKNOWN, name_of(key))
            if told is None or told.kept or not told.ended:
                needed.add(key)
        return needed

    store = parts.quarantine
    sweep(Bucket(store, Kind.SEALED_ORPHAN, named, _say, store), asked, report)


def _place(key: str) -> Place | None:
    """Read whose a sealed object is; None if its name is of another form."""
    export_id, _, rest = key.partition("/")
    number = rest.partition("/")[0]
    return (export_id, int(number)) if _NUMBER.fullmatch(number) else None


def _is_of_plan(key: str, plans: Collection[str]) -> bool:
    folder, _, rest = key.partition("/")
    return folder == SIDE_TABLES and rest.partition("/")[0] in plans


def _say(key: str) -> None:
    export_id, item, *_ = key.split("/")
    log.get().warning(
        "removing what nobody waits for", part="reconcile", export=export_id, item=int(item)
    )


def find_lost(parts: RegionParts, asked: Asked, report: Report) -> None:
    """Find reviews of which something sealed is gone, or damaged: nobody can decide them.

    What is sealed is read only if that was asked for.

    Raises:
        StorageError: The store does not answer.
    """
    for one in parts.ledger.reviews.all(states=OPEN):
        if _is_lost(parts, one, asked) and parts.ledger.reviews.get(one.id)[0].state in OPEN:
            report.note(Kind.SEALED_LOST, f"review {one.id}")


def _is_lost(parts: RegionParts, review: Review, asked: Asked) -> bool:
    store = parts.quarantine
    for key in filter(None, (review.original_key, review.proposal_key)):
        try:
            put = store.stat(key)
        except NotFoundError:
            return True
        entry = Entry(Part.OBJECT, review.id, key, put.size, put.sha256)
        if asked.sums and read(store, entry) is not None:
            return True
    return False
