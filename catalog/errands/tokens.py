"""Bearer tokens of the persons who use a region's console: shown once, kept as a digest.

`mammo_ID_SECRET`, where the secret is 256 random bits: a plain digest of it cannot be guessed back.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, select

from catalog.columns import now
from catalog.database import reading, writing
from catalog.errands.tables import console_token
from catalog.errors import NotFoundError

_FORM: Final = re.compile(r"mammo_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, repr=False)
class ConsoleToken:
    """What is kept of a token: whom it names, as what, and how long it holds."""

    id: str
    who: str
    role: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Tell whether it opens anything at a moment."""
        return self.revoked_at is None and moment < self.expires_at


def make(engine: Engine, who: str, role: str, *, by: str, expires_at: datetime) -> tuple[str, str]:
    """Make a token for a person; give its id, and the token, which nobody can give again."""
    id_, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    row = {
        "id": id_,
        "who": who,
        "role": role,
        "digest": _digest(secret),
        "made_by": by,
        "made_at": now(),
        "expires_at": expires_at,
    }
    with writing(engine) as connection:
        connection.execute(console_token.insert().values(row))
    return id_, f"mammo_{id_}_{secret}"


def find(engine: Engine, token: str) -> ConsoleToken | None:
    """Give the token that a caller shows, if there is one and it holds now."""
    form = _FORM.fullmatch(token)
    if form is None:
        return None
    with reading(engine) as connection:
        wanted = select(console_token).where(console_token.c.id == form[1])
        row = connection.execute(wanted).one_or_none()
    known = "" if row is None else row.digest
    if not hmac.compare_digest(known, _digest(form[2])) or row is None:
        return None
    found = _token(row)
    return found if found.holds(now()) else None


def revoke(engine: Engine, id_: str) -> None:
    """Let a token open nothing any more; again changes nothing.

    Raises:
        NotFoundError: There is none of that id.
    """
    mine = console_token.c.id == id_
    with writing(engine) as connection:
        if connection.scalar(select(console_token.c.id).where(mine)) is None:
            raise NotFoundError
        live = console_token.update().where(mine, console_token.c.revoked_at.is_(None))
        connection.execute(live.values(revoked_at=now()))


def tokens(engine: Engine) -> tuple[ConsoleToken, ...]:
    """Give every token that was ever made, the oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(console_token).order_by(console_token.c.made_at)).all()
    return tuple(map(_token, rows))


def _token(row: Row[Any]) -> ConsoleToken:
    return ConsoleToken(
        row.id, row.who, row.role, row.made_by, row.made_at, row.expires_at, row.revoked_at
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
