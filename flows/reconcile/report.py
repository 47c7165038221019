"""What was found, what was mended, and what remains; nothing of it is identified."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flows.reconcile.kinds import RULES, Action, Kind

Counting = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Shows how far one step is: given its name, gives what is called with done and all."""

_MOST_NAMED = 5
_MENDING = frozenset({Action.REMOVE, Action.GIVE_UP})


@dataclass(frozen=True)
class Asked:
    """What is to be done, and how carefully.

    Attributes:
        moment: The present one.
        who: Who asks, for Holds and the access log.
        mend: Whether anything may be changed at all.
        older: What is younger may be somebody's work under way: it is left alone.
        most: If more of one kind would be removed, none is: it is records that were lost then.
        since: Look only at what was published, or recorded, since then; None is all.
        sums: Whether every object is read, and its digest compared.
        share: Of the objects, the n-th of so many parts is read; each is in one part for good.
    """

    moment: datetime
    who: str
    counting: Counting
    mend: bool = False
    older: timedelta = timedelta(days=7)
    most: int = 1000
    since: datetime | None = None
    sums: bool = False
    share: tuple[int, int] = (1, 1)

    def is_young(self, modified: datetime) -> bool:
        """Tell whether something was changed so lately that somebody may be at work."""
        return self.moment - modified < self.older


@dataclass
class Report:
    """What one look found.

    Attributes:
        found: How many of each kind.
        mended: How many of them are not there any more.
        held: How many Holds were placed now.
        named: Of each kind the first few, by numbers and names that say nothing of anybody.
        too_many: Kinds of which nothing was removed, as there were so many.
        told: Is told of every finding: its kind, and its name.
    """

    found: Counter[Kind] = field(default_factory=Counter)
    mended: Counter[Kind] = field(default_factory=Counter)
    held: int = 0
    read: int = 0
    named: dict[Kind, list[str]] = field(default_factory=dict)
    too_many: set[Kind] = field(default_factory=set)
    told: Callable[[Kind, str], None] = lambda _kind, _name: None

    def note(self, kind: Kind, name: str) -> None:
        """Enter a finding."""
        self.found[kind] += 1
        named = self.named.setdefault(kind, [])
        if name and len(named) < _MOST_NAMED:
            named.append(name)
        self.told(kind, name)

    def remains(self, kind: Kind) -> int:
        """Count what of a kind is still to be mended; what may be left alone counts nothing."""
        action = RULES[kind].action
        if action is Action.LEAVE:
            return 0
        return self.found[kind] - (self.mended[kind] if action in _MENDING else 0)

    @property
    def is_well(self) -> bool:
        """Tell whether nothing remains."""
        return not any(self.remains(kind) for kind in self.found)
