"""The ledger of accesses, for auditors: read, taken along, asked. Who reads it is in it, too."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Annotated, Any, Final, Self

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from access_api import calls, wire
from access_api.access import Allow, guarded_router
from access_api.door import Door, OpenDoor
from access_api.streams import BlocksResponse, in_blocks
from access_api.tokens import Caller, Role
from catalog.audit import ALLOWED, Access, AccessEvent, ledger, proof, questions
from catalog.audit.records import MAX_OBJECT, Wanted
from catalog.audit.written import Format, written

MAX_LIMIT: Final = 1000
_LAST: Final = 2**63 - 1
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NAME: Final = r"^[^\x00-\x1f\x7f]{1,255}$"
_BLOCK: Final = 1 << 16
_MEDIA: Final = {Format.JSONL: "application/jsonl", Format.CSV: "text/csv; charset=utf-8"}
EXPORT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The lines.",
        "content": {kind.partition(";")[0]: {} for kind in _MEDIA.values()},
    }
}

router = guarded_router(tag="Audit")

Auditor = Annotated[Caller, Depends(Allow(Role.AUDITOR))]


def _iso(value: object) -> date:
    """Take a day as it is written, and no number for one."""
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError
    return date.fromisoformat(value)


Day = Annotated[date, BeforeValidator(_iso)]


class Stretch(BaseModel):
    """Which lines; what is left out matches every line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Day | None = Field(None, description="From this day on (UTC).")
    before: Day | None = Field(None, description="Until this day began (UTC).")

    def wanted(self, **more: str | None) -> Wanted:
        """Return the catalogue's words for it."""
        return Wanted(since=_moment(self.since), before=_moment(self.before), **more)


class LineParameters(Stretch):
    """Which lines, and which page of them."""

    permit: str | None = Field(None, pattern=calls.PERMIT_PATTERN)
    actor: str | None = Field(None, pattern=_NAME)
    action: str | None = Field(None, pattern=r"^[a-z][a-z.-]{0,63}$")
    after: int = Field(0, ge=0, le=_LAST, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="Lines per page.")


class ExportParameters(Stretch):
    """Which lines, and how they are written."""

    format: Format = Field(Format.JSONL, description="`mammo audit verify --file` reads jsonl.")


class SeenByParameters(BaseModel):
    """Of whom, and which page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: str = Field(pattern=_NAME, description="`sub` of their tokens.")
    after: int = Field(0, ge=0, le=_LAST, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="Lines per page.")


class WhoSawParameters(BaseModel):
    """Of which study, and which page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str = Field(
        pattern=r"^[0-9A-Za-z.]{1,64}$",
        description="Its handle, or a UID of it or of an instance, here or in any release.",
    )
    refused: bool = Field(default=False, description="Who was refused, too.")
    after: int = Field(0, ge=0, le=_LAST, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="Lines per page.")


class Line(BaseModel):
    """One line of the ledger."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str
    permit_id: str
    action: str
    object: str
    outcome: str
    version: int = Field(description="How the digest is made.")
    previous: str = Field(description="Digest of the line before.")
    digest: str = Field(description="SHA-256 of all the others.")


class SeenLine(Line):
    """One line of who saw a study."""

    part: questions.Part = Field(description="The study itself, or the whole release it is in.")

    @classmethod
    def of(cls, seen: questions.Seen) -> Self:
        """Write it."""
        return cls(**vars(Line.model_validate(seen.access)), part=seen.part)


class LinePage(BaseModel):
    """One page of lines, oldest first."""

    lines: tuple[Line, ...]
    next_after: int | None = Field(description="Give it back as `after`; null on the last page.")


class SeenPage(BaseModel):
    """One page of who saw a study, oldest first."""

    study_key: str
    lines: tuple[SeenLine, ...]
    next_after: int | None = Field(description="Give it back as `after`; null on the last page.")


class AnchorShown(BaseModel):
    """The newest line, to be kept elsewhere."""

    id: int
    digest: str


@router.get("/audit/lines", summary="Read the ledger of accesses", responses=wire.REFUSALS)
def list_lines(
    caller: Auditor, door: OpenDoor, asked: Annotated[LineParameters, Query()]
) -> LinePage:
    """Return lines, oldest first: every access, and every decision on who may have what."""
    _note(caller, door, "audit-list", "lines")
    wanted = asked.wanted(permit_id=asked.permit, actor=asked.actor, action=asked.action)
    return _page(ledger.lines(door.engine, wanted, after=asked.after), asked.limit)


@router.get(
    "/audit/export",
    summary="Take the ledger along",
    response_class=StreamingResponse,
    responses=wire.REFUSALS | EXPORT,
)
def export_lines(
    caller: Auditor, door: OpenDoor, asked: Annotated[ExportParameters, Query()]
) -> Response:
    """Stream the lines, all or a stretch of days; the whole can be verified without us."""
    _note(caller, door, "audit-export", "ledger")
    lines = written(ledger.lines(door.engine, asked.wanted()), asked.format)
    return BlocksResponse(
        in_blocks((line.encode() for line in lines), _BLOCK),
        limiter=door.readers,
        headers={"Content-Disposition": f'attachment; filename="audit.{asked.format}"'},
        media_type=_MEDIA[asked.format],
    )


@router.get("/audit/anchor", summary="The newest line's digest", responses=wire.RELEASE_REFUSALS)
def show_anchor(caller: Auditor, door: OpenDoor) -> AnchorShown:
    """Return what proves later that no end was cut off: keep it where we cannot write."""
    _note(caller, door, "audit-anchor", "ledger")
    newest = proof.anchor(door.engine)
    return AnchorShown(id=newest.id, digest=newest.digest)


@router.get("/audit/who-saw", summary="Who saw this study", responses=wire.RELEASE_REFUSALS)
def who_saw(
    caller: Auditor, door: OpenDoor, asked: Annotated[WhoSawParameters, Query()]
) -> SeenPage:
    """Return every access to a study under any permit (EHDS Art. 73(1)(e)), oldest first."""
    key = questions.study_of(door.engine, asked.study)
    _note(caller, door, "who-saw", f"study:{key}")
    found = questions.who_saw(door.engine, key, refused=asked.refused, after=asked.after)
    seen = list(islice(found, asked.limit + 1))
    lines = tuple(SeenLine.of(one) for one in seen[: asked.limit])
    following = lines[-1].id if len(seen) > asked.limit else None
    return SeenPage(study_key=key, lines=lines, next_after=following)


@router.get("/audit/seen-by", summary="What this person saw", responses=wire.REFUSALS)
def seen_by(
    caller: Auditor, door: OpenDoor, asked: Annotated[SeenByParameters, Query()]
) -> LinePage:
    """Return every line of a person or service account (EHDS Art. 73(1)(e)), oldest first."""
    _note(caller, door, "seen-by", f"person:{asked.person}"[:MAX_OBJECT])
    return _page(questions.seen_by(door.engine, asked.person, after=asked.after), asked.limit)


def _note(caller: Caller, door: Door, action: str, what: str) -> None:
    calls.append(door.engine, AccessEvent(caller.subject, "", action, what, ALLOWED))


def _page(lines: Iterator[Access], limit: int) -> LinePage:
    found = list(islice(lines, limit + 1))
    shown = tuple(Line.model_validate(line) for line in found[:limit])
    return LinePage(lines=shown, next_after=shown[-1].id if len(found) > limit else None)


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
