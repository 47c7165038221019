"""Each kind of errand, done with the same functions as the command line's; nothing identified."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from catalog.errands.records import ErrandKind, Taken
from catalog.errors import NotFoundError
from catalog.plans.records import KnownSource, Plan, PlanState, SourceKind
from flows.errands.confined import require_confined
from flows.errands.said import (
    NothingSaid,
    PreviewSaid,
    ScheduleSaid,
    SourceSaid,
    TraceSaid,
    read,
)
from flows.errors import PlanError, SourceError, StudyError
from flows.exports import planning
from flows.exports.content import read_content
from flows.exports.preview import preview
from flows.exports.pushed import require_own
from flows.exports.registry import decision_as_told
from flows.exports.shelf import look_through
from flows.exports.stopping import go_on, stop_all
from flows.ingest import schedules, watch
from flows.sources.definition import definition, describe
from flows.sources.landing import Landing
from flows.sources.opening import open_folder, prove, to_enter
from flows.sources.source import Stop
from flows.wiring import RegionParts

MOST_FILES = 1000
LATER = "the region's Prefect server does not answer: schedules follow within ten minutes of it"

#: What a trace tells; no original UID is among it.
_OF_A_FILE = ("export_id", "outcome", "reason", "clean_study_uid", "clean_sop_uid", "revision")
_OF_A_STUDY = ("export_id", "ordinal", "state", "claimed", "why")

Answer = Mapping[str, Any]
Told = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Doer:
    """What errands are done with.

    Attributes:
        folders: Where files lie that a source may name.
        stop: Ends what takes too long.
    """

    parts: RegionParts
    folders: Sequence[Path]
    stop: Stop


def do(doer: Doer, errand: Taken, told: Told) -> Answer:
    """Do an errand, and give its answer; doing it twice does nothing more.

    Raises:
        FlowsError: With what to change; it names nobody.
        CatalogError: A database did not answer, or the state of things forbids it.
    """
    return _BY_KIND[errand.kind](doer, errand, told)


def _add_source(doer: Doer, errand: Taken, told: Told) -> Answer:
    known = describe(errand.target, read(SourceSaid, told).definition)
    require_confined(definition(known), doer.folders)
    plans = doer.parts.ledger.plans
    if any(plan.source == known.name for plan in plans.all()):
        message = "plans ask this source: it is changed at the command line (mammo sources add)"
        raise SourceError(message)
    require_own(doer.parts.ledger, known)
    _require_hers(doer, errand, known)
    is_new = plans.set_source(known)
    return {"source": known.name, "kind": known.kind.value, "new": is_new}


def _require_hers(doer: Doer, errand: Taken, known: KnownSource) -> None:
    """Refuse to point somebody else's source elsewhere: what is asked of it next would go there.

    What a worker entered before it died is there already, and is entered again.
    """
    ledger = doer.parts.ledger
    try:
        before = ledger.plans.source(known.name)
    except NotFoundError:
        return
    if before != known and ledger.errands.entered_by(known.name) != errand.who:
        message = "somebody else entered this source: take another name, or ask at the command line"
        raise SourceError(message)


def _test_source(doer: Doer, errand: Taken, told: Told) -> Answer:
    read(NothingSaid, told)
    known = planning.known_source(doer.parts, errand.target)
    steps = _steps(doer, known)
    well = all(step["ok"] for step in steps)
    return {"enter": list(to_enter(known)), "steps": steps, "ok": well}


def _steps(doer: Doer, known: KnownSource) -> list[dict[str, Any]]:
    return [
        {"name": step.name, "ok": step.ok, "told": step.told}
        for step in prove(known, Landing(doer.parts.landing))
    ]


def _preview(doer: Doer, errand: Taken, told: Told) -> Answer:
    content = read_content(read(PreviewSaid, told).plan)
    known = planning.known_source(doer.parts, errand.target)
    planning.require_fit(known, content)
    if known.kind is SourceKind.PUSHED:
        return {"steps": _steps(doer, known)}
    if content.selection.everything:
        rows = look_through(doer.parts.ledger, open_folder(known))
        return {"folder": [{"state": word, **vars(row)} for word, row in sorted(rows.items())]}
    here = planning.opened(doer.parts, errand.target)
    today = datetime.now(ZoneInfo(content.schedule.timezone)).date()
    found = preview(
        planning.asked(here, content),
        content,
        doer.stop,
        today,
        bytes_per_second=here.care.bytes_per_second,
    )
    days = None if found.days is None else [day.isoformat() for day in found.days]
    return {**vars(found), "days": days, "seconds": round(found.seconds)}


def _schedule(doer: Doer, errand: Taken, told: Told) -> Answer:
    said = read(ScheduleSaid, told)
    content = read_content(said.plan)
    plan = Plan(
        id=f"p-{errand.id[:8]}",
        holder_id=said.holder,
        source=errand.target,
        decision=decision_as_told(said.decision),
        content=content.model_dump_json(),
        state=PlanState.ACTIVE,
        who=errand.who,
    )
    if not _is_there(doer, plan.id):  # a worker that died may have entered it before
        planning.enter_decided(doer.parts, plan, content)
    return {"plan": plan.id, **_scheduled(doer)}


def _is_there(doer: Doer, plan_id: str) -> bool:
    try:
        doer.parts.ledger.plans.get(plan_id)
    except NotFoundError:
        return False
    return True


def _run(doer: Doer, errand: Taken, told: Told) -> Answer:
    read(NothingSaid, told)
    if not _is_there(doer, errand.target):
        message = "there is no such plan"
        raise PlanError(message)
    state = doer.parts.ledger.plans.get(errand.target).state
    if state is not PlanState.ACTIVE:
        message = f"the plan is {state.value}; resume it first"
        raise PlanError(message)
    return {"plan": errand.target, "run": watch.begin_plan(errand.target, key=errand.id)}


def _moving(state: PlanState) -> Callable[[Doer, Taken, Told], Answer]:
    def move(doer: Doer, errand: Taken, told: Told) -> Answer:
        read(NothingSaid, told)
        planning.move(doer.parts, errand.target, state)
        return {"plan": errand.target, "state": state.value, **_scheduled(doer)}

    return move


def _scheduled(doer: Doer) -> Answer:
    """Make the server's schedules what the plans say; the ledger is right without them too."""
    try:
        schedules.set_up(doer.parts.ledger.plans)
    except StudyError:
        return {"note": LATER}
    return {}


