"""What was done to each attribute: which rule spoke, and how it ended; never a value."""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from deid.profiles.rules import Action, Rule
from deid.values import Leaf, Path, items


class Done(StrEnum):
    """How an attribute ended."""

    KEPT = "kept"
    REPLACED = "replaced"
    EMPTIED = "emptied"
    REMOVED = "removed"
    CLEANED = "cleaned in part"


class Outcome(NamedTuple):
    """What is left of an attribute, which action did it, and how many pieces were taken out."""

    left: Leaf | None
    action: Action
    words: int = 0


class Entry(NamedTuple):
    """What became of one attribute of the original.

    Attributes:
        path: Where it stands: tags and item numbers in turn.
        action: What was carried out in the end.
        done: How it ended.
        rule: The rule that spoke; its `action` is what was wanted first.
        words: Pieces taken out of a text, or items out of a sequence.
    """

    path: Path
    action: Action
    done: Done
    rule: Rule
    words: int


def entry(path: Path, element: Leaf, rule: Rule, outcome: Outcome) -> Entry:
    """Write down what became of an element of the original."""
    left, action, words = outcome
    done = Done.KEPT if left is element else _done(element, outcome)
    return Entry(path, action, done, rule, words)


def dropped(journal: tuple[Entry, ...], paths: Collection[Path], rule: Rule) -> tuple[Entry, ...]:
    """Write into a journal that some elements were dropped, with all that was in them."""
    if not paths:
        return journal
    entries = []
    for one in journal:
        if one.path in paths:
            entries.append(Entry(one.path, Action.REMOVE, Done.REMOVED, rule, 0))
        elif not any(one.path[: len(path)] == path for path in paths):
            entries.append(one)
    return tuple(entries)


def _done(element: Leaf, outcome: Outcome) -> Done:
    left, action, words = outcome
    if left is None:
        return Done.REMOVED
    if action is Action.EMPTY:
        return Done.EMPTIED
    if action is Action.DUMMY:
        return Done.REPLACED
    if items(element) is not None:
        return Done.CLEANED if words else Done.KEPT
    return Done.CLEANED if action in {Action.CLEAN, Action.KEEP} else Done.REPLACED
