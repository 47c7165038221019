"""What people say of a quarantined original, as a ruling: made from a proposal, and as text."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from deid.errors import Reason
from deid.findings import Finding
from deid.pixels.shown.proposal import BROKEN, UNREADABLE
from deid.pixels.shown.proposed import Proposal, ProposedBox
from deid.ruling import Box, Ruling
from flows.errors import PermanentError

Rectangle = tuple[int, int, int, int, int]
"""A frame, from 1, and x and y of two opposite corners, in pixels."""

_TEXT, _OBJECT, _FRAME = "text", "object", "frame "
_NOTHING_SHOWN = frozenset({UNREADABLE, BROKEN})
_ROOM = 2  # pixels: what is found in a box must lie wholly inside it, roundings included
NOTHING_FOUND = (
    "nothing was found that people could let pass: blank what is left (redact), walk it again "
    "(retry), or reject it"
)
IN_THE_HEADER = (
    "an identifier is left in the header, which nobody lets pass: have a profile of your own "
    "remove that attribute and retry, or reject it"
)
NOT_SHOWN = (
    "text is left where no box of the proposal is, and nobody lets pass what no picture shows: "
    "blank it (redact --box), have a profile of your own remove what it is in and retry, or "
    "reject it"
)
NOT_SEEN = (
    "something was found that no picture can show, and nobody lets pass what they cannot see: "
    "walk it again (retry), or reject it"
)


class RulingError(PermanentError):
    """What was said of an original cannot be done with it; the message says why."""


def approving(proposal: Proposal) -> Ruling:
    """Let pass all that was found but text; what is proposed to be blanked is blanked.

    The boxes of that text are in the decision, whichever eye saw it: nothing rests on its being
    found once more. Text is never let pass: what is left beyond the boxes is found again.

    Raises:
        RulingError: Nothing was found that anybody could let pass, or no picture can show it.
    """
    _require_visible(proposal)
    if not proposal.why.findings:
        raise RulingError(NOTHING_FOUND)
    boxed = {f"{_FRAME}{box.frame}" for box in proposal.boxes if box.kind == _TEXT}
    for one in proposal.why.findings:
        if not _is_shown(proposal, one) or (one.what == _TEXT and one.where not in boxed):
            raise RulingError(NOT_SHOWN if one.what == _TEXT else NOT_SEEN)
    return Ruling(_texts(proposal), (), _waived(proposal))


def _texts(proposal: Proposal, keep: Collection[int] = ()) -> tuple[Box, ...]:
    """Give the text that is proposed to be blanked; with its margins where some was left before."""
    left = {one.where for one in proposal.why.findings if one.what == _TEXT}
    return tuple(
        Box(box.frame, box.text if f"{_FRAME}{box.frame}" not in left else box.corners)
        for box in proposal.boxes
        if box.kind == _TEXT and box.number not in keep
    )


def _waived(proposal: Proposal) -> frozenset[Finding]:
    """Give what was found but text, where people can be shown it."""
    found = proposal.why.findings
    return frozenset(one for one in found if one.what != _TEXT and _is_shown(proposal, one))


def _is_shown(proposal: Proposal, finding: Finding) -> bool:
    """Tell whether people can be shown where something was found: a frame, or all of an object."""
    if finding.where == _OBJECT:
        return not proposal.blind and not _NOTHING_SHOWN & set(proposal.said)
    number = finding.where.removeprefix(_FRAME)
    return number.isdecimal() and proposal.is_seen(int(number))


def _require_visible(proposal: Proposal) -> None:
    if proposal.why.reason == Reason.IDENTIFIER_LEFT:
        raise RulingError(IN_THE_HEADER)


def redacting(proposal: Proposal, blank: Sequence[Rectangle], keep: Sequence[int]) -> Ruling:
    """Blank more, or less, than is proposed.

    What is proposed and not kept is blanked too. Text that was left is not let pass: it must lie
    in what is blanked or kept. What else was found is, where people can be shown it.

    Args:
        proposal: What was proposed.
        blank: Rectangles to blank besides.
        keep: Numbers of proposed boxes that hold nothing identifying.

    Raises:
        RulingError: A rectangle is not in the picture, or there is no such box of text.
    """
    _require_visible(proposal)
    if not blank and not keep:
        message = "say what to blank (--box) or to keep (--keep)"
        raise RulingError(message)
    kept = tuple(_roomy(_numbered(proposal, number)) for number in sorted(set(keep)))
    boxes = tuple(_box(proposal, rectangle) for rectangle in sorted(set(blank)))
    return Ruling((*boxes, *_texts(proposal, set(keep))), kept, _waived(proposal))


def _numbered(proposal: Proposal, number: int) -> ProposedBox:
    found = [box for box in proposal.boxes if box.number == number]
    if not found:
        message = f"there is no box {number}"
        raise RulingError(message)
    if found[0].kind != _TEXT:
        message = f"box {number} is a {found[0].kind}, and is kept anyway"
        raise RulingError(message)
    if not proposal.is_seen(found[0].frame):
        message = f"no picture shows box {number}, so nobody can say that it may stay"
        raise RulingError(message)
    return found[0]


def _roomy(box: ProposedBox) -> Box:
    """Give a proposed box as one to keep, a little larger."""
    middle_x = sum(x for x, _ in box.corners) / len(box.corners)
    middle_y = sum(y for _, y in box.corners) / len(box.corners)
    corners = tuple(
        (x + (_ROOM if x > middle_x else -_ROOM), y + (_ROOM if y > middle_y else -_ROOM))
        for x, y in box.corners
    )
    return Box(box.frame, corners)


def _box(proposal: Proposal, rectangle: Rectangle) -> Box:
    frame, x0, y0, x1, y1 = rectangle
    inside = (
        1 <= frame <= proposal.frames
        and 0 <= x0 < x1 <= proposal.columns
        and 0 <= y0 < y1 <= proposal.rows
    )
    if not inside:
        message = (
            f"a box must lie in one of {proposal.frames} frames of {proposal.columns} × "
            f"{proposal.rows} pixels: frame,x0,y0,x1,y1"
        )
        raise RulingError(message)
    return Box(frame, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def as_text(ruling: Ruling) -> str:
    """Write a ruling down; the same ruling is the same text."""
    told = {
        "blank": sorted(map(_told, ruling.blank)),
        "keep": sorted(map(_told, ruling.keep)),
        "waived": sorted([one.where, one.what] for one in ruling.waived),
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def from_text(text: str) -> Ruling:
    """Read what `as_text` gave; nothing is no ruling at all."""
    if not text:
        return Ruling()
    told: dict[str, Any] = json.loads(text)
    return Ruling(
        tuple(_read(one) for one in told["blank"]),
        tuple(_read(one) for one in told["keep"]),
        frozenset(Finding(where, what) for where, what in told["waived"]),
    )


def _told(box: Box) -> list[Any]:
    return [box.frame, [list(corner) for corner in box.corners]]


def _read(told: list[Any]) -> Box:
    frame, corners = told
    return Box(frame, tuple((x, y) for x, y in corners))
