"""What is wrong with an object that a record names, and what becomes of it."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sqlalchemy import Engine

from catalog import holds
from catalog.errors import NotFoundError, StorageError
from catalog.inventory.records import Entry, Part
from catalog.objects import ObjectStore
from catalog.vocabulary import HoldKind
from flows.reconcile.kinds import RULES, Action, Kind
from flows.reconcile.report import Asked, Report

_TRIES = 2


class Fault(StrEnum):
    """How an object differs from its record; these words are the reason of its Hold."""

    MISSING = "its object is not in the store"
    RESIZED = "its object has another size than recorded"
    DAMAGED = "its object has other bytes than recorded"
    UNREADABLE = "the store cannot read its object"


_OBJECTS: Final[Mapping[Fault, Kind]] = MappingProxyType(
    {
        Fault.MISSING: Kind.MISSING,
        Fault.RESIZED: Kind.RESIZED,
        Fault.DAMAGED: Kind.DAMAGED,
        Fault.UNREADABLE: Kind.UNREADABLE,
    }
)
_PARTS: Final = MappingProxyType({Part.PREVIEW: Kind.PREVIEW, Part.HEADER: Kind.HEADER})


def told(engine: Engine, entry: Entry, fault: Fault, asked: Asked, report: Report) -> None:
    """Enter a fault; the revision is held if that was asked for, unless it is held for that."""
    kind = _OBJECTS[fault] if entry.part is Part.OBJECT else _PARTS[entry.part]
    where = f"of release {entry.release_id}" if entry.release_id else ""
    report.note(kind, f"revision {entry.revision_id} {where}".strip())
    if asked.mend and RULES[kind].action is Action.HOLD:
        report.held += holds.stop_revision(
            engine,
            entry.revision_id,
            HoldKind.RECALLED,
            reason=f"reconcile: {fault.value}",
            who=asked.who,
        )


def looked_up(store: ObjectStore, entry: Entry) -> Fault | None:
    """Ask the store for one object's size.

    Raises:
        StorageError: The store does not answer.
    """
    try:
        size = store.stat(entry.key).size
    except NotFoundError:
        return Fault.MISSING
    return None if size == entry.size else Fault.RESIZED


def read(store: ObjectStore, entry: Entry) -> Fault | None:
    """Read one object block by block, and compare its size and digest with the record.

    Raises:
        StorageError: The store does not answer, not even for the object's size.
    """
    for _ in range(_TRIES):
        with suppress(StorageError):
            return None if _is_same(store, entry) else looked_up(store, entry) or Fault.DAMAGED
    return looked_up(store, entry) or Fault.UNREADABLE


def _is_same(store: ObjectStore, entry: Entry) -> bool:
    digest, size = hashlib.sha256(), 0
    with suppress(NotFoundError):
        for block in store.get(entry.key):
            digest.update(block)
            size += len(block)
            if size > entry.size:
                break
    return size == entry.size and digest.hexdigest() == entry.sha256
