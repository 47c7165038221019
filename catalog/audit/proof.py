"""Whether the ledger is as it was written, and what to keep elsewhere so that it can be told.

The chain shows a line that was changed, dropped, added or moved. It cannot show that its end was
cut off, nor that somebody who commands the database made the whole anew: an anchor shows that, a
line's number and digest, kept where that somebody cannot write.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Engine, select

from catalog.audit import chain
from catalog.audit.records import Access
from catalog.audit.tables import access_log
from catalog.columns import now
from catalog.database import reading
from catalog.errors import NotFoundError

REMOVED: Final = "audit-remove"
"""The action of the line that says up to where lines were removed for their age."""

YEAR: Final = timedelta(days=365)
_STEP: Final = 1000
_WORDS: Final = 2


class Fault(StrEnum):
    """What is wrong with a line."""

    CONTENT = "it is not what was written"
    LINK = "it does not follow the line before"
    START = "what came before it was removed, and no line says so"
    ANCHOR = "it is not the line that the anchor was taken of"
    GONE = "an anchor was taken of it, and it is not there"
    YOUNG = "it was removed within a year of an anchor that was taken before it"


@dataclass(frozen=True)
class Anchor:
    """The newest line as it was at some moment: what to keep elsewhere.

    Attributes:
        at: That moment, where it is known; all later lines are younger.
    """

    id: int
    digest: str
    at: datetime | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Write it as `read_anchors` reads it."""
        return f"{self.id} {self.digest}"


@dataclass(frozen=True)
class Broken:
    """The first line that is not as it was written."""

    id: int
    fault: Fault


@dataclass(frozen=True)
class Verdict:
    """What was found: lines that hold, the first, the last of them, and what does not."""

    lines: int
    first: int
    last: Anchor
    broken: Broken | None


def removal(anchor: Anchor) -> str:
    """Give the object of the line that says that lines were removed up to an anchor."""
    return f"line:{anchor.id}:{anchor.digest}"


def anchor(engine: Engine) -> Anchor:
    """Give the newest line's; raises NotFoundError while there is none."""
    newest = select(access_log.c.id, access_log.c.digest).order_by(access_log.c.id.desc()).limit(1)
    with reading(engine) as connection:
        row = connection.execute(newest).one_or_none()
    if row is None:
        raise NotFoundError
    return Anchor(row.id, row.digest)


def read_anchors(lines: Iterable[str]) -> tuple[Anchor, ...]:
    """Read anchors, one a line, with their moment if it follows them; empty lines are none.

    Raises:
        ValueError: A line is no anchor.
    """
    found = []
    for line in lines:
        words = line.split()
        if len(words) >= _WORDS and words[0].isascii() and words[0].isdigit():
            found.append(Anchor(int(words[0]), words[1], _moment(words[_WORDS:])))
        elif words:
            raise ValueError
    return tuple(found)


def _moment(words: Sequence[str]) -> datetime | None:
    try:
        said = datetime.fromisoformat(words[0])
    except (ValueError, IndexError):
        return None
    return said if said.tzinfo is not None else None


@dataclass
class _Walk:
    """The walk along the chain, and what is still to be met on it."""

    anchors: dict[int, set[str]]
    lines: int = 0
    first: int = 0
    last: Anchor = field(default_factory=lambda: Anchor(0, chain.BEGINNING))
    removed: str = chain.BEGINNING
    """The digest of the last line before the first; a line to come must say that it was removed."""

    def step(self, line: Access) -> Fault | None:
        """Take a line; tell what is wrong with it, if anything."""
        if not self.lines:
            self.first, self.removed = line.id, line.previous
            self.last = Anchor(line.id - 1, line.previous)
        if line.previous != self.last.digest:
            return Fault.LINK
        if not line.digest or line.digest != chain.digest_of(line):
            return Fault.CONTENT
        if self.anchors.pop(line.id, set()) - {line.digest}:
            return Fault.ANCHOR
        self.lines, self.last = self.lines + 1, Anchor(line.id, line.digest)
        if line.action == REMOVED and line.object.endswith(f":{self.removed}"):
            self.removed = chain.BEGINNING
        return None

    def end(self) -> Broken | None:
        """Tell what was never met."""
        if self.removed != chain.BEGINNING:
            return Broken(self.first, Fault.START)
        gone = [number for number in self.anchors if number >= self.first]
        return Broken(min(gone), Fault.GONE) if gone else None


def verify(
    lines: Iterable[Access],
    anchors: Sequence[Anchor] = (),
    *,
    progress: Callable[[int], None] = lambda _lines: None,
) -> Verdict:
    """Look at every line, up to the first that is not as it was written.

    Args:
        lines: The whole ledger, oldest first: of the database, or as it was written out.
        anchors: Lines as they were; those that were removed for their age since are not missed.
        progress: Is told now and then how many lines hold so far.
    """
    expected: dict[int, set[str]] = {}
    for one in anchors:
        expected.setdefault(one.id, set()).add(one.digest)
    walk = _Walk(expected)
    for line in lines:
        if (fault := walk.step(line)) is not None:
            return Verdict(walk.lines, walk.first, walk.last, Broken(line.id, fault))
        if walk.lines % _STEP == 0:
            progress(walk.lines)
    broken = walk.end() or _young(anchors, walk.first)
    return Verdict(walk.lines, walk.first, walk.last, broken)


def _young(anchors: Sequence[Anchor], first: int) -> Broken | None:
    """Tell the first line that came after an anchor of the last year, and was removed all the same.

    No line goes within a year (`catalog.audit.retention`), whatever a line says of it.
    """
    limit = now() - YEAR
    young = [one.id + 1 for one in anchors if one.at is not None and one.at > limit]
    gone = [number for number in young if number < first]
    return Broken(min(gone), Fault.YOUNG) if gone else None
