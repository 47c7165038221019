"""The one state machine of applications, permits and orders, as data (EHDS Art. 60, 67, 68).

A move names the event, the states it leads from, the one it leads to, who may cause it and what
must be so. What is not in the tables cannot happen; `after` is the only judge, and a guard nobody
vouches for is not met. docs/permits.md shows the picture that `drawing` makes of them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from catalog.errors import FormError, InterestError, Reason, StepError
from catalog.vocabulary import ApplicationState, DeliveryState, PermitState


class Actor(StrEnum):
    """Who may cause an event."""

    APPLICANT = "applicant"
    ASSESSOR = "assessor"
    CALENDAR = "calendar"
    OPERATOR = "operator"
    REGION = "region"


class Guard(StrEnum):
    """What must be so."""

    COMPLETE = "complete"
    REASON = "reason"
    NOT_NAMED = "not named in it"
    TEN_YEARS = "≤ ten years"
    NOT_LONGER = "ends no later"
    NOT_EXTENDED = "never extended"
    FROM_THEN = "begins in time"
    NOT_PROLONGED = "never prolonged"
    THREE_MONTHS = "≤ three months more"


class Event(StrEnum):
    """What happens to an application or a permit."""

    EDIT = "edit"
    SUBMIT = "submit"
    SCREEN = "screen"
    PROCESS = "process"
    ASK = "ask"
    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    AMEND = "amend"
    EXTEND = "extend"
    REVOKE = "revoke"
    EXPIRE = "expire"


class DeliveryEvent(StrEnum):
    """What happens to an order by criteria."""

    SIGN = "sign"
    ACCEPT = "accept"
    REFUSE = "refuse"
    FINISH = "finish"
    PROLONG = "prolong"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Move:
    """One line of a machine."""

    event: Event | DeliveryEvent
    sources: tuple[StrEnum, ...]
    target: StrEnum
    who: Actor
    guards: tuple[Guard, ...] = ()


_A: Final = ApplicationState
_P: Final = PermitState
_WAITS: Final = (_A.SUBMITTED, _A.PRE_SCREENING, _A.PROCESSING)
_DECIDES: Final = (Guard.REASON, Guard.NOT_NAMED)
_LATER: Final = (Guard.REASON, Guard.NOT_NAMED, Guard.FROM_THEN, Guard.TEN_YEARS)

#: The decision on completeness and its clocks (Art. 68(4)), fees (Art. 62) and the register
#: (Art. 57(1)(j)) will be events and guards of this table.
APPLICATION: Final = (
    Move(Event.EDIT, (_A.DRAFT,), _A.DRAFT, Actor.APPLICANT),
    Move(
        Event.EDIT,
        (_A.AWAITING_ADDITIONAL_INFORMATION,),
        _A.AWAITING_ADDITIONAL_INFORMATION,
        Actor.APPLICANT,
    ),
    Move(
        Event.SUBMIT,
        (_A.DRAFT, _A.AWAITING_ADDITIONAL_INFORMATION),
        _A.SUBMITTED,
        Actor.APPLICANT,
        (Guard.COMPLETE,),
    ),
    Move(Event.SCREEN, (_A.SUBMITTED,), _A.PRE_SCREENING, Actor.ASSESSOR, (Guard.NOT_NAMED,)),
    Move(Event.PROCESS, (_A.PRE_SCREENING,), _A.PROCESSING, Actor.ASSESSOR, (Guard.NOT_NAMED,)),
    Move(
        Event.ASK,
        (_A.PRE_SCREENING, _A.PROCESSING),
        _A.AWAITING_ADDITIONAL_INFORMATION,
        Actor.ASSESSOR,
        _DECIDES,
    ),
    Move(
        Event.GRANT,
        (_A.PROCESSING,),
        _A.DECISION_ISSUED,
        Actor.ASSESSOR,
        (*_DECIDES, Guard.COMPLETE, Guard.TEN_YEARS),
    ),
    Move(
        Event.REFUSE,
        (_A.PRE_SCREENING, _A.PROCESSING, _A.AWAITING_ADDITIONAL_INFORMATION),
        _A.DECISION_ISSUED,
        Actor.ASSESSOR,
        _DECIDES,
    ),
    Move(
        Event.WITHDRAW,
        (_A.DRAFT, *_WAITS, _A.AWAITING_ADDITIONAL_INFORMATION),
        _A.WITHDRAWN,
        Actor.APPLICANT,
    ),
)

#: An amended or renewed permit is one that has a successor, a permit of its own, GRANTED anew.
PERMIT: Final = (
    Move(Event.AMEND, (_P.GRANTED,), _P.AMENDED, Actor.ASSESSOR, (*_LATER, Guard.NOT_LONGER)),
    Move(Event.EXTEND, (_P.GRANTED,), _P.RENEWED, Actor.ASSESSOR, (*_LATER, Guard.NOT_EXTENDED)),
    Move(
        Event.REVOKE,
        (_P.GRANTED, _P.AMENDED, _P.RENEWED),
        _P.REVOKED,
        Actor.ASSESSOR,
        (Guard.REASON,),
    ),
    Move(Event.EXPIRE, (_P.GRANTED,), _P.EXPIRED, Actor.CALENDAR),
)

_O: Final = DeliveryState
_PROLONGED: Final = (Guard.REASON, Guard.NOT_PROLONGED, Guard.THREE_MONTHS)

#: The clock of Art. 60(2) runs from SENT on; that it is over is told from the day, and no state.
DELIVERY: Final = (
    Move(DeliveryEvent.SIGN, (_O.ASKED,), _O.SENT, Actor.OPERATOR),
    Move(DeliveryEvent.ACCEPT, (_O.SENT,), _O.ACCEPTED, Actor.REGION),
    Move(DeliveryEvent.REFUSE, (_O.SENT,), _O.REFUSED, Actor.REGION, (Guard.REASON,)),
    Move(DeliveryEvent.FINISH, (_O.ACCEPTED,), _O.DELIVERED, Actor.REGION),
    *(
        Move(DeliveryEvent.PROLONG, (state,), state, Actor.OPERATOR, _PROLONGED)
        for state in (_O.SENT, _O.ACCEPTED)
    ),
    Move(
        DeliveryEvent.WITHDRAW,
        (_O.ASKED, _O.SENT, _O.ACCEPTED),
        _O.WITHDRAWN,
        Actor.ASSESSOR,
        (Guard.REASON,),
    ),
)

_UNMET: Final = {
    Guard.REASON: Reason.NO_REASON,
    Guard.TEN_YEARS: Reason.TOO_LONG,
    Guard.NOT_LONGER: Reason.LONGER,
    Guard.NOT_EXTENDED: Reason.EXTENDED,
    Guard.FROM_THEN: Reason.NOT_FROM_THEN,
    Guard.NOT_PROLONGED: Reason.PROLONGED,
    Guard.THREE_MONTHS: Reason.PROLONGED,
}


def after(
    machine: tuple[Move, ...],
    state: StrEnum,
    event: Event | DeliveryEvent,
    *,
    who: Actor,
    met: Collection[Guard] = (),
) -> StrEnum:
    """Give the state that an event leads to.

    Args:
        machine: APPLICATION, PERMIT or DELIVERY.
        state: The present state.
        event: What is to happen.
        who: Who would cause it.
        met: The guards that somebody looked at, and found met.

    Raises:
        StepError: There is no such move from this state, it is not theirs, or a guard is not met.
        InterestError: The guard that is not met is that nobody decides on what names them.
        FormError: It is that the application is complete.
    """
    move = next((one for one in machine if one.event is event and state in one.sources), None)
    if move is None:
        raise StepError
    if move.who is not who:
        raise StepError(Reason.NOT_THEIRS)
    for guard in move.guards:
        if guard not in met:
            raise _unmet(guard)
    return move.target


def _unmet(guard: Guard) -> StepError:
    if guard is Guard.NOT_NAMED:
        return InterestError()
    return FormError(()) if guard is Guard.COMPLETE else StepError(_UNMET[guard])


def ended(machine: tuple[Move, ...]) -> frozenset[StrEnum]:
    """Give the states that no move leads out of."""
    sources = {state for move in machine for state in move.sources}
    return frozenset(move.target for move in machine) - sources


def drawing(machine: tuple[Move, ...], start: StrEnum) -> str:
    """Draw a machine as a Mermaid state diagram."""
    return "\n".join(["stateDiagram-v2", f"    [*] --> {start}", *_arrows(machine)])


def _arrows(machine: tuple[Move, ...]) -> Iterator[str]:
    for move in machine:
        needs = f" [{', '.join(move.guards)}]" if move.guards else ""
        for state in move.sources:
            yield f"    {state} --> {move.target}: {move.event} ({move.who}){needs}"
    for state in sorted(ended(machine)):
        yield f"    {state} --> [*]"
