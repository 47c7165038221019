"""How a route asks something of the region's worker: sealed, entered, and answered with 202."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response

from access_api.console.desk import OpenDesk
from access_api.console.errors import ContentError
from access_api.console.people import Administrator
from access_api.console.problems import REFUSALS
from access_api.console.wire import ACCEPTED, ErrandAnswer, shown
from access_api.errors import PaceError
from catalog.errands.records import ErrandKind
from catalog.errands.seal import seal

#: What every route that asks says of itself.
ASKS: Final[dict[str, Any]] = {
    "status_code": HTTPStatus.ACCEPTED,
    "responses": {**REFUSALS, int(HTTPStatus.ACCEPTED): ACCEPTED},
}


class Asking:
    """One caller who asks something."""

    def __init__(
        self, request: Request, response: Response, caller: Administrator, desk: OpenDesk
    ) -> None:
        self._request = request
        self._response = response
        self._caller = caller
        self._desk = desk

    def ask(
        self, kind: ErrandKind, target: str = "", told: Mapping[str, Any] | None = None
    ) -> ErrandAnswer:
        """Seal what is told and enter it.

        Raises:
            ContentError: It cannot be written down.
            PaceError: Too much waits already of what this person asked; a stop is always taken.
            RetriableError: The ledger did not answer; nothing is asked then.
        """
        who, most = self._caller.subject, self._desk.settings.errands_waiting
        if kind is not ErrandKind.STOP and self._desk.errands.waiting(who) >= most:
            raise PaceError
        try:
            new = seal(self._desk.key, told or {}, kind=kind, target=target, who=who)
        except (ValueError, RecursionError):
            raise ContentError from None
        self._desk.errands.ask(new)
        self._request.state.errand = new.id
        self._response.headers["Location"] = f"/errands/{new.id}"
        return shown(self._desk.errands.get(new.id), whole=True)


Asks = Annotated[Asking, Depends()]
