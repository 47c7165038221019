"""Issue a permit for development; the application that leads to one comes with the lawful door."""

import secrets
from collections.abc import Iterable
from datetime import date

from catalog import permits
from catalog.permits import Permit
from catalog.vocabulary import Tier
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
    """Issue a permit and return its id.

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
    return permit_id
