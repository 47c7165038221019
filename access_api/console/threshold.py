"""What every call passes between the doorstep and its route: it is recorded."""

from starlette.types import Scope

from access_api.recorder import route_of
from catalog.errands import visits
from catalog.errands.visits import ConsoleVisit


def write_visit(scope: Scope, status: int) -> None:
    """Write a call down.

    Raises:
        DatabaseError: It is not written, so it must not be answered.
    """
    noted = scope["state"]
    caller = noted["caller"]
    visit = ConsoleVisit(
        who=caller.subject,
        token=caller.token,
        action=f"{scope['method']} {route_of(scope)}"[:100],
        request=str(noted.get("request", "")),
        errand=str(noted.get("errand", "")),
        outcome=str(status),
    )
    visits.append(scope["app"].state.desk.ledger, visit)
