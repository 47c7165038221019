"""The one machine: what its tables allow, and nothing else; and its picture in the docs."""

from enum import StrEnum
from itertools import product
from pathlib import Path

import pytest

from catalog.errors import CatalogError, FormError, InterestError, Reason, StepError
from catalog.lifecycle import (
    APPLICATION,
    DELIVERY,
    PERMIT,
    Actor,
    DeliveryEvent,
    Event,
    Guard,
    Move,
    after,
    drawing,
    ended,
)
from catalog.vocabulary import ApplicationState, DeliveryState, PermitState

DOCS = Path(__file__).parents[2] / "docs" / "permits.md"
MACHINES = {
    "application": (APPLICATION, ApplicationState, ApplicationState.DRAFT),
    "permit": (PERMIT, PermitState, PermitState.GRANTED),
    "delivery": (DELIVERY, DeliveryState, DeliveryState.ASKED),
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_picture_in_the_docs_is_drawn_from_the_code(name: str) -> None:
    machine, _, start = MACHINES[name]
    assert f"```mermaid\n{drawing(machine, start)}\n```\n" in DOCS.read_text()


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached_and_no_move_is_ambiguous(name: str) -> None:
    machine, states, start = MACHINES[name]
    assert {start, *(move.target for move in machine)} == set(states)
    keys = [(move.event, state) for move in machine for state in move.sources]
    assert len(keys) == len(set(keys))


def test_what_is_decided_or_withdrawn_revoked_or_expired_has_ended() -> None:
    assert ended(APPLICATION) == {ApplicationState.DECISION_ISSUED, ApplicationState.WITHDRAWN}
    assert ended(PERMIT) == {PermitState.REVOKED, PermitState.EXPIRED}
    over = {DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.WITHDRAWN}
    assert ended(DELIVERY) == over


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_not_in_the_table_does_not_happen(name: str) -> None:
    machine, states, _ = MACHINES[name]
    for state, event, who in product(states, (*Event, *DeliveryEvent), Actor):
        told = _move(machine, state, event)
        if told is not None and told.who is who:
            assert after(machine, state, event, who=who, met=Guard) is told.target
            continue
        with pytest.raises(StepError) as caught:
            after(machine, state, event, who=who, met=Guard)
        assert caught.value.reason is (Reason.STEP if told is None else Reason.NOT_THEIRS)


@pytest.mark.parametrize("name", MACHINES)
def test_a_guard_nobody_vouches_for_is_not_met(name: str) -> None:
    machine, _, _ = MACHINES[name]
    kinds = {Guard.COMPLETE: FormError, Guard.NOT_NAMED: InterestError}
    for move in machine:
        for guard in move.guards:
            met = set(Guard) - {guard}
            with pytest.raises(CatalogError) as caught:
                after(machine, move.sources[0], move.event, who=move.who, met=met)
            assert type(caught.value) is kinds.get(guard, StepError)


def _move(machine: tuple[Move, ...], state: StrEnum, event: Event | DeliveryEvent) -> Move | None:
    return next((one for one in machine if one.event is event and state in one.sources), None)
