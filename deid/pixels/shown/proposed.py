"""What people decide about, as a record and as JSON (`mammo-proposal/1`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deid.findings import Finding
from deid.pixels.detection.looking import DETECTOR
from deid.ruling import Corners

SCHEMA = "mammo-proposal/1"


@dataclass(frozen=True)
class ProposedBox:
    """Where writing was found: text is blanked; a marker and a lone glyph are kept.

    Attributes:
        number: From 1, over all frames; by it people say which is to be kept.
        frame: From 1.
        corners: With its margins, as it is drawn.
        kind: "text", "marker" or "lone"; "ruled" is what a rule blanks whatever is found there.
        text: What a decision to blank it names. It is the text alone where the first eye found it,
            which adds the margins and spares markers; what only the second eye saw has them here.
    """

    number: int
    frame: int
    corners: Corners
    kind: str
    text: Corners


@dataclass(frozen=True, repr=False)
class Picture:
    """One frame with its boxes, as a PNG."""

    frame: int
    width: int
    height: int
    data: bytes = b""


@dataclass(frozen=True, repr=False)
class Why:
    """Why an original was held back: outcome and reason are closed texts."""

    outcome: str
    reason: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, repr=False)
class Proposal:
    """What people decide about.

    Attributes:
        profile: Name and version of the rules.
        rules: Their digest.
        blind: Frames that cannot be decoded: nobody looked at them, and nobody can.
        said: What could not be shown or looked at.
    """

    why: Why
    profile: str
    rules: str = ""
    detector: str = DETECTOR
    rows: int = 0
    columns: int = 0
    frames: int = 0
    boxes: tuple[ProposedBox, ...] = ()
    pictures: tuple[Picture, ...] = ()
    blind: tuple[int, ...] = ()
    said: tuple[str, ...] = ()

    def is_seen(self, frame: int) -> bool:
        """Tell whether people can be shown a frame, from 1."""
        return 1 <= frame <= self.frames and frame not in self.blind


def written(proposal: Proposal) -> dict[str, Any]:
    """Give a proposal as JSON has it, without what is in the pictures."""
    return {
        "schema": SCHEMA,
        "outcome": proposal.why.outcome,
        "reason": proposal.why.reason,
        "findings": [{"where": one.where, "what": one.what} for one in proposal.why.findings],
        "profile": proposal.profile,
        "rules": proposal.rules,
        "detector": proposal.detector,
        "rows": proposal.rows,
        "columns": proposal.columns,
        "frames": proposal.frames,
        "boxes": [
            {
                "number": box.number,
                "frame": box.frame,
                "corners": [list(corner) for corner in box.corners],
                "kind": box.kind,
                "text": [list(corner) for corner in box.text],
            }
            for box in proposal.boxes
        ],
        "pictures": [
            {"frame": one.frame, "width": one.width, "height": one.height}
            for one in proposal.pictures
        ],
        "blind": list(proposal.blind),
        "said": list(proposal.said),
    }


def read(told: Mapping[str, Any]) -> Proposal:
    """Read what `written` gave.

    Raises:
        ValueError: It is of another schema.
    """
    if told.get("schema") != SCHEMA:
        raise ValueError
    findings = tuple(Finding(one["where"], one["what"]) for one in told["findings"])
    return Proposal(
        why=Why(told["outcome"], told["reason"], findings),
        profile=told["profile"],
        rules=told["rules"],
        detector=told["detector"],
        rows=told["rows"],
        columns=told["columns"],
        frames=told["frames"],
        boxes=tuple(
            ProposedBox(
                box["number"],
                box["frame"],
                _corners(box["corners"]),
                box["kind"],
                _corners(box["text"]),
            )
            for box in told["boxes"]
        ),
        pictures=tuple(
            Picture(one["frame"], one["width"], one["height"]) for one in told["pictures"]
        ),
        blind=tuple(told["blind"]),
        said=tuple(told["said"]),
    )


def _corners(told: Sequence[Sequence[int]]) -> Corners:
    return tuple((int(x), int(y)) for x, y in told)
