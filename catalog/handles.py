"""Handles of studies, as search shows them: what they name in the space."""

import re
from typing import Final

from sqlalchemy import Engine, select

from catalog.database import reading
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.tables import study

_HANDLE: Final = re.compile(r"[0-9a-f]{12,32}")


def is_handle(name: str) -> bool:
    """Tell whether a name is a search handle, or its first twelve digits or more; no UID is."""
    return _HANDLE.fullmatch(name) is not None


def study_uid(engine: Engine, handle: str) -> str:
    """Give the Study Instance UID in the space of the one study whose handle begins so.

    Raises:
        NotFoundError: There is none.
        ConflictError: There are several.
    """
    mine = study.c.key.startswith(handle, autoescape=True)
    with reading(engine) as connection:
        found = connection.scalars(select(study.c.study_uid).where(mine).limit(2)).all()
    if not found:
        raise NotFoundError
    if len(found) > 1:
        raise ConflictError(Reason.AMBIGUOUS)
    return str(found[0])
