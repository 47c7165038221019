"""Whom applications and permits concern, which version they have read, and what is recorded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Depends, Header, Path

from access_api.access import Allow
from access_api.calls import append
from access_api.door import Door
from access_api.errors import DoorError, PreconditionError
from access_api.problems import problem_of
from access_api.tokens import Caller, Role
from catalog.applications.records import Reader
from catalog.audit import ALLOWED, AccessEvent
from catalog.errors import CatalogError, VersionError

_TAG: Final = re.compile(r'"([1-9][0-9]{0,8})"')

Applicant = Annotated[Caller, Depends(Allow(Role.RESEARCHER))]
Assessor = Annotated[Caller, Depends(Allow(Role.ASSESSOR))]
Concerned = Annotated[Caller, Depends(Allow(Role.RESEARCHER, Role.ASSESSOR))]

ApplicationId = Annotated[
    str, Path(pattern=r"^app-[0-9a-f]{16}$", description="The application's id.")
]


def _read_version(if_match: Annotated[str | None, Header(max_length=64)] = None) -> int:
    """Give the version that a change is of (RFC 9110 §13.1.1); only a whole, strong tag counts."""
    if if_match is None:
        raise PreconditionError
    tag = _TAG.fullmatch(if_match)
    if tag is None:
        raise VersionError
    return int(tag[1])


Version = Annotated[int, Depends(_read_version)]


def etag(version: int) -> str:
    """Give a version as an entity tag."""
    return f'"{version}"'


def reader(caller: Caller) -> Reader:
    """Give what the catalogue knows a reader by."""
    return Reader(caller.subject, is_assessor=Role.ASSESSOR in caller.roles)


@contextmanager
def recorded(
    door: Door, caller: Caller, action: str, target: str, *, permit: str = ""
) -> Iterator[None]:
    """Record how a reading ends, before it is answered; unrecorded is refused."""
    with refusals_recorded(door, caller, action, target, permit=permit):
        yield
    append(door.engine, AccessEvent(caller.subject, permit, action, target, ALLOWED))


@contextmanager
def refusals_recorded(
    door: Door, caller: Caller, action: str, target: str, *, permit: str = ""
) -> Iterator[None]:
    """Record a change that is refused; one that is made is recorded in its own transaction."""
    try:
        yield
    except (DoorError, CatalogError) as error:
        outcome = problem_of(error).name
        append(door.engine, AccessEvent(caller.subject, permit, action, target, outcome))
        raise
