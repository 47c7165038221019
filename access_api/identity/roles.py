"""What a caller may be, and what nobody may be at once; both are tables."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from access_api.errors import RolesError


class Role(StrEnum):
    """What a person may be; anything else in a token is ignored.

    A secure processing environment is none of these: it is a service account.
    """

    RESEARCHER = "researcher"
    ASSESSOR = "assessor"
    DATA_PREPARER = "data_preparer"
    SPE_OPERATOR = "spe_operator"
    PACS_ADMIN = "pacs_admin"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True)
class Apart:
    """Roles of which one caller may have one, and why.

    Attributes:
        roles: No two of them in one token.
        reason: For the operator's log; it names nobody.
    """

    roles: frozenset[Role]
    reason: str


APART: Final = (
    Apart(
        frozenset({Role.ASSESSOR, Role.DATA_PREPARER, Role.SPE_OPERATOR}),
        "assessing, preparing data and providing the environment are kept apart (EHDS Art. 55(3))",
    ),
    # The Regulation has no word on the following two; they are this project's decision 28.
    Apart(frozenset({Role.ASSESSOR, Role.RESEARCHER}), "nobody assesses what they may apply for"),
    *(
        Apart(frozenset({Role.AUDITOR, other}), "an auditor does nothing that is audited")
        for other in Role
        if other is not Role.AUDITOR
    ),
)

_REGIONAL: Final = re.compile(rf"{Role.PACS_ADMIN}:([a-z0-9][a-z0-9-]{{0,63}})")
_PLAIN: Final[Mapping[str, Role]] = {
    role.value: role for role in Role if role is not Role.PACS_ADMIN
}


@dataclass(frozen=True)
class Granted:
    """The roles that the words of a token give.

    Attributes:
        regions: Whose PACS she administers: `pacs_admin:norr` gives the role, and `norr`. Without
            a region there is no such role, as she would be nobody's administrator, or everybody's.
    """

    roles: frozenset[Role]
    regions: frozenset[str] = frozenset()


def grant(words: Iterable[str]) -> Granted:
    """Read the words of a token.

    Raises:
        RolesError: They give roles that are kept apart.
    """
    roles, regions = set(), set()
    for word in words:
        if found := _REGIONAL.fullmatch(word):
            roles.add(Role.PACS_ADMIN)
            regions.add(found[1])
        elif word in _PLAIN:
            roles.add(_PLAIN[word])
    for rule in APART:
        if len(rule.roles & roles) > 1:
            raise RolesError(rule.reason)
    return Granted(frozenset(roles), frozenset(regions))
