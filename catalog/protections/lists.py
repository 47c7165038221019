"""Which sealed lists of opt-outs a region entered: digests and counts, and nobody on them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select, update

from catalog.columns import now
from catalog.database import insert_if_absent, reading, writing
from catalog.protections.tables import opt_out_list
from catalog.vocabulary import OptOut


@dataclass(frozen=True)
class SealedList:
    """A list as its signer made it.

    Attributes:
        digest: SHA-256 of the signature and what was signed.
        signer: The signer's public key in base64.
        number: The signer's lists for this region are counted from 1.
        entries: Lines of the list.
        made_at: When it was signed.
    """

    digest: str
    signer: str
    number: int
    word: OptOut
    entries: int
    made_at: datetime


@dataclass(frozen=True)
class EnteredList:
    """A list that was entered here.

    Attributes:
        done_at: When all of it was entered and told to the hub; none, if it broke off.
    """

    sealed: SealedList
    entered_at: datetime
    done_at: datetime | None
    who: str


class OptOutLists:
    """The lists that one region entered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> tuple[EnteredList, ...]:
        """Give them all, in the order of their numbers."""
        wanted = select(opt_out_list).order_by(opt_out_list.c.signer, opt_out_list.c.number)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return tuple(
            EnteredList(
                SealedList(
                    row.digest, row.signer, row.number, OptOut(row.word), row.entries, row.made_at
                ),
                row.entered_at,
                row.done_at,
                row.who,
            )
            for row in rows
        )

    def begin(self, sealed: SealedList, *, who: str) -> bool:
        """Record a list before anything of it is entered, once.

        Returns:
            Whether this list has its number now; not, if another list has it.
        """
        row = {
            "digest": sealed.digest,
            "signer": sealed.signer,
            "number": sealed.number,
            "word": sealed.word,
            "entries": sealed.entries,
            "made_at": sealed.made_at,
            "entered_at": now(),
            "who": who,
        }
        mine = (opt_out_list.c.signer == sealed.signer) & (opt_out_list.c.number == sealed.number)
        with writing(self._engine) as connection:
            insert_if_absent(connection, opt_out_list, row)
            there = connection.execute(select(opt_out_list.c.digest).where(mine)).scalar()
        return there == sealed.digest

    def done(self, digest: str) -> None:
        """Record that all of a list was entered and told."""
        with writing(self._engine) as connection:
            connection.execute(
                update(opt_out_list)
                .where(opt_out_list.c.digest == digest, opt_out_list.c.done_at.is_(None))
                .values(done_at=now())
            )
