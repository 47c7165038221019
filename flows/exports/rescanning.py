"""Look again at what a source has of studies that came in: what came late, and what is gone.

A look never takes anything away by itself. Late images are fetched by an export of their own. What
a source does not list is held only when it was not listed at an earlier look either, a day before
or more; and a source that fails, answers nothing, or lists far less than before proves nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from catalog.changes.rescans import Compared, Looked
from catalog.plans.records import (
    Announced,
    AnnouncedState,
    PlanState,
    Window,
    WindowState,
)
from catalog.vocabulary import HoldKind
from flows import log
from flows.errors import PlanError, SourceAwayError, StoppedError, TruncatedError
from flows.exports.running import Run, register
from flows.sources.source import FoundStudy

GONE = "vanished at the source"
APART = timedelta(days=1)
"""Time between two looks before what is gone in both is held."""
_FAR_FEWER = 0.2  # share of a stretch's published images
_EARLY = timedelta(hours=6)  # nights do not begin on the second

FAILED = "the source did not answer, or held answers back: nothing was compared"
SILENT = "the source lists no study where it had some: nothing was held"
NO_LIST = "the source gives no list of a study that it has: it was not compared"
FAR_FEWER = "the source lists far fewer images than before: nothing was held"
CUT_SHORT = "the look was cut short; what it did not come to, the next one does"


@dataclass
class Look:
    """What one look saw; nothing in it is identified.

    Attributes:
        studies: How many were compared.
        late: How many have something that never came.
        gone: Images that are not listed; `held` those for which a Hold was placed.
        alarms: By stretch of days, why nothing can be concluded of it.
        export_id: What brings in what is late.
    """

    studies: int = 0
    late: int = 0
    gone: int = 0
    held: int = 0
    alarms: list[str] = field(default_factory=list)
    export_id: str | None = None


def is_due(run: Run, moment: datetime) -> bool:
    """Tell whether a plan's next look is due; its days are counted from the first question on."""
    every = run.content.limits.rescan_days
    if not every:
        return False
    rescans = run.parts.ledger.rescans
    last = rescans.last(run.plan.id)
    if last is None:
        rescans.looked(Looked(run.plan.id, 0, moment))
        return False
    return moment - last >= timedelta(days=every) - _EARLY


def rescan(run: Run, moment: datetime, days: int = 0) -> Look:
    """Look again at the studies of a plan's newest stretches of days, the newest first.

    Args:
        run: The plan's.
        moment: Now.
        days: Study dates so many days back; 0 is as the plan says.

    Raises:
        PlanError: The plan's source is a folder, or pushes.
        SourceRefusedError: The source refuses us.
    """
    ledger = run.parts.ledger
    if ledger.plans.source(run.plan.source).kind.is_taken_whole:
        message = "the source lists only what waits; there is nothing to look at again"
        raise PlanError(message)
    since = moment.date() - timedelta(days=days or run.content.limits.rescan_back)
    look, late = Look(), dict[str, Announced]()
    windows = [one for one in ledger.plans.windows(run.plan.id) if one.last >= since]
    try:
        for window in reversed(windows):
            if window.state is WindowState.DONE:
                late |= _stretch(run, look, window, moment)
    except StoppedError:
        look.alarms.append(CUT_SHORT)
    _fetch(run, look, late, moment)
    for alarm in look.alarms:
        log.get().warning("rescan alarm", plan=run.plan.id, reason=alarm)
    told = {"studies": look.studies, "late": look.late, "gone": look.gone, "held": look.held}
    log.get().info("source looked at again", plan=run.plan.id, export=look.export_id, **told)
    return look


def _fetch(run: Run, look: Look, late: Mapping[str, Announced], moment: datetime) -> None:
    """Let what is late come in by an export of its own, in this night or a later one."""
    ledger, looked = run.parts.ledger, Looked(run.plan.id, look.studies, moment)
    if not late:
        ledger.rescans.looked(looked)
        return
    # First: a plan that is active and has nothing to do is done again.
    if ledger.plans.get(run.plan.id).state is PlanState.DONE:
        ledger.plans.move(run.plan.id, PlanState.ACTIVE)
    look.export_id = register(run.parts, run.plan, list(late.values()), looked).id
    look.late = len(late)


