"""What is said of one person in the side table, and which of two words counts."""

from dataclasses import dataclass, replace
from datetime import date

from catalog.vocabulary import Flag, HoldKind

_ORDER = (Flag.NO, Flag.UNKNOWN, Flag.YES)


@dataclass(frozen=True)
class Flags:
    """What is said of one person, and the day of which it was so."""

    protected: Flag
    blocked: Flag
    as_of: date

    @property
    def kinds(self) -> tuple[HoldKind, ...]:
        """The Holds that the flags ask for."""
        every = ((self.protected, HoldKind.PROTECTED), (self.blocked, HoldKind.BLOCKED))
        return tuple(kind for flag, kind in every if flag is Flag.YES)

    def together(self, other: "Flags") -> "Flags":
        """Join two words of one person: of each flag the stricter, of the days the earlier."""
        return replace(self._stricter(other), as_of=min(self.as_of, other.as_of))

    def strictest(self, other: "Flags") -> "Flags":
        """Add the stricter flags of another word; then only a word newer than both takes them."""
        joined = self._stricter(other)
        return joined if joined == self else replace(joined, as_of=max(self.as_of, other.as_of))

    def only_flags(self) -> "Flags":
        """Keep the flags, and nothing else that is said."""
        return Flags(_only(self.protected), _only(self.blocked), self.as_of)

    def with_flags(self, other: "Flags") -> "Flags":
        """Add another word's flags, and nothing else that it says."""
        return Flags(
            other.protected if other.protected is Flag.YES else self.protected,
            other.blocked if other.blocked is Flag.YES else self.blocked,
            self.as_of,
        )

    def after(self, before: "Flags") -> "Flags":
        """Join a word with what was known before it came.

        The newer counts, and of two of one day the stricter. Not to know takes no flag back,
        whichever of the two words is the newer.
        """
        if self.as_of == before.as_of:
            return self._stricter(before)
        newer, older = (self, before) if self.as_of > before.as_of else (before, self)
        return Flags(
            _newest(newer.protected, older.protected),
            _newest(newer.blocked, older.blocked),
            newer.as_of,
        )

    def _stricter(self, other: "Flags") -> "Flags":
        return Flags(
            max(self.protected, other.protected, key=_ORDER.index),
            max(self.blocked, other.blocked, key=_ORDER.index),
            self.as_of,
        )


def _newest(newer: Flag, older: Flag) -> Flag:
    return Flag.YES if newer is Flag.UNKNOWN and older is Flag.YES else newer


def _only(flag: Flag) -> Flag:
    return Flag.YES if flag is Flag.YES else Flag.UNKNOWN