def _stop(doer: Doer, _errand: Taken, told: Told) -> Answer:
    read(NothingSaid, told)
    stop_all(doer.parts.landing)
    return {"stopped": True}


def _go(doer: Doer, _errand: Taken, told: Told) -> Answer:
    read(NothingSaid, told)
    go_on(doer.parts.landing)
    return {"stopped": False}


def _trace(doer: Doer, _errand: Taken, told: Told) -> Answer:
    said = read(TraceSaid, told)
    ledger = doer.parts.ledger
    files = ledger.by_accession(said.accession, said.issuer)
    studies = ledger.announced.by_accession(said.accession, said.issuer)
    return {
        "files": [
            {"number": number, **_named(one, _OF_A_FILE), "recorded_at": _moment(one.recorded_at)}
            for number, one in enumerate(files[:MOST_FILES], 1)
        ],
        "more": max(0, len(files) - MOST_FILES),
        "studies": [
            {**_named(one, _OF_A_STUDY), "changed_at": _moment(one.changed_at)} for one in studies
        ],
    }


def _named(record: object, names: Sequence[str]) -> dict[str, Any]:
    """Give some attributes: what a record comes to hold one day is not answered by itself."""
    return {name: getattr(record, name) for name in names}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


_BY_KIND: Final[Mapping[ErrandKind, Callable[[Doer, Taken, Told], Answer]]] = {
    ErrandKind.SOURCE_ADD: _add_source,
    ErrandKind.SOURCE_TEST: _test_source,
    ErrandKind.PREVIEW: _preview,
    ErrandKind.SCHEDULE: _schedule,
    ErrandKind.RUN: _run,
    ErrandKind.PAUSE: _moving(PlanState.PAUSED),
    ErrandKind.RESUME: _moving(PlanState.ACTIVE),
    ErrandKind.CANCEL: _moving(PlanState.CANCELLED),
    ErrandKind.STOP: _stop,
    ErrandKind.GO: _go,
    ErrandKind.TRACE: _trace,
}
