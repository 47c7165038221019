"""What an operator reads of a region's work, line by line; nothing identified."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from catalog.plans.records import PlanState, WindowState
from flows.cli.plural import counted, studies_wait
from flows.exports.pushed import Standing, Waits
from flows.status.region import RegionStatus

_HOUR = 3600
STOPPED = "stopped     every export of this region, until: mammo exports go"


def region_lines(told: RegionStatus) -> Iterator[str]:
    """Tell how a region does."""
    if told.stopped:
        yield STOPPED
    yield from _plan_lines(told)
    for (holder, source), lag in sorted(told.lags.items()):
        oldest = f", the oldest for {_age(told.moment, lag.oldest)}" if lag.oldest else ""
        settled = f"{_age(told.moment, lag.settled)} ago" if lag.settled else "never"
        done = lag.windows[WindowState.DONE]
        yield (
            f"{holder}/{source}: {studies_wait(lag.waiting)}{oldest}; last settled {settled}; "
            f"{done}/{sum(lag.windows.values())} windows done"
        )
    lately: Counter[str] = Counter()
    for (_, outcome), number in told.lately.files.items():
        lately[outcome.value] += number
    words = ", ".join(f"{word} {number}" for word, number in sorted(lately.items()))
    yield f"last day    {words or 'nothing ended'}"
    yield f"no outcome  {sum(told.unended.values())} files"
    yield f"quarantine  {sum(told.quarantined.values())} wait for people"
    if told.orders:
        yield orders_line(sum(told.orders.values()), sum(told.orders_late.values()))
    if told.receiver:
        yield _receiver_line(told)
    yield from pushed_lines(told.pushed)
    if told.audit_waiting or told.audit_lost:
        yield f"audit       {told.audit_waiting} messages wait, {told.audit_lost} were lost"


def orders_line(running: int, late: int) -> str:
    """Tell how many orders by criteria run, and how many are late (EHDS Art. 60(2))."""
    return f"orders      {running} run, {late} late: mammo orders list"


def pushed_lines(told: Standing) -> Iterator[str]:
    """Tell what was pushed and waits in the landing, and for how long nothing came of it."""
    for (holder, source), waits in sorted(told.covered.items()):
        yield f"pushed      {holder}/{source}: {_waits(waits)}"
    if told.unasked.studies:
        yield f"pushed      no plan covers them: {_waits(told.unasked)}"
    if told.odd.studies:
        yield f"pushed      of these not as announced: {_waits(told.odd)}"


def _waits(waits: Waits) -> str:
    if not waits.studies:
        return "nothing waits"
    hours = waits.quiet / _HOUR
    studies, objects = counted(waits.studies, "study", "studies"), counted(waits.files, "object")
    return f"{studies}, {objects}: the oldest waits for {hours:.1f} h"


def _plan_lines(told: RegionStatus) -> Iterator[str]:
    for one in told.plans:
        if one.state in {PlanState.ACTIVE, PlanState.PAUSED}:
            night = f"{one.night:%Y-%m-%d %H:%M} UTC" if one.night else "when people begin it"
            yield f"plan {one.id}  {one.holder}/{one.source}  {one.state.value}, next night {night}"


def _receiver_line(told: RegionStatus) -> str:
    said = told.receiver
    word = "runs" if said["running"] else "does not run"
    current = said.get("peers_current", True)
    wrong = "" if current else "; the peers file is wrong, the one before counts"
    written = datetime.fromtimestamp(said["written"], UTC)
    return (
        f"receiver    {word}, said so {_age(told.moment, written)} ago: {said['objects']} objects, "
        f"{said['bytes']} bytes, {said['associations_open']} associations open"
        f"{_refused(said)}{wrong}"
    )


def _refused(said: Mapping[str, Any]) -> str:
    """Tell what was refused since one peer had taken what it may."""
    objects, associations = said.get("over_quota", 0), said.get("ends", {}).get("over_quota", 0)
    if not objects and not associations:
        return ""
    opened = counted(associations, "association")
    return f"; over a peer's quota: {counted(objects, 'object')}, {opened}"


def _age(moment: datetime, since: datetime) -> str:
    return f"{max(0.0, (moment - since).total_seconds()) / _HOUR:.1f} h"
