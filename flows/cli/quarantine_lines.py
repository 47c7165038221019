"""What `mammo quarantine` says of a review: lines for people, and records for programs."""

from typing import Any

from catalog.reviews.records import OPEN, RELEASING
from deid.pixels.shown.proposed import Proposal, written
from flows.review.reviews import Listed, Shown

STATES = {
    "WAITING": "waiting",
    "SECOND": "waiting for second",
    "DECIDED": "to be applied",
    "APPLYING": "applied in part",
    "APPLIED": "applied",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
}


LEGEND = (
    "in a picture, orange (text) and red (a rule) are blanked; green (markers) and blue (a lone "
    "sign in the breast) are kept"
)
HEADER = f"{'review':>6}  {'export':17}  {'ended':10} {'state':18} {'erased in':13} why"


def frames(proposal: Proposal) -> str:
    """Say how many frames an image has."""
    return f"{proposal.frames} frame{'s' if proposal.frames != 1 else ''}"


def line(one: Listed) -> str:
    """Give one line of the list for people."""
    made = one.review
    return (
        f"{made.id:6}  {made.export_id:17}  {made.outcome:10} {STATES[made.state]:18} "
        f"{one.days_left:3} days left {made.reason}"
    )


def record(one: Listed) -> dict[str, str | int]:
    """Give one line of the list for programs."""
    made = one.review
    return {
        "id": made.id,
        "export": made.export_id,
        "study": made.ordinal,
        "item": made.item_id,
        "outcome": made.outcome.value,
        "reason": made.reason,
        "state": made.state.value,
        "round": made.round,
        "created": made.created_at.isoformat(),
        "expires": made.expires_at.isoformat(),
        "days_left": one.days_left,
    }


def everything(shown: Shown) -> dict[str, Any]:
    """Give all that is known of a review for programs; nothing of it identifies but reasons."""
    proposal = shown.proposal
    return {
        **record(shown.listed),
        "proposal": None if proposal is None else written(proposal),
        "pictures": list(shown.pictures),
        "decisions": [
            {
                "number": one.number,
                "round": one.round,
                "action": one.action.value,
                "who": one.who,
                "made": one.made_at.isoformat(),
                "reason": one.reason,
                "decision": one.digest if one.action in RELEASING else None,
                "outcome": None if one.outcome is None else one.outcome.value,
            }
            for one in shown.decisions
        ],
    }


def told(shown: Shown) -> list[str]:
    """Give all that is known of a review in lines; nothing of it identifies but given reasons."""
    made, proposal = shown.listed.review, shown.proposal
    lines = [
        f"review {made.id}, round {made.round}: {STATES[made.state]}",
        f"export {made.export_id}, study {made.ordinal}, file {made.item_id}",
        f"{made.outcome}: {made.reason}" if made.reason else made.outcome.value,
    ]
    if made.state in OPEN:
        lines.append(f"{shown.listed.days_left} days until all that is kept is erased")
    if proposal is not None:
        lines.append(f"profile {proposal.profile}, reader of text {proposal.detector}")
        lines.append(f"{frames(proposal)}, of {proposal.columns} × {proposal.rows} pixels")
        lines += [f"found: {one.what} at {one.where}" for one in proposal.why.findings]
        lines += [
            f"box {box.number}: {box.kind} in frame {box.frame} at "
            + " ".join(f"{x},{y}" for x, y in box.corners)
            for box in proposal.boxes
        ]
        lines += list(proposal.said)
        lines.append(f"pictures of frames: {', '.join(map(str, shown.pictures)) or 'none'}")
        lines.append(LEGEND)
    lines += [
        f"{one.made_at:%Y-%m-%d %H:%M} {one.who}: {one.action}"
        + (f" {one.digest[:12]}" if one.action in RELEASING else "")
        + (f" → {one.outcome}" if one.outcome else "")
        + (f": {one.reason}" if one.reason else "")
        for one in shown.decisions
    ]
    return lines
