"""The hub's side: catalogue against clean objects, releases and arrivals."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from catalog import audit
from catalog.audit import AccessEvent
from catalog.facets.checking import differing
from catalog.facets.keeping import keep_all
from catalog.inventory import clean, delivered
from catalog.inventory.records import Unsealed
from catalog.objects import ObjectStore
from catalog.releases import discard
from flows.reconcile.checking import check, check_headers, read_all
from flows.reconcile.kinds import Kind
from flows.reconcile.report import Asked, Report
from flows.reconcile.sweeping import Bucket, name_of, sweep


@dataclass(frozen=True, repr=False)
class HubSide:
    """What the hub's side is reconciled with.

    Attributes:
        sweeper: The clean store with an identity that may remove there, if one is here.
        arrivals: What regions delivered, if there is an intake and its check is here.
    """

    catalogue: Engine
    clean: ObjectStore
    releases: ObjectStore
    sweeper: ObjectStore | None = None
    arrivals: ObjectStore | None = None


def reconcile(side: HubSide, asked: Asked, report: Report) -> None:
    """Look at all that the hub keeps, in the order in which one step may leave work to the next.

    Raises:
        StorageError: The store does not answer; run it again.
        DatabaseError: The catalogue does not answer; run it again.
    """
    catalogue, expected = side.catalogue, clean.counted(side.catalogue)
    named = partial(clean.named, catalogue)
    sweep(_bucket(side, Kind.ORPHAN, named, asked), asked, report, expected=expected)
    check(catalogue, side.clean, asked, report)
    for begun in clean.unsealed(catalogue, asked.moment, asked.older):
        _give_up(side, begun, asked, report)
    headers, expected = partial(clean.headers_named, catalogue), clean.headers_counted(catalogue)
    sweep(_bucket(side, Kind.HEADER_ORPHAN, headers, asked), asked, report, expected=expected)
    check_headers(catalogue, side.releases, asked, report)
    if side.arrivals is not None:
        awaited = partial(_awaited, catalogue)
        sweep(_bucket(side, Kind.STRAY, awaited, asked), asked, report)
    _sums(side, asked, report)
    _searched(side, asked, report)
    if asked.sums:
        read_all(catalogue, side.clean, side.releases, asked, report)


def _bucket(
    side: HubSide, kind: Kind, named: Callable[[Collection[str]], Collection[str]], asked: Asked
) -> Bucket:
    stores: dict[Kind, tuple[str, ObjectStore, ObjectStore | None]] = {
        Kind.ORPHAN: ("clean", side.clean, side.sweeper),
        Kind.HEADER_ORPHAN: ("releases", side.releases, side.releases),
        Kind.STRAY: ("arrivals", side.arrivals or side.clean, side.arrivals),
    }
    place, store, sweeper = stores[kind]

    def log(key: str) -> None:
        _audit(side, asked, f"{place}:{name_of(key)}", kind)

    return Bucket(store, kind, named, log, sweeper)


def _awaited(catalogue: Engine, keys: Collection[str]) -> Collection[str]:
    return delivered.waited_for(catalogue) & frozenset(keys)


def _audit(side: HubSide, asked: Asked, what: str, kind: Kind) -> None:
    """Write down what is about to go; what cannot be written down does not go."""
    audit.append(side.catalogue, AccessEvent(asked.who, "", "remove", what, kind.value))


def _give_up(side: HubSide, begun: Unsealed, asked: Asked, report: Report) -> None:
    """End a release that nobody builds any more: no header of it was written for so long."""
    written = side.releases.listed(f"{begun.permit_id}/{begun.id}/")
    if any(asked.is_young(one.modified) for one in written):
        return
    report.note(Kind.UNSEALED, f"release {begun.id}")
    if asked.mend:
        _audit(side, asked, f"release:{begun.id}", Kind.UNSEALED)
        discard(side.catalogue, begun.id)
        report.mended[Kind.UNSEALED] += 1


def _sums(side: HubSide, asked: Asked, report: Report) -> None:
    """Look for exports whose region has not told their sums, or told others than came."""
    for export in delivered.exports(side.catalogue, asked.moment - asked.older):
        if export.tally is None:
            report.note(Kind.UNTOLD, f"export {export.id}")
        elif not export.tally.matches:
            report.note(Kind.HUB_SUMS, f"export {export.id}")


def _searched(side: HubSide, asked: Asked, report: Report) -> None:
    """Look for studies of which search says otherwise than the catalogue: it may not find them."""
    found = list(differing(side.catalogue))
    for key in found:
        report.note(Kind.SEARCH, f"study {key}")
    if asked.mend and found:
        keep_all(side.catalogue)
        report.mended[Kind.SEARCH] += len(found)
