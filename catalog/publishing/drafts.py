"""What a draft must be before anything of it is published."""

from collections import Counter

from sqlalchemy import Connection

from catalog.erasures.refusing import is_erased
from catalog.errors import ConflictError, RaceError, Reason
from catalog.outcome import Outcome
from catalog.records import StudyDraft
from catalog.vocabulary import Standing


def require_whole(draft: StudyDraft) -> None:
    """Stop unless the draft holds one study, each instance once, and counts what it brings.

    Raises:
        ConflictError: It does not.
    """
    uids = {new.instance.sop_uid for new in draft.every}
    studies = {new.instance.study_uid for new in draft.every}
    if len(uids) != len(draft.every) or len(studies) > 1:
        raise ConflictError(Reason.MIXED_DRAFT)
    _require_images(draft)
    if draft.revisions and not draft.subject:
        raise ConflictError(Reason.MIXED_DRAFT)
    counted = draft.outcomes.get(Outcome.ADMITTED, 0) + draft.outcomes.get(Outcome.REVISED, 0)
    if counted < len(draft.revisions):
        raise ConflictError(Reason.MISCOUNTED)


def _require_images(draft: StudyDraft) -> None:
    """Stop unless all that is derived was made of an image of the draft, which was not itself."""
    images = {new.instance.sop_uid for new in draft.revisions}
    if any(new.derived_from for new in draft.revisions):
        raise ConflictError(Reason.MIXED_DRAFT)
    if any(new.derived_from not in images for new in draft.derived):
        raise ConflictError(Reason.MIXED_DRAFT)


def require_foreseen(draft: StudyDraft, seen: Counter[Standing]) -> None:
    """Stop unless the standings are those that the draft was made from.

    Raises:
        RaceError: Somebody published meanwhile; look again.
    """
    if seen[Standing.KNOWN] or seen[Standing.CONFLICT]:
        raise RaceError
    if seen[Standing.NEW] > draft.outcomes.get(Outcome.ADMITTED, 0):
        raise RaceError
    if seen[Standing.REVISED] > draft.outcomes.get(Outcome.REVISED, 0):
        raise RaceError


def require_not_erased(connection: Connection, draft: StudyDraft) -> None:
    """Stop if the woman, the study or one of its objects was erased.

    Raises:
        ConflictError: It was.
    """
    if is_erased(
        connection,
        subjects=[draft.subject, *(one.old for one in draft.merges)],
        study_uid=draft.revisions[0].instance.study_uid,
        sop_uids=[new.instance.sop_uid for new in draft.every],
    ):
        raise ConflictError(Reason.ERASED)
