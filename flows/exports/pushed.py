"""What was pushed: taken by the plan that covers its sender, shown until then, and ended at last.

A sender belongs to one source, and a source that pushes to one plan, so that nobody has to guess
whose a study is. What nobody covers may not be looked into: no decision lets it leave its holder.
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.changes.rescans import Looked
from catalog.ledgers.ledger import Ledger
from catalog.outcome import Outcome
from catalog.plans.records import KnownSource, SourceKind
from catalog.plans.work import Place
from flows import log
from flows.errors import SourceError
from flows.exports.planning import in_force
from flows.exports.running import Run, register
from flows.sources.awaiting import is_awaited
from flows.sources.definition import PushedSource, definition
from flows.sources.landed import name
from flows.sources.landing import ENDED, Landing
from flows.sources.senders import Pushed, Senders, digests
from flows.wiring import RegionParts

UNASKED = "no plan asked for it in time"


@dataclass
class Waits:
    """How much of one kind waits in the landing.

    Attributes:
        quiet: Seconds for which nothing came of what rests longest; 0 where nothing waits.
    """

    studies: int = 0
    files: int = 0
    bytes: int = 0
    quiet: float = 0.0

    def add(self, one: Pushed) -> None:
        """Count one study."""
        files, size = _size(one)
        self.studies += 1
        self.files += files
        self.bytes += size
        self.quiet = max(self.quiet, one.landed.quiet_for() if files else 0.0)


@dataclass(frozen=True)
class Standing:
    """What waits in the landing, in numbers.

    Attributes:
        covered: What a plan will take, by its holder and source.
        unasked: What no plan covers.
        odd: What is not what it was announced as, in both of them.
    """

    covered: Mapping[Place, Waits]
    unasked: Waits
    odd: Waits


def require_own(ledger: Ledger, given: KnownSource) -> None:
    """Refuse a source whose senders are another's.

    Raises:
        SourceError: One sender would have two sources.
    """
    mine = frozenset(_calling(given))
    for other in ledger.plans.sources():
        if other.name != given.name and mine & frozenset(_calling(other)):
            message = "one of these AE titles belongs to another source already"
            raise SourceError(message)


def announce(run: Run) -> str | None:
    """Register an export of what has come to rest; None if there is nothing.

    What another export fetches at this moment is left to it.

    Raises:
        ExportRefusedError: The plan's decision is over.
    """
    Senders(Landing(run.parts.landing)).tidy()
    today = datetime.now(UTC).date()
    found = [run.asked.announce(one) for one in run.asked.studies((today, today), run.stop)]
    under_way = run.parts.ledger.announced.leased(one.study_uid for one in found)
    found = [one for one in found if one.study_uid not in under_way]
    if not found:
        return None
    looked = Looked(run.plan.id, len(found), datetime.now(UTC))
    return register(run.parts, run.plan, found, looked).id


def standing(ledger: Ledger, landing: Landing) -> Standing:
    """Count what waits, and for whom."""
    owners = _owners(ledger)
    covered = {place: Waits() for place, _ in owners}
    unasked, odd = Waits(), Waits()
    for one in (*Senders(landing).pushed(), *Senders(landing).unnoted()):
        place = _owner(owners, one)
        (unasked if place is None else covered[place]).add(one)
        if one.is_apart:
            odd.add(one)
    return Standing(covered, unasked, odd)


def end_unasked(parts: RegionParts) -> int:
    """End what no plan covers and lies here for long: removed, and counted as REFUSED.

    It is still at its source. What an export waits for is left to it, however long its plan rests.
    A crash in between is made good by the next call.

    Returns:
        How many files ended.
    """
    landing = Landing(parts.landing)
    with Senders(landing).alone("unasked"):  # another upkeep would count what is half put aside
        return _end_unasked(parts, landing)


def _end_unasked(parts: RegionParts, landing: Landing) -> int:
    owners, after = _owners(parts.ledger), parts.unasked.total_seconds()
    aside = landing.root / ENDED
    every = (*Senders(landing).pushed(), *Senders(landing).unnoted())
    over = [one for one in every if _owner(owners, one) is None and one.landed.age() > after]
    ledger = parts.ledger
    wanted = digests(ledger.announced.waited_for(ledger.rescans.led())) if over else frozenset()
    for one in over:
        names = {name(one.key), one.landed.folder.name}
        if not wanted & names and not is_awaited(landing, one.landed.folder.name):
            one.landed.hand_over(aside / secrets.token_hex(20))
    ended = 0
    for folder in sorted(aside.iterdir()) if aside.is_dir() else ():
        sizes = [path.stat().st_size for path in folder.iterdir()]
        ended += len(sizes)
        parts.ledger.unasked.end(
            folder.name, Outcome.REFUSED, UNASKED, files=len(sizes), size=sum(sizes)
        )
        shutil.rmtree(folder)
    if ended:
        log.get().warning("what nobody asked for was removed", part="landing", count=ended)
    Senders(landing).tidy()
    return ended


def _owners(ledger: Ledger) -> tuple[tuple[Place, frozenset[str]], ...]:
    """Give the senders of every plan of pushes that is not over."""
    plans = ledger.plans.all()
    return tuple(
        ((plan.holder_id, known.name), digests(_calling(known)))
        for known in ledger.plans.sources()
        if known.kind is SourceKind.PUSHED
        for plan in in_force(plans, known.name)
    )


def _owner(owners: tuple[tuple[Place, frozenset[str]], ...], one: Pushed) -> Place | None:
    return next((place for place, mine in owners if one.senders and one.senders <= mine), None)


def _calling(known: KnownSource) -> Iterator[str]:
    if known.kind is SourceKind.PUSHED:
        told = definition(known)
        if isinstance(told, PushedSource):
            yield from told.calling


def _size(one: Pushed) -> tuple[int, int]:
    sizes = []
    for path in one.landed.files():
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:  # an export takes it in this moment
            continue
    return len(sizes), sum(sizes)
