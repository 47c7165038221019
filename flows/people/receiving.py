"""A sealed list is entered in the region: once, in the order of its number, whole or not at all."""

from dataclasses import dataclass

from catalog.protections.lists import EnteredList, SealedList
from catalog.protections.optouts import OptOuts
from catalog.publishing.port import Publisher
from flows.errors import SourceError
from flows.keys.sides import RegionKeys
from flows.people.optouts import Entered, enter
from flows.people.sealing import Opened


@dataclass(frozen=True)
class Place:
    """Where a list stands among those that were entered here.

    Attributes:
        before: The same list, if it was entered already, or broke off.
        missing: Numbers before its own of which no list has come.
    """

    before: EnteredList | None
    missing: tuple[int, ...]


def placed(sealed: SealedList, optouts: OptOuts, *, late: bool) -> Place:
    """Tell where a list stands.

    Args:
        sealed: The list.
        optouts: The region's register.
        late: Whether a list may come after newer ones; each line says from when on it is so.

    Raises:
        SourceError: Another list has its number, or a newer one was entered before.
    """
    known = {
        one.sealed.number: one
        for one in optouts.lists.every()
        if one.sealed.signer == sealed.signer
    }
    before = known.get(sealed.number)
    if before is not None and before.sealed.digest != sealed.digest:
        raise SourceError(_taken(sealed.number))
    newest = max(known, default=0)
    if before is None and sealed.number < newest and not late:
        message = (
            f"this is list {sealed.number}, and list {newest} was entered before it: ask the third "
            "party whether it was delayed, and then enter it with --late"
        )
        raise SourceError(message)
    first = max((one for one in known if one < sealed.number), default=0) + 1
    return Place(before, tuple(range(first, sealed.number))[:100])


def receive(
    opened: Opened, keys: RegionKeys, publisher: Publisher, optouts: OptOuts, *, who: str
) -> Entered:
    """Enter a list through the region's port; one that broke off goes on.

    Raises:
        SourceError: Another list took its number.
        RetriableError: A database, the hub or the third party did not answer; enter it again.
    """
    sealed = opened.sealed
    if not optouts.lists.begin(sealed, who=who):
        raise SourceError(_taken(sealed.number))
    done = enter(opened.said, sealed.word, keys, publisher, optouts, who=who, source=sealed.digest)
    optouts.lists.done(sealed.digest)
    return done


def _taken(number: int) -> str:
    return f"another list {number} of the third party was entered already: ask it which is right"
