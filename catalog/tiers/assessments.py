"""Record an assessment of anonymity, and tell which one is in force."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, Row, Select, bindparam, select

from catalog import audit
from catalog.audit import AccessEvent
from catalog.columns import now
from catalog.database import reading, writing
from catalog.errors import ConflictError, InterestError, Reason
from catalog.permits import Permit, get
from catalog.tiers.tables import tier_assessment
from catalog.vocabulary import Finding, Tier

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Assessment:
    """What one named person found of a permit's data, and why.

    Attributes:
        document_sha256: Digest of the document that the finding rests on; it is kept elsewhere.
        singling_out: Whether one woman can be told from all others, in the person's words.
        linkage: Whether records of one woman can be brought together, here or with other data.
        inference: Whether something unknown of her follows with high probability.
        valid_until: Last day on which the finding counts.
        development: Whether nobody assessed anything, and this only lets developers go on.
        at: When it was recorded; None before it is.
    """

    permit_id: str
    who: str
    document_sha256: str
    finding: Finding
    singling_out: str
    linkage: str
    inference: str
    valid_until: date
    development: bool = False
    at: datetime | None = None

    @property
    def whole(self) -> bool:
        """Tell whether it names a person and a document, and answers all three questions."""
        said = (self.who, self.singling_out, self.linkage, self.inference)
        return bool(_DIGEST.fullmatch(self.document_sha256)) and all(one.strip() for one in said)


def assess(engine: Engine, found: Assessment) -> int:
    """Record an assessment, audited, and give its number; the newest of a permit counts.

    Raises:
        NotFoundError: There is no such permit.
        InterestError: The permit names who found it.
        ConflictError: It leaves a question unanswered, or names no person or document.
    """
    if found.who in get(engine, found.permit_id).persons:
        raise InterestError
    if not found.whole:
        raise ConflictError(Reason.UNANSWERED)
    row = {**vars(found), "at": now()}
    with writing(engine) as connection:
        key = connection.execute(tier_assessment.insert().values(**row)).inserted_primary_key
        number = int(key[0]) if key else 0
        what = f"assessment:{number}"
        event = AccessEvent(found.who, found.permit_id, "assess-tier", what, found.finding)
        audit.record(connection, event)
    return number


def assessments(engine: Engine, permit_id: str) -> tuple[Assessment, ...]:
    """Give all assessments of a permit, the newest first."""
    with reading(engine) as connection:
        return tuple(map(_read, connection.execute(_newest(permit_id))))


def tier_in_force(engine: Engine, permit_id: str, tier: Tier, *, today: date) -> Tier:
    """Give the tier by which a permit's data may be had on a day.

    That is the permit's own, but `ANON_DOWNLOAD` only while a person's finding says so.
    """
    with reading(engine) as connection:
        return tier if is_assessed(connection, permit_id, tier, today=today) else Tier.PSEUDO_SPE


def tiers_in_force(engine: Engine, permits: Iterable[Permit], *, today: date) -> Mapping[str, Tier]:
    """Give for each permit's id the tier by which its data may be had on a day."""
    with reading(engine) as connection:
        return {
            one.id: one.tier
            if is_assessed(connection, one.id, one.tier, today=today)
            else Tier.PSEUDO_SPE
            for one in permits
        }


def require_assessed(connection: Connection, permit_id: str, tier: Tier, *, today: date) -> None:
    """Check inside a transaction that a permit's data may be released in its tier.

    Raises:
        ConflictError: The tier is `ANON_DOWNLOAD`, and no finding in force says so.
    """
    if not is_assessed(connection, permit_id, tier, today=today):
        raise ConflictError(Reason.NOT_ASSESSED)


def is_assessed(connection: Connection, permit_id: str, tier: Tier, *, today: date) -> bool:
    """Tell whether a tier needs no finding, or the newest one is in force and for it."""
    if tier is Tier.PSEUDO_SPE:
        return True
    row = connection.execute(_last(), {"wanted": permit_id}).one_or_none()
    return row is not None and row.finding == Finding.ANONYMOUS and today <= row.valid_until


@cache
def _last() -> Select[Any]:
    """Give the statement; to make it anew costs more than to execute it."""
    return _newest(bindparam("wanted")).limit(1)


def _newest(permit_id: str | BindParameter[str]) -> Select[Any]:
    mine = tier_assessment.c.permit_id == permit_id
    return select(tier_assessment).where(mine).order_by(tier_assessment.c.id.desc())


def _read(row: Row[Any]) -> Assessment:
    return Assessment(
        permit_id=row.permit_id,
        who=row.who,
        document_sha256=row.document_sha256,
        finding=Finding(row.finding),
        singling_out=row.singling_out,
        linkage=row.linkage,
        inference=row.inference,
        valid_until=row.valid_until,
        development=row.development,
        at=row.at,
    )
