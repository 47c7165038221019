"""What a trap is: one identity in a place where a table-driven cleaner does not look."""

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from tests.corpus.key import Action, Answer, Expected
from tests.corpus.planting import Planter
from tests.corpus.writings import Writing

Finish = Callable[[bytes], bytes]
Trap = Callable[[Dataset, Planter, Answer], Finish | None]


@dataclass(frozen=True)
class Odd:
    """A trap, whose code it tests, and what should become of it."""

    name: str
    area: str
    plant: Trap
    expected: Expected = Expected.ADMITTED


def hide(
    made: Dataset,
    planter: Planter,
    answer: Answer,
    *,
    where: str,
    category: str,
    kind: str = "name",
    vr: str = "",
) -> None:
    """Plant an identifier of a kind alone, and claim that it goes."""
    planter.hidden(made, answer, where, category, writing=planter.some(kind), vr=vr)


def claim(answer: Answer, where: str, category: str, writing: Writing) -> None:
    """Claim that what was planted goes."""
    answer.add(Action.TEXT_REMOVED, where, writing.kind, category, writing.literals)
