"""The stretches of study dates that a plan brings in one after the other."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from catalog.plans.records import Window
from flows.exports.content import Content

_DAY = timedelta(1)


def following(
    content: Content, present: Sequence[Window], today: date
) -> Iterator[tuple[date, date]]:
    """Give the stretches that come after those present, up to the newest that is settled.

    A plan for accession numbers has one stretch.

    Args:
        content: What is planned.
        present: The stretches that the plan has already.
        today: The local date.
    """
    selection, limits = content.selection, content.limits
    if selection.accessions:
        if not present:
            yield selection.first or today, max(selection.first or today, selection.last or today)
        return
    newest = today - limits.settling_days * _DAY
    if selection.last is not None:
        newest = min(newest, selection.last)
    first = selection.first or today
    if present:
        first = max(window.last for window in present) + _DAY
    while first <= newest:
        last = min(first + (limits.days - 1) * _DAY, newest)
        yield first, last
        first = last + _DAY


def is_finished(content: Content, present: Sequence[Window], today: date) -> bool:
    """Tell whether a plan is done: no stretch will ever come after those present.

    One that looks at its source again goes on doing so.
    """
    if content.selection.ongoing or content.limits.rescan_days:
        return False
    end = content.selection.last
    if content.selection.accessions or end is None:
        return bool(present)
    return bool(present) and max(window.last for window in present) >= end and end < today
