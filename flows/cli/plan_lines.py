"""What an administrator reads of plans, previews and exports, line by line; nothing identified."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from catalog.ledgers.ledger import Ledger
from catalog.plans.records import AnnouncedState, KnownSource, Plan, PlanState, Window, WindowState
from flows.cli.plural import counted, studies_wait
from flows.errors import PlanError
from flows.exports.content import Content, content_of
from flows.status.region import next_night

if TYPE_CHECKING:
    from flows.sources.folder.exports import ExportFolder
    from flows.sources.opening import Opened
    from flows.wiring import RegionParts

_GIB = 1 << 30


def preview_lines(here: "Opened", content: Content) -> Iterator[str]:
    """Ask a source, and tell how much a plan would move."""
    from flows.exports.planning import asked
    from flows.exports.preview import USUAL_INSTANCES, preview

    today = datetime.now(ZoneInfo(content.schedule.timezone)).date()
    found = preview(
        asked(here, content),
        content,
        _Never(),
        today,
        bytes_per_second=here.care.bytes_per_second,
    )
    if found.days is None:
        yield "no day of the plan is settled yet"
        return
    yield f"study dates {found.days[0]} to {found.days[1]}"
    yield f"studies     {found.studies}, and {found.skipped} that are not online"
    if found.unknown:
        yield f"left out    {found.unknown}: nobody can tell whether they are screening or clinical"
    yield f"instances   {found.instances}"
    if found.reckoned:
        yield f"            of {found.reckoned} studies not told: {USUAL_INSTANCES} each"
    yield f"about       {found.bytes / _GIB:.1f} GiB, {found.seconds / 3600:.1f} h of fetching"
    yield f"nights      {found.nights}"
    most = max(found.by_month.values(), default=1)
    for month, number in found.by_month.items():
        yield f"  {month}  {number:6}  {'█' * round(30 * number / most)}"
    yield "nothing was moved"


def folder_lines(parts: "RegionParts", folder: "ExportFolder") -> Iterator[str]:
    """Look through a folder, and tell what a plan would take of it; no name is told."""
    from flows.exports.shelf import look_through

    rows = look_through(parts.ledger, folder)
    yield f"{'exports':>7}  {'files':>8}  {'GiB':>8}  state"
    for word, row in sorted(rows.items()):
        yield f"{row.exports:7}  {row.files:8}  {row.bytes / _GIB:8.1f}  {word}"
    if not rows:
        yield "nothing lies in the folder"
    yield "nothing was moved"


def pushed_lines(parts: "RegionParts", known: KnownSource) -> Iterator[str]:
    """Tell what a plan of pushes would take."""
    from flows.sources.landing import Landing
    from flows.sources.opening import prove

    for step in prove(known, Landing(parts.landing)):
        yield f"{step.name}: {step.told}"
    yield "nothing was moved"


def plan_lines(ledger: Ledger) -> Iterator[str]:
    """Tell of every plan how far it is."""
    plans = ledger.plans.all()
    if plans:
        yield f"{'plan':12} {'holder':16} {'source':16} {'state':10} {'windows':>9}  next night"
    for plan in plans:
        windows = ledger.plans.windows(plan.id)
        done = sum(one.state is WindowState.DONE for one in windows)
        yield (
            f"{plan.id:12} {plan.holder_id:16} {plan.source:16} {plan.state.value:10} "
            f"{f'{done}/{len(windows)}':>9}  {_next_night(plan)}"
        )


def export_lines(ledger: Ledger) -> Iterator[str]:
    """Tell of every export how far it is."""
    yield f"{'export':17}  {'holder':16} {'state':10} {'files':>11}  outcomes"
    for export in ledger.exports():
        progress = ledger.progress(export.id)
        counts = ", ".join(f"{name} {number}" for name, number in sorted(progress.counts.items()))
        announced = ledger.announced.counts(export.id)
        waiting = announced.get(AnnouncedState.WAITING, 0)
        known = progress.items or sum(announced.values())
        whole = known and progress.done == progress.items and not waiting
        state = "finished" if whole else "unfinished"
        settled = f"{progress.done}/{progress.items}"
        waits = f"  ({studies_wait(waiting)})" if waiting else ""
        yield f"{export.id}  {export.holder_id:16} {state:10} {settled:>11}  {counts}{waits}"


def show_plan(ledger: Ledger, plan_id: str) -> Iterator[str]:
    """Tell all of one plan but what could identify anybody.

    Raises:
        NotFoundError: There is no such plan.
    """
    plan = ledger.plans.get(plan_id)
    content = content_of(plan.content)
    chosen, schedule, limits = content.selection, content.schedule, content.limits
    yield f"{plan.id}  {plan.state.value}  of {plan.holder_id}, from {plan.source}; by {plan.who}"
    yield f"decision    {plan.decision.reference}, until {plan.decision.valid_until}"
    if chosen.everything:
        yield "selection   everything: each complete export in the folder, or all that is pushed"
    else:
        last = chosen.last or f"all that is {limits.settling_days} days old"
        yield f"selection   {chosen.first or 'accession numbers'} to {last}, {chosen.screening}"
    if chosen.accessions:
        yield f"            {len(chosen.accessions)} accession numbers"
    yield (
        f"nights      {schedule.opens:%H:%M} to {schedule.closes:%H:%M} {schedule.timezone}, "
        f"cron {schedule.cron or '-'}, {len(schedule.blackout)} days blacked out"
    )
    yield f"next night  {_next_night(plan)}"
    for some in _runs(ledger.plans.windows(plan_id)):
        days = f"{some[0].first} to {some[-1].last}"
        yield f"  {days}  {some[0].state.value:8} {_told(ledger, some)}"
    for export_id in ledger.rescans.exports(plan_id):
        yield f"  beside its days           {_of_export(ledger, export_id)}"


def rescan_lines(parts: "RegionParts", plan_id: str, days: int) -> Iterator[str]:
    """Look again at a plan's source, and tell what was seen; nothing identified.

    Raises:
        NotFoundError: There is no such plan.
        PlanError: Its source cannot be looked at again, or it is stopped, paused or cancelled.
    """
    from flows.exports.planning import asked, opened
    from flows.exports.rescanning import rescan
    from flows.exports.running import Run
    from flows.exports.stopping import Stops

    plan = parts.ledger.plans.get(plan_id)
    content = content_of(plan.content)
    stop = Stops(plan.id, parts.ledger.plans, parts.landing, None)
    if why := stop.reason():
        message = f"nothing is asked of the source: {why}"
        raise PlanError(message)
    here = asked(opened(parts, plan.source), content)
    seen = rescan(Run(parts, plan, content, here, stop, "rescan"), datetime.now(UTC), days)
    yield f"studies     {seen.studies} compared, {seen.late} with something late"
    yield f"gone        {seen.gone} images not listed, {seen.held} held"
    for alarm in seen.alarms:
        yield f"alarm       {alarm}"
    if seen.export_id is not None:
        yield f"export      {seen.export_id} comes in the next night; at once with: "
        yield f"            mammo exports run {plan.id}"


def _runs(windows: Iterable[Window]) -> Iterator[list[Window]]:
    """Give windows one by one, and those side by side of which no export was made together."""
    for _, some in groupby(windows, key=lambda one: one.export_id or one.state):
        yield list(some)


def _told(ledger: Ledger, some: list[Window]) -> str:
    window = some[0]
    if window.export_id is None:
        found = "no studies; " if window.state is WindowState.DONE else ""
        return f"{found}{counted(len(some), 'stretch', 'stretches')} of days"
    return _of_export(ledger, window.export_id)


def _of_export(ledger: Ledger, export_id: str) -> str:
    studies = ledger.announced.counts(export_id)
    by_state = Counter({one.value: number for one, number in studies.items()})
    words = ", ".join(f"{word.lower()} {number}" for word, number in sorted(by_state.items()))
    return f"{export_id}  studies: {words or 'none'}; instances: {ledger.tally(export_id).total}"


def _next_night(plan: Plan) -> str:
    if plan.state is not PlanState.ACTIVE:
        return "-"
    now = datetime.now(UTC)
    moment = next_night(plan, now)
    if moment is None:
        return "when people begin it"
    if moment <= now:
        return "open now"
    return f"{moment.astimezone(ZoneInfo(content_of(plan.content).schedule.timezone)):%F %R %Z}"


class _Never:
    """Never says to stop: who waits for a preview presses Ctrl-C."""

    def reason(self) -> str:
        """Say nothing."""
        return ""
