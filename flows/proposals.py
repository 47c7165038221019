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
from typing import Any, BinaryIO

from catalog.ledger_records import Ending
from catalog.outcome import Outcome
from catalog.review import folder
from catalog.review_records import Opening, Review
from deid.findings import Finding
from deid.identity.identifiers import Identifiers
from deid.identity.spelling import Edge, Needle, Reach
from deid.pixels.proposal import propose
from deid.pixels.proposed import Proposal, Why, read, written
from deid.ruling import NONE, Ruling
from flows.deidentifier import Deidentifier
from flows.errors import PermanentError
from flows.original import Original
from flows.quarantine import quarantine, unsealed
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
    """

    ruling: Ruling = NONE
    hers: Identifiers | None = None


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


def hold_back(
    parts: RegionParts,
    deidentifier: Deidentifier,
    file: Original,
    ending: Ending,
    *,
    name: str,
    scratch: Path,
    findings: tuple[Finding, ...] = (),
    hers: Identifiers | None = None,
) -> tuple[str, Opening]:
    """Seal an original and all that people need to decide; give its key and what to open with.

    Of what is SUSPECT the whole is looked at for writing. Of a CONFLICT there is nothing to
    blank or keep: one frame is shown. What is UNREADABLE is kept without more.

    Raises:
        StorageError: If the store does not answer.
        RetriableError: If the landing cannot be used.
        OriginalError: If the source fails.
    """
    key = parts.keys.quarantine()
    original = quarantine(file.untouched, parts.quarantine, key, name=name, scratch=scratch)
    expires_at = datetime.now(UTC) + parts.quarantined
    if ending.outcome not in _PROPOSED:
        return original, Opening("", expires_at)
    proposal = propose(
        file.reader,
        Why(ending.outcome.value, ending.reason, findings),
        profile=deidentifier.profile,
        text_reader=deidentifier.text_reader if ending.outcome is Outcome.SUSPECT else None,
    )

    def put(data: bytes, kind: str) -> str:
        stream: BinaryIO = BytesIO(data)
        return quarantine(stream, parts.quarantine, key, name=name, scratch=scratch, kind=kind)

    told = written(proposal)
    for one, picture in zip(told["pictures"], proposal.pictures, strict=True):
        one["key"] = put(picture.data, f".frame-{picture.frame}")
    told |= {"original": original, "hers": _told(hers)}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return original, Opening(put(text.encode(), ".proposal"), expires_at)


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
