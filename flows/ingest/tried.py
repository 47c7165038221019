"""How the studies of one run ended: of those that did not fail, Prefect's state is let go."""

from dataclasses import dataclass, field
from typing import Any

from prefect.client.schemas.objects import State

from flows.exports.bringing import Brought


@dataclass
class Tried:
    """The studies that a run tried.

    Attributes:
        number: How often it tried one.
        failed: Those that could not be finished when they were tried last.
    """

    number: int = 0
    failed: dict[int, State[Any]] = field(default_factory=dict)

    def add(self, ordinal: int, state: State[Any]) -> bool:
        """Note how one ended; tell whether it settled or failed, so that it is not tried again."""
        self.number += 1
        self.failed.pop(ordinal, None)
        if not state.is_completed():
            self.failed[ordinal] = state
            return True
        return bool(state.result() == Brought.SETTLED.value)
