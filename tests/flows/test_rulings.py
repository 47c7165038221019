from dataclasses import replace
from typing import Any

import pytest

from deid.errors import Reason
from deid.findings import Finding
from deid.pixels.shown.proposal import BROKEN
from deid.pixels.shown.proposed import Picture, Proposal, ProposedBox, Why
from deid.ruling import Box
from flows.review.rulings import RulingError, approving, redacting


def proposal(reason: Reason, *findings: Finding) -> Proposal:
    return Proposal(Why("SUSPECT", reason.value, findings), "mammography 3", frames=30)


def test_what_a_picture_shows_can_be_let_pass() -> None:
    found = Finding("frame 1", "marker")
    assert approving(proposal(Reason.MARKER, found)).waived == {found}


def test_an_identifier_in_the_header_is_let_pass_by_nobody() -> None:
    held = proposal(Reason.IDENTIFIER_LEFT, Finding("(0008,1030)", "name"))
    with pytest.raises(RulingError, match="profile of your own"):
        approving(held)
    with pytest.raises(RulingError, match="profile of your own"):
        redacting(held, [(1, 0, 0, 9, 9)], [])


def shown(*boxes: ProposedBox, pictures: tuple[int, ...] = (1, 2)) -> Proposal:
    left = Finding("frame 1", "text"), Finding("object", "unknown device")
    made = proposal(Reason.TEXT_LEFT, *left)
    drawn = tuple(Picture(frame, 9, 9) for frame in pictures)
    return replace(made, boxes=boxes, pictures=drawn, rows=9, columns=9, frames=2)


CORNERS = ((1, 1), (4, 1), (4, 3), (1, 3))
LINE = ((2, 1), (3, 1), (3, 2), (2, 2))


def test_text_is_blanked_where_it_was_shown_and_let_pass_nowhere() -> None:
    texts = ProposedBox(1, 1, CORNERS, "text", LINE), ProposedBox(2, 2, CORNERS, "text", LINE)
    ruling = approving(shown(*texts, ProposedBox(3, 1, CORNERS, "marker", CORNERS)))
    assert ruling.blank == (Box(1, CORNERS), Box(2, LINE))
    assert ruling.waived == {Finding("object", "unknown device")}
    assert ruling.left((Finding("frame 1", "text"),)) == (Finding("frame 1", "text"),)


def test_text_that_no_picture_shows_is_let_pass_by_nobody() -> None:
    elsewhere = ProposedBox(1, 2, CORNERS, "text", LINE)
    for held in (
        shown(elsewhere),
        proposal(Reason.TEXT_LEFT, Finding("(6000,3000)", "text")),
    ):
        with pytest.raises(RulingError, match="no picture shows"):
            approving(held)


def test_what_nobody_saw_is_not_kept() -> None:
    box = ProposedBox(1, 2, CORNERS, "text", LINE)
    ruling = redacting(shown(box), [(1, 0, 0, 9, 9)], [1])
    assert len(ruling.keep) == len(ruling.blank) == 1
    with pytest.raises(RulingError, match="no picture shows box 1"):
        redacting(replace(shown(box), blind=(2,)), [], [1])


def test_what_is_proposed_to_be_blanked_is_in_the_decision() -> None:
    """It does not rest on being found once more, by whatever looks then."""
    held = replace(
        proposal(Reason.MARKER, Finding("frame 1", "marker")),
        boxes=(
            ProposedBox(1, 1, CORNERS, "text", LINE),
            ProposedBox(2, 7, CORNERS, "text", LINE),
            ProposedBox(3, 1, CORNERS, "marker", CORNERS),
            ProposedBox(4, 1, CORNERS, "ruled", CORNERS),
        ),
        rows=9,
        columns=9,
    )
    assert approving(held).blank == (Box(1, LINE), Box(7, LINE))
    redacted = redacting(held, [(2, 0, 0, 9, 9)], [1])
    assert [box.frame for box in redacted.blank] == [2, 7]
    assert [box.frame for box in redacted.keep] == [1]


SEEN, WHOLE = Finding("frame 1", "marker"), Finding("object", "unknown device")


@pytest.mark.parametrize(
    ("unseen", "changed"),
    [
        (Finding("frame 3", "marker"), {"blind": (3,)}),
        (Finding("frame 3", "marker"), {"frames": 2}),
        (WHOLE, {"blind": (3,)}),
        (WHOLE, {"said": (BROKEN,)}),
        (Finding("(6000,3000)", "an overlay that cannot be read"), {}),
    ],
)
def test_nobody_lets_pass_what_nobody_can_be_shown(
    unseen: Finding, changed: dict[str, Any]
) -> None:
    """A frame that cannot be decoded has no picture; a proposal that failed has none of any."""
    held = replace(proposal(Reason.MARKER, SEEN, unseen), rows=9, columns=9, **changed)
    with pytest.raises(RulingError, match="no picture can show"):
        approving(held)
    assert redacting(held, [(1, 0, 0, 9, 9)], []).waived == {SEEN}


def test_what_is_in_many_frames_is_let_pass_where_it_can_be_shown() -> None:
    many = [Finding(f"frame {number}", "marker") for number in range(1, 31)]
    assert approving(proposal(Reason.MARKER, *many, WHOLE)).waived == {*many, WHOLE}
