"""Issue a permit for development; elsewhere an application leads to one."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date

from catalog import permits
from catalog.permits import Permit
from catalog.tiers.assessments import Assessment, assess
from catalog.vocabulary import Finding, Tier
from flows.errors import PermanentError
from flows.wiring import HubParts


class TierError(PermanentError):
    """There is no such tier."""


def issue(
    parts: HubParts,
    *,
    persons: Iterable[str],
    title: str,
    purpose: str,
    tier: str,
    valid: tuple[date, date],
) -> str:
    """Issue a permit and return its id; of `ANON_DOWNLOAD` it is recorded that nobody assessed it.

    Raises:
        TierError: If there is no such tier.
    """
    if tier not in list(Tier):
        message = f"there is no tier {tier!r}; there is: {', '.join(Tier)}"
        raise TierError(message)
    permit_id = f"permit-{secrets.token_hex(4)}"
    permits.create(
        parts.catalogue,
        Permit(
            id=permit_id,
            title=title,
            purpose=purpose,
            valid_from=valid[0],
            valid_until=valid[1],
            persons=frozenset(persons),
            tier=Tier(tier),
        ),
    )
    if tier == Tier.ANON_DOWNLOAD:
        assess(parts.catalogue, unassessed(permit_id, valid[1]))
    return permit_id


def unassessed(permit_id: str, valid_until: date) -> Assessment:
    """Say in the place of an assessment that there was none: for development only."""
    said = "Not assessed. A permit for development."
    return Assessment(
        permit_id=permit_id,
        who="development",
        document_sha256=hashlib.sha256(said.encode()).hexdigest(),
        finding=Finding.ANONYMOUS,
        singling_out=said,
        linkage=said,
        inference=said,
        valid_until=valid_until,
        development=True,
    )