def _stretch(run: Run, look: Look, window: Window, moment: datetime) -> dict[str, Announced]:
    """Compare one stretch of days; give the studies of which something is late.

    Raises:
        StoppedError: We were told to stop.
    """
    ledger, days = run.parts.ledger, (window.first, window.last)
    where = f"{window.first} to {window.last}"
    try:
        found = {one.study_uid: one for one in run.asked.studies(days, run.stop)}
    except (SourceAwayError, TruncatedError):
        look.alarms.append(f"{where}: {FAILED}")
        return {}
    mine = {} if window.export_id is None else ledger.announced.studies(window.export_id)
    # What an earlier look found in these days came in by an export of its own.
    others = _announced(run, but=window.export_id)
    every = {uid: state for uid, state in others.items() if uid in found} | mine
    settled = [uid for uid, state in every.items() if state is AnnouncedState.SETTLED]
    if settled and not found:
        look.alarms.append(f"{where}: {SILENT}")
        return {}
    compared = dict(_compared(run, look, settled, found, (where, moment)))
    look.studies += len(compared)
    if not _hold_gone(run, look, compared, moment):
        look.alarms.append(f"{where}: {FAR_FEWER}")
    wanted = [uid for uid, one in compared.items() if one.late]
    wanted += [uid for uid in found if uid not in every]
    told = {
        uid: run.asked.announce(found[uid]) if uid in found else Announced(uid) for uid in wanted
    }
    return {uid: one for uid, one in told.items() if not one.skipped}


def _announced(run: Run, *, but: str | None) -> dict[str, AnnouncedState]:
    """Give every study that was announced to a plan, in a stretch of days or by a look."""
    ledger = run.parts.ledger
    windows = (one.export_id for one in ledger.plans.windows(run.plan.id))
    exports = {*filter(None, windows), *ledger.rescans.exports(run.plan.id)} - {but}
    return {
        uid: state
        for one in sorted(exports)
        for uid, state in ledger.announced.studies(one).items()
    }


def _compared(
    run: Run,
    look: Look,
    settled: list[str],
    found: Mapping[str, FoundStudy],
    at: tuple[str, datetime],
) -> Iterator[tuple[str, Compared]]:
    """Ask for the lists of studies, and compare them; a list that is not had is no list."""
    where, moment = at
    for uid in settled:
        if run.stop.reason():
            raise StoppedError
        try:
            listed = run.asked.source.instances(uid, run.stop)
        except (SourceAwayError, TruncatedError):
            look.alarms.append(f"{where}: {FAILED}")
            continue
        if not listed and uid in found:
            look.alarms.append(f"{where}: {NO_LIST}")
            continue
        uids = [one.sop_uid for one in listed]
        yield uid, run.parts.ledger.rescans.compare(run.plan.id, uid, uids, moment=moment)


def _hold_gone(run: Run, look: Look, compared: Mapping[str, Compared], moment: datetime) -> bool:
    """Remember what is gone, and hold what was gone a day ago; False if far too much is.

    What was held as gone lately counts, too: or a source could take a fifth of the rest each time.
    """
    rescans = run.parts.ledger.rescans
    gone = frozenset[str]().union(*(one.gone for one in compared.values()))
    there = frozenset[str]().union(*(one.there for one in compared.values()))
    lost = frozenset[str]().union(*(one.lost for one in compared.values()))
    look.gone += len(gone)
    if gone and len(gone | lost) > _FAR_FEWER * len(gone | lost | there):
        return False
    rescans.note(run.plan.id, gone=gone, there=there, moment=moment)
    due = rescans.due(run.plan.id, gone, moment - APART)
    for one in due:
        look.held += run.parts.publisher.hold_instance(
            one.clean_sop_uid,
            HoldKind.WITHDRAWN,
            holder_id=run.plan.holder_id,
            reason=GONE,
            who=f"plan {run.plan.id}",
        )
    rescans.held(due, moment)
    return True
