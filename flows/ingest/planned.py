"""The flow of a plan: its next stretches of days, study by study, while its night lasts.

Its only parameters are the plan's id and whether a person asked for it; parameters, names, logs,
results and artifacts of Prefect carry nothing else of what is fetched.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from catalog.ledgers.records import Export
from catalog.plans.records import SourceKind, Waiting, Window
from flows import deidentifier, log, wiring
from flows.errors import SourceAwayError, SourceRefusedError, StoppedError
from flows.exports.asking import Asked
from flows.exports.bringing import bring
from flows.exports.content import content_of
from flows.exports.job import Job
from flows.exports.nights import Nights, not_now
from flows.exports.rescanning import is_due, rescan
from flows.exports.running import Run, export_of, next_window, wake
from flows.exports.sharing import Quota, give_back_failed, how_far, is_settled, share_out
from flows.exports.stopping import Stops
from flows.ingest import alarms
from flows.ingest.alive import alive
from flows.ingest.closing import close, is_retriable, run_id
from flows.ingest.names import PLANNED
from flows.ingest.pushes import next_pushed
from flows.ingest.shelves import from_folder
from flows.ingest.shown import Bar, tag
from flows.ingest.tried import Tried
from flows.people import protection
from flows.review import expiry
from flows.silence import silenced
from flows.sources.auditing import activity, trail
from flows.sources.landing import Landing
from flows.sources.opening import Opened, open_source
from flows.walk.rejected import hold_rejected
from flows.wiring import RegionParts

if TYPE_CHECKING:
    from concurrent.futures import Future

    from prefect.client.schemas.objects import State

NOTHING_NEW = "nothing more has come to rest in the landing"
ALL_IN = "all that is settled came in"
FULL_NIGHT = "as many studies came in as one night may bring"
LATER = "some studies wait for another try"


@dataclass(frozen=True, repr=False)
class _Now:
    """What the tasks of this flow run work on; identified, so it is no parameter of theirs."""

    job: Job
    waiting: dict[int, Waiting] = field(default_factory=dict)


_now: ContextVar[_Now] = ContextVar("what the tasks of this flow run work on")


@flow(name=PLANNED, flow_run_name="plan-{plan_id}", persist_result=False)
def export(plan_id: str, *, at_once: bool = False) -> str:
    """Go on with a plan, and say why it ended.

    Args:
        plan_id: Which plan.
        at_once: Whether a person began it: then it does not wait for the night, nor end with it.
    """
    log.configure()
    with silenced("plan", plan=plan_id):
        parts = wiring.region()
        with alive(parts.landing, run_id()):
            _tidy(parts)
            with activity(trail(parts.landing)):
                ended = _run(parts, plan_id, at_once=at_once)
        log.get().info("plan rests", plan=plan_id, reason=ended)
        return ended


@task(
    task_run_name="study-{ordinal}",
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_jitter_factor=0.3,
    retry_condition_fn=lambda _task, _run, state: is_retriable(state),
    persist_result=False,
    cache_policy=NO_CACHE,
)
def planned_study(export_id: str, ordinal: int) -> str:
    """Bring one announced study in: the unit of retry is the unit of commit."""
    with silenced("study", export=export_id, study=ordinal):
        now = _now.get()
        return bring(now.job, now.waiting[ordinal]).value


def _run(parts: RegionParts, plan_id: str, *, at_once: bool) -> str:
    plan = parts.ledger.plans.get(plan_id)
    content = content_of(plan.content)
    nights, moment = Nights.of(content.schedule), datetime.now(UTC)
    if why := not_now(plan, nights, moment, at_once=at_once):
        return why
    hold_rejected(parts, plan.holder_id)
    if at_once:
        wake(parts, plan.id)
    until = None if at_once else nights.closes_at(moment)
    most = content.limits.bytes_per_night
    stop = Stops(plan.id, parts.ledger.plans, parts.landing, until, most)
    known = parts.ledger.plans.source(plan.source)
    try:
        if known.kind is SourceKind.FOLDER:
            return from_folder(parts, plan, known, stop)
        opened = open_source(known, Landing(parts.landing))
        asked = Asked(opened.source, content.selection, opened.stations, opened.care.nearline)
        rests = opened.breaker.rests
        run = Run(parts, plan, content, asked, stop, run_id(), spend=stop.spend, rests=rests)
        return _go_on(run, opened)
    except StoppedError:  # a question was cut short: it is asked again next time
        return stop.reason()
    except (SourceAwayError, SourceRefusedError):
        alarms.tell_unreachable(plan.source, plan.holder_id)
        raise


def _tidy(parts: RegionParts) -> None:
    moment = datetime.now(UTC)
    parts.ledger.forget_expired(moment)
    parts.ledger.announced.forget(moment - parts.remembered)
    expiry.expire(parts, moment)


def _go_on(run: Run, opened: Opened) -> str:
    """Bring stretches of days in until something says that it is enough; give what said so."""
    quota = Quota(run.content.limits.studies_per_night)
    while not run.stop.reason():
        came = _next(run, opened, quota)
        if isinstance(came, str):
            return came
        if not quota.leaves():
            return FULL_NIGHT
        if not came:
            return run.stop.reason() or LATER
    return run.stop.reason()


def _next(run: Run, opened: Opened, quota: Quota) -> bool | str:
    """Bring in what comes next, and tell the same as `_bring`; or say why there is nothing."""
    if again := run.parts.ledger.rescans.exports(run.plan.id, unfinished=True):
        return _bring_again(run, opened, again[0], quota)
    if run.content.selection.everything:
        return next_pushed(run) or NOTHING_NEW
    if (window := next_window(run)) is not None:
        return _bring_in(run, opened, window, quota)
    if is_due(run, datetime.now(UTC)) and rescan(run, datetime.now(UTC)).export_id:
        return True
    return ALL_IN


def _bring_in(run: Run, opened: Opened, window: Window, quota: Quota) -> bool:
    """Bring one stretch in; tell the same as `_bring`."""
    export = export_of(run, window)
    if export is None:
        return True
    settled = _bring(run, opened, export, quota)
    if settled:
        run.parts.ledger.plans.end_window(replace(window, export_id=export.id))
    return settled


def _bring_again(run: Run, opened: Opened, export_id: str, quota: Quota) -> bool:
    """Bring in what a look found to be late; tell the same as `_bring`."""
    settled = _bring(run, opened, run.parts.ledger.export(export_id), quota)
    if settled:
        run.parts.ledger.rescans.end(export_id, datetime.now(UTC))
    return settled


def _bring(run: Run, opened: Opened, export: Export, quota: Quota) -> bool:
    """Bring the studies of an export in, as many as the night takes; tell whether all ended."""
    now, tried = _Now(_job(run, opened, export)), Tried()
    tag(holder=export.holder_id, plan=run.plan.id, export=export.id)
    bar = Bar(export.id, lambda: how_far(run, export))

    def end(ordinal: int, state: "State[Any]") -> bool:
        bar.look()
        return tried.add(ordinal, state)

    held = _now.set(now)
    try:
        share_out(
            run,
            export,
            lambda waiting: _submit(now, export, waiting),
            end,
            at_a_time=opened.care.associations,
            quota=quota,
        )
    finally:
        _now.reset(held)
    bar.look(at_once=True)
    failed = tried.failed
    give_back_failed(run, export, failed)
    alarms.tell_failed(export.id, export.holder_id, failed=len(failed), tried=tried.number)
    settled = is_settled(run, export)
    if settled:
        close(run.parts, export, failed=[])
    elif failed:
        close(run.parts, export, failed=list(failed.values()))
    return settled


def _submit(now: _Now, export: Export, waiting: Waiting) -> "Future[State[Any]]":
    now.waiting[waiting.ordinal] = waiting
    future = planned_study.submit(export.id, waiting.ordinal)
    return future.wrapped_future  # type: ignore[attr-defined,no-any-return]  # of the threads' runner


def _job(run: Run, opened: Opened, export: Export) -> Job:
    parts = run.parts
    return Job(
        parts=parts,
        deidentifier=deidentifier.of_region(),
        protection=protection.of_region(),
        export=export,
        region=parts.publisher.holder(export.holder_id).region,
        source=opened.source,
        landing=Landing(parts.landing),
        stop=run.stop,
        breaker=opened.breaker,
        who=run.who,
        run=run_id(),
        tries=run.content.limits.tries,
        spend=run.spend,
        place=opened.place,
    )
