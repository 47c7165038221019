"""Whether other clean pixels were made of the same original: then they are no other image."""

from sqlalchemy import Engine, select

from catalog.database import reading
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.records import Making
from catalog.ledgers.tables import item


class Makings:
    """What a region's ledger knows of how clean pixels were made."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        self._engine = engine
        self._key = key

    def before(self, sop_uid: str, making: Making) -> frozenset[str]:
        """Give digests of clean pixels that something else made of the same original pixels.

        Pixels that the same profile, detector and ruling made are not among them: that these now
        make others is no progress but a fault, and a person has to look.

        Args:
            sop_uid: The original's SOP Instance UID.
            making: How its pixels are made now.
        """
        wanted = (
            select(item.c.clean_pixels)
            .where(
                item.c.sop_uid_index == self._key.index("item.sop_uid", sop_uid),
                item.c.pixels_index == self._key.index("item.pixels", making.original),
                item.c.made_by != making.by,
            )
            .distinct()
        )
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(wanted))
