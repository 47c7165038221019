"""Who may use the console: administrators of the region's PACS, by bearer tokens.

The one place where who calls is decided. With an OpenID Connect provider of the region, another
`Verifies` takes the place of `TokenFinder`; every route asks `administrator` all the same.
"""

from typing import Annotated

from fastapi import Depends

from access_api.access import Allow
from access_api.console.desk import OpenDesk
from access_api.errors import PaceError
from access_api.tokens import Caller, Role


def administrator(
    desk: OpenDesk, caller: Annotated[Caller, Depends(Allow(Role.PACS_ADMIN))]
) -> Caller:
    """Return the administrator who calls; raises PaceError for one call too many."""
    if not desk.pace.take(caller.subject):
        raise PaceError
    return caller


Administrator = Annotated[Caller, Depends(administrator)]
