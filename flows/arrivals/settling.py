"""A delivered study: every object checked and copied, then published, or refused with a reason.

The order is what makes a crash harmless: bytes are copied to the clean store, the study is
published in one transaction, the region is told, and only then do the arrivals let go of it.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

from pydantic import ValidationError

from catalog.arrivals import arrivals
from catalog.arrivals.records import Arrival, ArrivalState, Doubt
from catalog.arrivals.scope import RegionScope
from catalog.arrivals.wire import StudyMessage
from catalog.errors import (
    ArrivalError,
    CatalogError,
    ConflictError,
    IntakeError,
    NotFoundError,
    RaceError,
    Reason,
)
from catalog.publishing.drafts import require_whole
from catalog.publishing.publish import CataloguePublisher
from catalog.records import NewRevision, StudyDraft
from deid.profiles.profile import Profile
from flows import log
from flows.arrivals.checking import doubt_object, doubt_record
from flows.arrivals.parts import ArrivalParts
from flows.arrivals.pictures import is_plain
from flows.deidentifier import named_profile
from flows.errors import RetriableError

_PNG_MOST = 1 << 26


def settle_waiting(parts: ArrivalParts, *, limit: int = 100) -> int:
    """Check what waits, the oldest first, and publish it; count what was settled.

    Raises:
        RetriableError: A store, the catalogue or the disk did not answer; run it again.
    """
    profile = named_profile(parts.profile)
    return sum(
        settle(parts, one, profile) for one in arrivals.waiting(parts.catalogue, limit=limit)
    )


def settle(parts: ArrivalParts, arrival: Arrival, profile: Profile) -> bool:
    """Check one delivered study and publish it, or refuse it; tell whether that was done here.

    Raises:
        RetriableError: A store, the catalogue or the disk did not answer; run it again.
    """
    draft: StudyDraft | None = None
    try:
        draft = StudyMessage.model_validate_json(arrival.message, strict=True).draft()
        numbers = _Study(parts, arrival, draft, profile).publish()
    except ValidationError:
        state, answer = ArrivalState.REFUSED, _refusal(ConflictError(Reason.MIXED_DRAFT))
    except (ConflictError, NotFoundError, RaceError, IntakeError) as error:
        state, answer = ArrivalState.REFUSED, _refusal(error)
    else:
        state, answer = ArrivalState.PUBLISHED, {"revisions": dict(numbers)}
    done = arrivals.settle(parts.catalogue, arrival.id, state, json.dumps(answer))
    if draft is not None:
        _let_go(parts, arrival, draft, answer)
    outcome = f"{state} {answer.get('reason', '')}".strip()
    log.get().info("arrival settled", part=arrival.region_id, outcome=outcome)
    return done


class _Study:
    """One delivered study under way."""

    def __init__(
        self, parts: ArrivalParts, arrival: Arrival, draft: StudyDraft, profile: Profile
    ) -> None:
        self._parts = parts
        self._arrival = arrival
        self._draft = draft
        self._profile = profile

    def publish(self) -> dict[str, int]:
        """Check all of it, and publish it; give the revisions' numbers.

        Raises:
            ArrivalError: Some of it is doubtful.
            IntakeError: Some of its bytes have not come.
            CatalogError: The catalogue refuses it.
        """
        RegionScope(self._parts.catalogue, self._arrival.region_id).require_lawful(self._draft)
        require_whole(self._draft)
        doubts: dict[str, Doubt] = {}
        for new in self._draft.every:
            doubt = doubt_record(new, self._draft) or self._doubt(new)
            if doubt is not None:
                doubts.setdefault(new.derived_from or new.instance.sop_uid, doubt)
        if doubts:
            raise ArrivalError(doubts=doubts)
        return dict(CataloguePublisher(self._parts.catalogue).publish(self._draft))

    def _doubt(self, new: NewRevision) -> Doubt | None:
        """Check an object and its previews; if all passes, it is copied to the clean store."""
        stored = new.stored
        with ExitStack() as opened:
            reader = opened.enter_context(self._fetched(stored.key, stored.sha256, stored.size))
            if reader is None:
                return Doubt.BYTES
            doubt = doubt_object(reader, new, self._draft.subject, self._profile)
            if doubt is not None:
                return doubt
            passed = [(stored.key, reader, stored.size, stored.sha256)]
            for small in new.previews:
                size = min(small.bytes, _PNG_MOST)
                picture = opened.enter_context(self._fetched(small.key, small.sha256, size))
                if picture is None:
                    return Doubt.BYTES
                if not is_plain(picture.read(), small.width, small.height):
                    return Doubt.PICTURE
                passed.append((small.key, picture, small.bytes, small.sha256))
            for key, checked, size, sha256 in passed:
                checked.seek(0)
                self._parts.clean.put(key, checked, size, sha256)
        return None

    @contextmanager
    def _fetched(self, key: str, sha256: str, size: int) -> Iterator[BinaryIO | None]:
        """Bring an object into a file without a name; None if its bytes are not as recorded.

        Raises:
            IntakeError: It has not come.
            RetriableError: There is no room for it.
        """
        digest, left = hashlib.sha256(), size
        blocks = self._blocks(key, sha256)
        try:
            with tempfile.TemporaryFile() as file:
                for block in blocks:
                    left -= len(block)
                    if left < 0:
                        break
                    digest.update(block)
                    file.write(block)
                whole = not left and digest.hexdigest() == sha256
                file.seek(0)
                yield cast("BinaryIO", file) if whole else None
        except OSError as error:
            message = f"no object can be brought to this disk: {type(error).__name__}; see TMPDIR"
            raise RetriableError(message) from None

    def _blocks(self, key: str, sha256: str) -> Iterator[bytes]:
        """Give an object as it came; one that an earlier run has copied, from the clean store."""
        try:
            return self._parts.arrivals.get(_place(self._arrival, sha256))
        except NotFoundError:
            pass
        try:
            return self._parts.clean.get(key)
        except NotFoundError:
            raise IntakeError(Reason.NOT_ARRIVED) from None


def _place(arrival: Arrival, sha256: str) -> str:
    return f"{arrival.region_id}/{arrival.holder_id}/{sha256}"


def _refusal(error: CatalogError) -> dict[str, object]:
    doubts = error.doubts if isinstance(error, ArrivalError) else {}
    told: dict[str, object] = {"error": type(error).__name__, "reason": error.reason.name}
    return told | ({"doubts": {uid: doubt.name for uid, doubt in doubts.items()}} if doubts else {})


def _let_go(
    parts: ArrivalParts, arrival: Arrival, draft: StudyDraft, answer: dict[str, object]
) -> None:
    """Remove from the arrivals what is published, and what is doubtful: nobody keeps that."""
    doubts = answer.get("doubts")
    doubtful = doubts if isinstance(doubts, dict) else {}
    for new in draft.every:
        if "revisions" in answer or (new.derived_from or new.instance.sop_uid) in doubtful:
            for sha256 in (new.stored.sha256, *(small.sha256 for small in new.previews)):
                parts.arrivals.remove(_place(arrival, sha256))
