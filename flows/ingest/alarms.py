"""What the region tells its own Prefect server so that somebody is called: names and numbers only.

An event that cannot be sent stops nothing: what it tells is in the log and the metrics too.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from prefect.events import emit_event

from catalog.ledgers.ledger import Ledger

FAILED_RATIO = "mammo.export.failed-ratio"
QUARANTINE = "mammo.quarantine.waiting"
UNREACHABLE = "mammo.source.unreachable"
#: More than this part of an export's studies could not be finished.
RATIO = 0.05
#: More than so many originals wait for people.
WAITING = 50
#: When the quarantine is told of, once a day, by the first upkeep after this hour in UTC.
MORNING = 6


def tell_failed(export_id: str, holder: str, *, failed: int, tried: int) -> None:
    """Tell of an export more than a twentieth of whose studies could not be finished."""
    if tried and failed / tried > RATIO:
        _tell(FAILED_RATIO, f"export.{export_id}", {"holder": holder}, failed=failed, tried=tried)


def tell_unreachable(source: str, holder: str) -> None:
    """Tell of a source that does not answer, or refuses us."""
    _tell(UNREACHABLE, f"source.{source}", {"holder": holder})


def tell_quarantine(ledger: Ledger, moment: datetime, pace: timedelta) -> None:
    """Tell once a morning that many originals wait; asked every `pace`."""
    begun = moment.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if not begun <= moment < begun + pace:
        return
    for holder, waiting in ledger.work.quarantined().items():
        if waiting > WAITING:
            _tell(QUARANTINE, f"holder.{holder}", {"holder": holder}, waiting=waiting)


def _tell(event: str, resource: str, names: dict[str, str], **numbers: int) -> None:
    with suppress(Exception):  # whatever it is: an alarm must not end an export
        emit_event(
            event, {"prefect.resource.id": f"mammo.{resource}"}, payload={**names, **numbers}
        )
