"""Orders in plain words: what they ask for, until when, and how they stand; nothing identified."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from catalog.deliveries.records import DeliveryOrder
from catalog.orders.records import CohortOrder
from catalog.vocabulary import DeliveryState

_WORDS = {
    DeliveryState.ASKED: "not signed yet: mammo orders sign",
    DeliveryState.SENT: "not answered",
    DeliveryState.ACCEPTED: "accepted",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.REFUSED: "refused",
    DeliveryState.WITHDRAWN: "taken back",
}


def clock(state: DeliveryState, due_on: date | None, left: int | None) -> str:
    """Say how an order stands, and how much of its time is left (EHDS Art. 60(2))."""
    if left is None:
        return _WORDS[state]
    days = f"{-left} days late" if left < 0 else f"{left} days left"
    return f"{_WORDS[state]}, due {due_on}, {days}"


def hub_line(one: DeliveryOrder, today: date) -> str:
    """Give an order in one line, as the hub knows it."""
    more = "".join(
        (
            ", prolonged" if one.prolonged_why else "",
            f" on the ground {one.ground}" if one.ground else "",
            f": {in_numbers(one.counts)}" if one.counts else "",
        )
    )
    said = clock(one.state, one.due_on, one.days_left(today))
    return f"{one.id}  {one.region}/{one.holder}  {one.permit_id}  {said}{more}"


def region_line(one: CohortOrder, today: date) -> str:
    """Give an order in one line, as its region knows it."""
    said = clock(one.state, one.due_on, one.days_left(today))
    plan = f", plan {one.plan_id}" if one.plan_id else ""
    return f"{one.order.id}  {'COHORT':10} {one.holder}  {said}{plan}"


def in_words(signed: Mapping[str, Any]) -> Iterator[str]:
    """Say what a signed order by criteria asks for, in plain words."""
    asked = {name: value for name, value in signed["criteria"].items() if value is not None}
    companions = asked.pop("companions", True)
    first, last = asked.pop("exam_year_from", None), asked.pop("exam_year_to", None)
    years = f"from {first or 'the first year'} to {last or 'today'}" if first or last else "all"
    yield f"The hub asks {signed['holder']} for mammograms, for the permit {signed['permit']}."
    yield f"Purpose         {', '.join(f'Article {one}' for one in signed['purposes'])}"
    yield f"Tier            {signed['tier']}"
    yield f"Years           {years}"
    for name, value in asked.items():
        yield f"{name.replace('_', ' ').capitalize():15} {value}"
    yield f"Reports, CAD…   {'too' if companions else 'no, images only'}"
    until = str(signed["expires"])[:10]
    yield f"Due             {signed['due']} (EHDS Art. 60(2)); from {until} on nothing is taken"


def in_numbers(counts: Mapping[str, int]) -> str:
    """Say how many objects ended how."""
    return (
        "nothing"
        if not counts
        else ", ".join(f"{word} {number}" for word, number in sorted(counts.items()))
    )
