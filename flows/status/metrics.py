"""A region's work as Prometheus text; labels are holder, source and outcome, nothing else.

Numbers that people may lower again (a review changes an outcome) are gauges.
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from catalog.plans.records import PlanState, WindowState
from catalog.plans.work import Endings
from flows.errors import DiskFullError
from flows.status.region import RegionStatus

_PLACE = ("holder", "source")
_HOLDER = ("holder",)
_EVERYBODY_READS = 0o644  # node_exporter is another user; nothing identified is in the file

Rows = Iterable[tuple[tuple[str, ...], float]]


class _Region(Collector):
    """Gives the metrics of one status."""

    def __init__(self, told: RegionStatus) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """Give every metric."""
        told = self._told
        yield _gauge("status_timestamp_seconds", "when it was asked", (), [((), _seconds(told))])
        stopped = float(told.stopped)
        yield _gauge("exports_stopped", "1 while every export is stopped", (), [((), stopped)])
        yield from _plans(told)
        yield from _lags(told)
        yield from _endings("instances", "all that ever ended", told.ended)
        yield from _endings("last_day_instances", "that ended in the last day", told.lately)
        size = told.lately.bytes
        yield _gauge("last_day_bytes", "of originals of the last day", _HOLDER, _rows(size))
        yield _gauge("unended_instances", "without an outcome", _HOLDER, _rows(told.unended))
        waiting = _rows(told.quarantined)
        yield _gauge("quarantine_waiting", "originals that people decide on", _HOLDER, waiting)
        yield from _receiver(told)
        yield from _pushed(told)
        yield _gauge("orders_running", "orders of the hub's that run", _HOLDER, _rows(told.orders))
        late = _rows({holder: told.orders_late.get(holder, 0) for holder in told.orders})
        yield _gauge("orders_late", "of these, those whose time is over", _HOLDER, late)
        waits = told.audit_waiting
        yield _gauge("audit_waiting", "audit messages not yet delivered", (), [((), waits)])
        yield _counter("audit_lost", "audit messages lost", (), [((), told.audit_lost)])


def text(told: RegionStatus) -> str:
    """Give a status as Prometheus text (exposition format 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(_Region(told))
    return generate_latest(registry).decode()


def write(told: RegionStatus, path: Path) -> None:
    """Replace a file in one step, as node_exporter's textfile collector wants it.

    Raises:
        DiskFullError: It cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_text(text(told))
        draft.chmod(_EVERYBODY_READS)
        os.replace(draft, path)  # noqa: PTH105 # beside the chmod it reads as one
    except OSError:
        message = "the metrics cannot be written there; check the folder"
        raise DiskFullError(message) from None
    finally:
        draft.unlink(missing_ok=True)


def _gauge(name: str, what: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    made = GaugeMetricFamily(f"mammo_{name}", f"Of this region: {what}.", labels=labels)
    for values, number in rows:
        made.add_metric(values, number)
    return made


def _counter(name: str, what: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    made = CounterMetricFamily(f"mammo_{name}", f"Of this region: {what}.", labels=labels)
    for values, number in rows:
        made.add_metric(values, number)
    return made


def _rows(numbers: Mapping[str, int]) -> Rows:
    return [((name,), number) for name, number in sorted(numbers.items())]


def _seconds(told: RegionStatus) -> float:
    return told.moment.timestamp()


def _plans(told: RegionStatus) -> Iterator[Metric]:
    places = sorted({(one.holder, one.source) for one in told.plans})
    for state in PlanState:
        numbers = [
            (
                place,
                sum((one.holder, one.source, one.state) == (*place, state) for one in told.plans),
            )
            for place in places
        ]
        yield _gauge(f"plans_{state.lower()}", f"plans that are {state.lower()}", _PLACE, numbers)
    nights: dict[tuple[str, str], float] = {}
    for one in told.plans:
        if one.night is not None:
            place, opens = (one.holder, one.source), one.night.timestamp()
            nights[place] = min(nights.get(place, opens), opens)
    yield _gauge("next_night_timestamp_seconds", "when a night opens", _PLACE, nights.items())


def _lags(told: RegionStatus) -> Iterator[Metric]:
    lags = sorted(told.lags.items())
    for state in WindowState:
        numbers = [(place, lag.windows[state]) for place, lag in lags]
        yield _gauge(f"windows_{state.lower()}", "stretches of days", _PLACE, numbers)
    waiting = [(place, lag.waiting) for place, lag in lags]
    yield _gauge("studies_waiting", "studies announced and not settled", _PLACE, waiting)
    oldest = [
        (place, (told.moment - lag.oldest).total_seconds() if lag.oldest else 0.0)
        for place, lag in lags
    ]
    yield _gauge("oldest_waiting_seconds", "age of the oldest export waiting", _PLACE, oldest)
    settled = [(place, lag.settled.timestamp()) for place, lag in lags if lag.settled]
    yield _gauge("last_settled_timestamp_seconds", "when a study last settled", _PLACE, settled)
    days = [
        (place, float((told.moment.date() - lag.done_until).days))
        for place, lag in lags
        if lag.done_until
    ]
    yield _gauge("lag_days", "days since the last study date that came in", _PLACE, days)


def _endings(name: str, what: str, ended: Endings) -> Iterator[Metric]:
    rows = [
        ((holder, word.value), number) for (holder, word), number in sorted(ended.files.items())
    ]
    yield _gauge(name, f"instances {what}", ("holder", "outcome"), rows)


def _receiver(told: RegionStatus) -> Iterator[Metric]:
    said = told.receiver
    if not said:
        return
    answers = _rows(said.get("answers", {}))
    ends = _rows(said.get("ends", {}))
    yield _gauge("receiver_up", "whether it said that it runs", (), [((), said["running"])])
    current = said.get("peers_current", True)
    yield _gauge("receiver_peers_current", "whether its peers file is right", (), [((), current)])
    written = said["written"]
    yield _gauge("receiver_written_timestamp_seconds", "when it said so", (), [((), written)])
    opened = said["associations_open"]
    yield _gauge("receiver_associations_open", "open associations", (), [((), opened)])
    yield _gauge("receiver_room_bytes", "free bytes of its disk", (), [((), said["room"])])
    total = said["associations"]
    yield _counter("receiver_associations", "accepted associations", (), [((), total)])
    yield _counter("receiver_bytes", "bytes received", (), [((), said["bytes"])])
    yield _counter("receiver_answers", "objects by answer", ("outcome",), answers)
    refused = [((), said.get("over_quota", 0))]
    yield _counter("receiver_over_quota", "objects refused by their sender's quota", (), refused)
    yield _counter("receiver_ends", "connections by their end", ("outcome",), ends)


def _pushed(told: RegionStatus) -> Iterator[Metric]:
    """Give what waits in the landing: for plans, for nobody, and what is odd."""
    covered = sorted(told.pushed.covered.items())
    rows = [(place, waits.studies) for place, waits in covered]
    yield _gauge("pushed_studies_waiting", "pushed studies that a plan takes", _PLACE, rows)
    ages = [(place, waits.quiet) for place, waits in covered]
    yield _gauge("pushed_oldest_seconds", "how long the oldest of them rests", _PLACE, ages)
    for name, waits in (("unasked", told.pushed.unasked), ("odd", told.pushed.odd)):
        what = "that no plan covers" if name == "unasked" else "that is not as announced"
        yield _gauge(f"{name}_studies", f"what lies here {what}", (), [((), waits.studies)])
        yield _gauge(f"{name}_objects", f"objects {what}", (), [((), waits.files)])
        yield _gauge(f"{name}_bytes", f"their bytes, {what}", (), [((), waits.bytes)])
        yield _gauge(f"{name}_oldest_seconds", f"age of the oldest {what}", (), [((), waits.quiet)])
    ended = [((word.value,), number) for word, number in sorted(told.ended_unasked.items())]
    yield _counter("unasked_ended", "files that no plan took in time", ("outcome",), ended)
