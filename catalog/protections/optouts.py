"""The region's register of opt-outs: what women said, by keyed hash, never changed (Art. 71).

Each word has two times: from when on it is so, and when it was entered. So what was known at any
moment can be told, and a word that is entered late is still late.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, select

from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.errors import ConflictError, Reason
from catalog.protections.lists import OptOutLists
from catalog.protections.protection import without_issuer
from catalog.protections.tables import opt_out_told, opt_out_word
from catalog.vocabulary import OptOut


@dataclass(frozen=True, repr=False)
class Word:
    """What was said once.

    Attributes:
        told: Whether the hub knows.
        source: The digest of the sealed list that it came with; none, if it was entered by hand.
    """

    id: int
    word: OptOut
    valid_from: datetime
    recorded_at: datetime
    who: str
    told: bool
    source: str | None = None


class OptOuts:
    """One region's register, opened with its key."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        self._engine = engine
        self._key = key
        self.lists = OptOutLists(engine)

    def enter(
        self,
        canonical: str,
        word: OptOut,
        valid_from: datetime,
        *,
        who: str,
        source: str | None = None,
    ) -> bool:
        """Enter what a person says, and tell whether it was new.

        Who is out already and says so again says nothing new, unless it was so from earlier on.

        Raises:
            ConflictError: From a moment that has not come.
        """
        if valid_from > now():
            raise ConflictError(Reason.NOT_YET)
        with writing(self._engine) as connection:
            mine = self._rows(connection, self._exactly(canonical))
            if _repeats(mine, word, valid_from):
                return False
            self._add(connection, canonical, (word, valid_from, who, source))
            return True

    def is_out(
        self, canonical: str, at: datetime | None = None, known: datetime | None = None
    ) -> bool:
        """Tell whether a person is opted out.

        A local number counts with its issuer and without, as a PACS may leave it out: asked for
        without, whoever has that number and is out keeps it out.

        Args:
            canonical: Her identifier.
            at: The moment that is asked about; now, if it is not given.
            known: By what was entered until then; until `at`, if it is not given.
        """
        at = at or now()
        with reading(self._engine) as connection:
            rows = self._rows(connection, self._alike(canonical))
        then = [r for r in rows if r.valid_from <= at and r.recorded_at <= (known or at)]
        if canonical != without_issuer(canonical):
            return _last(then) is OptOut.OUT
        people = {row.person for row in then}
        return any(_last(r for r in then if r.person == one) is OptOut.OUT for one in people)

    def words(self, canonical: str) -> tuple[Word, ...]:
        """Give what was said of a person under this very number, the oldest entry first."""
        with reading(self._engine) as connection:
            return tuple(map(_word, self._rows(connection, self._exactly(canonical))))

    def every(self) -> tuple[tuple[str, Word], ...]:
        """Give all that was entered, each with a few characters of its keyed hash."""
        with reading(self._engine) as connection:
            rows = self._rows(connection, opt_out_word.c.id > 0)
        return tuple((row.person[:6], _word(row)) for row in rows)

    def due(self, canonical: str) -> tuple[Word, ...]:
        """Give what of a person the hub has not been told, the oldest entry first."""
        return tuple(one for one in self.words(canonical) if not one.told)

    def told(self, words: Iterable[Word]) -> None:
        """Record that the hub knows of these."""
        rows = [{"word_id": one.id, "at": now()} for one in words]
        with writing(self._engine) as connection:
            insert_if_absent(connection, opt_out_told, *rows)

    def carry(self, old: str, new: str) -> None:
        """Say of the number a person has now what she said under the one she had."""
        with writing(self._engine) as connection:
            there = self._rows(connection, self._exactly(new))
            known = {(row.word, row.valid_from) for row in there}
            for row in self._rows(connection, self._exactly(old)):
                if (row.word, row.valid_from) not in known:
                    said = (OptOut(row.word), row.valid_from, row.who, row.source)
                    self._add(connection, new, said)

    def _add(
        self,
        connection: Connection,
        canonical: str,
        said: tuple[OptOut, datetime, str, str | None],
    ) -> None:
        word, valid_from, who, source = said
        row = {"word": word, "valid_from": valid_from, "recorded_at": now(), "who": who}
        row["source"] = source
        hashes = {
            "person": self._hash(canonical),
            "number": self._hash(without_issuer(canonical)),
        }
        connection.execute(opt_out_word.insert().values(row | hashes))

    def _rows(self, connection: Connection, which: ColumnElement[bool]) -> list[Row[Any]]:
        wanted = (
            select(opt_out_word, opt_out_told.c.at.label("told_at"))
            .outerjoin(opt_out_told, opt_out_told.c.word_id == opt_out_word.c.id)
            .where(which)
            .order_by(opt_out_word.c.id)
        )
        return list(connection.execute(wanted))

    def _exactly(self, canonical: str) -> ColumnElement[bool]:
        return opt_out_word.c.person == self._hash(canonical)

    def _alike(self, canonical: str) -> ColumnElement[bool]:
        bare, person = self._hash(without_issuer(canonical)), self._hash(canonical)
        if person == bare:
            return opt_out_word.c.number == bare
        return opt_out_word.c.person.in_([person, bare])

    def _hash(self, canonical: str) -> str:
        return hmac.new(self._key, canonical.encode(), hashlib.sha256).hexdigest()


def _last(rows: Iterable[Row[Any]]) -> OptOut | None:
    """Give the word that counts: of the latest moment, and of one moment the last entered."""
    found = max(rows, key=lambda row: (row.valid_from, row.id), default=None)
    return None if found is None else OptOut(found.word)


def _repeats(rows: list[Row[Any]], word: OptOut, valid_from: datetime) -> bool:
    """Tell whether a word changes nothing at the moment from which it would be so."""
    then = _last(row for row in rows if row.valid_from <= valid_from)
    return then is word or (then is None and word is OptOut.LIFTED)


def _word(row: Row[Any]) -> Word:
    return Word(
        id=row.id,
        word=OptOut(row.word),
        valid_from=row.valid_from,
        recorded_at=row.recorded_at,
        who=row.who,
        told=row.told_at is not None,
        source=row.source,
    )
