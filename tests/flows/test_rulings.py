import pytest

from deid.errors import Reason
from deid.findings import Finding
from deid.pixels.proposed import Proposal, Why
from flows.rulings import RulingError, approving, redacting


def proposal(reason: Reason, *findings: Finding) -> Proposal:
    return Proposal(Why("SUSPECT", reason.value, findings), "mammography 3")


def test_what_a_picture_shows_can_be_let_pass() -> None:
    found = Finding("frame 1", "marker")
    assert approving(proposal(Reason.MARKER, found)).waived == {found}


def test_an_identifier_in_the_header_is_let_pass_by_nobody() -> None:
    held = proposal(Reason.IDENTIFIER_LEFT, Finding("(0008,1030)", "name"))
    with pytest.raises(RulingError, match="profile of your own"):
        approving(held)
    with pytest.raises(RulingError, match="profile of your own"):
        redacting(held, [(1, 0, 0, 9, 9)], [])
