"""What is kept beside a quarantined original for those who decide: a proposal and pictures.

With them is sealed what identifies her in the other objects of her study, so that the second eye
can seek it when the decision is applied and the source is long gone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from catalog.errors import NotFoundError
from catalog.ledgers.records import Ending
from catalog.outcome import Outcome
from catalog.reviews.records import Opening, Review
from catalog.reviews.upkeep import folder
from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.identity.identifiers import Identifiers
from deid.identity.spelling import Edge, Needle, Reach
from deid.pixels.shown.proposal import draw, propose
from deid.pixels.shown.proposed import Proposal, Why, read, written
from deid.ruling import NONE, Ruling
from flows.deidentifier import Deidentifier
from flows.errors import PermanentError
from flows.files.spool import local_trouble
from flows.quarantine.originals import quarantine, unsealed
from flows.sources.original import Original
from flows.wiring import RegionParts

_PROPOSED = frozenset({Outcome.SUSPECT, Outcome.CONFLICT})


class ProposalError(PermanentError):
    """What is kept of an original is not what its review was opened with."""

    def __init__(self) -> None:
        super().__init__("what is kept beside the original belongs to another one; call security")


@dataclass(frozen=True, repr=False)
class Reviewed:
    """What a walk is told that people have decided about its one file.

    Attributes:
        ruling: The decision.
        hers: What was known of her when the file was held back.
        against: Why it does not pass, whatever it holds; None if it may.
    """

    ruling: Ruling = NONE
    hers: Identifiers | None = None
    against: SuspectError | None = None

    def check(self) -> None:
        """Let the file go on.

        Raises:
            SuspectError: It may not.
        """
        if self.against is not None:
            raise self.against


@dataclass(frozen=True, repr=False)
class Kept:
    """A proposal as it was sealed.

    Attributes:
        pictures: Object keys of the pictures, by frame.
        hers: What identifies her in all objects of the study; None if nothing was known.
    """

    proposal: Proposal
    pictures: Mapping[int, str]
    hers: Identifiers | None


def reviewed(ruling: Ruling, there: Kept | None, deidentifier: Deidentifier) -> Reviewed:
    """Make of a decision what the walk is told.

    Whoever decided has seen what one detector and one set of rules showed. Where these are
    others now, the file is held back with a new proposal, and decided once more.
    """
    if there is None:
        return Reviewed(ruling)
    proposal, detector = there.proposal, deidentifier.versions.detector
    same = (proposal.detector, proposal.rules) == (detector, deidentifier.profile.digest)
    if same or ruling == NONE:
        return Reviewed(ruling, there.hers)
    return Reviewed(ruling, there.hers, SuspectError(Reason.OUTDATED, proposal.why.findings))


@dataclass(frozen=True, repr=False)
class Case:
    """One file that is held back.

    Attributes:
        findings: Why it is SUSPECT, where that is known.
        hers: What identifies her in all objects of the study; None if nothing is known.
        name: What the object keys of all that is kept of it start with.
        scratch: A folder of the landing to seal in.
    """

    ending: Ending
    findings: tuple[Finding, ...]
    hers: Identifiers | None
    name: str
    scratch: Path


def hold_back(
    parts: RegionParts, deidentifier: Deidentifier, file: Original, case: Case
) -> tuple[str, Opening]:
    """Seal an original and all that people need to decide; give its key and what to open with.

    Of what is SUSPECT the whole is looked at for writing. Of a CONFLICT there is nothing to
    blank or keep: one frame is shown. What is UNREADABLE is kept without more.

    Raises:
        StorageError: If the store does not answer.
        RetriableError: If the landing cannot be used.
        OriginalError: If the source fails.
    """
    original = _put(parts, case, file.untouched)
    expires_at = datetime.now(UTC) + parts.quarantined
    ending = case.ending
    if ending.outcome not in _PROPOSED:
        return original, Opening("", expires_at)
    proposal = propose(
        file.reader,
        Why(ending.outcome.value, ending.reason, case.findings),
        profile=deidentifier.profile,
        text_reader=deidentifier.text_reader if ending.outcome is Outcome.SUSPECT else None,
    )
    told = written(proposal)
    for one, picture in zip(told["pictures"], proposal.pictures, strict=True):
        one["key"] = _put(parts, case, BytesIO(picture.data), f".frame-{picture.frame}")
    told |= {"original": original, "hers": _told(case.hers)}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return original, Opening(_put(parts, case, BytesIO(text.encode()), ".proposal"), expires_at)


def _put(parts: RegionParts, case: Case, stream: BinaryIO, kind: str = "") -> str:
    return quarantine(
        stream,
        parts.quarantine,
        parts.keys.quarantine(),
        name=case.name,
        scratch=case.scratch,
        kind=kind,
    )


def kept(parts: RegionParts, review: Review) -> Kept | None:
    """Open the proposal of a review; None if there is none.

    Raises:
        NotFoundError: It is gone from the store.
        SealError: It was changed, or is another original's.
        ProposalError: It speaks of another original.
    """
    if not review.proposal_key:
        return None
    if not review.proposal_key.startswith(f"{folder(review.export_id, review.item_id)}/"):
        raise ProposalError
    key = parts.keys.quarantine()
    sealed = b"".join(unsealed(parts.quarantine, key, review.proposal_key))
    told = json.loads(sealed)
    if told["original"] != review.original_key:
        raise ProposalError
    pictures = {one["frame"]: one["key"] for one in told["pictures"]}
    return Kept(read(told), pictures, _hers(told["hers"]))


def drawn(parts: RegionParts, review: Review, proposal: Proposal, frame: int) -> bytes:
    """Draw a frame that no picture is kept of; what is unsealed for it is gone afterwards.

    Raises:
        NotFoundError: It cannot be decoded, or the original is gone from the store.
        SealError: The original was changed.
        RetriableError: The landing cannot be used.
    """
    blocks = unsealed(parts.quarantine, parts.keys.quarantine(), review.original_key)
    try:
        with TemporaryDirectory(prefix="look-", dir=parts.landing) as folder:
            path = Path(folder) / "original"
            with path.open("xb") as landed:
                landed.writelines(blocks)
            with Original(path, path.parent, limit=parts.expansion_limit) as file:
                made = draw(file.reader, proposal, frame)
    except OSError as error:
        raise local_trouble(error) from None
    if made is None:
        raise NotFoundError
    return made.data


def _told(hers: Identifiers | None) -> dict[str, Any] | None:
    if hers is None:
        return None
    return {
        "needles": [[one.text, one.what, int(one.edge), int(one.reach)] for one in hers.needles],
        "uids": sorted(hers.uids),
        "words": sorted(hers.words),
        "numbers": sorted(hers.numbers),
    }


def _hers(told: Mapping[str, Any] | None) -> Identifiers | None:
    if told is None:
        return None
    return Identifiers(
        tuple(
            Needle(text, what, Edge(edge), Reach(reach))
            for text, what, edge, reach in told["needles"]
        ),
        frozenset(told["uids"]),
        {},
        frozenset(told["words"]),
        frozenset(told["numbers"]),
    )
