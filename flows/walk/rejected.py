"""What a source rejected: held where it is published, refused where it comes."""

from collections.abc import Iterable

from catalog.changes.rejections import Due
from catalog.ledgers.records import Export
from catalog.vocabulary import HoldKind
from deid.rejection import CODES, Rejection, rejection
from deid.source import Parsed
from deid.values import value_of
from flows import log
from flows.wiring import RegionParts

NOTE = "a rejection note: what it names is held; it is not published itself"
_REJECTED = "rejected at the source: {} (DCM {})"
_SOP_INSTANCE_UID = 0x00080018

#: An incorrect worklist entry is about another woman or study: a corrected copy may come.
KINDS = dict.fromkeys(CODES, HoldKind.WITHDRAWN) | {"113038": HoldKind.CORRECTED}


def why(code: str) -> str:
    """Say why what has been rejected may not be served, or come in."""
    return _REJECTED.format(CODES[code], code)


class Rejected:
    """What was rejected of one holder's, as a walk of an export asks for it."""

    def __init__(self, parts: RegionParts, export: Export) -> None:
        self._known = parts.ledger.rejections
        self._export = export

    def enter(self, notes: Iterable[Rejection]) -> None:
        """Remember what notes name, before anything of their study is walked."""
        for note in notes:
            self._known.enter(self._export.id, note.note, note.code, note.named)

    def refusal(self, parsed: Parsed) -> str | None:
        """Give the reason to refuse an object: it is a note, or was rejected by one."""
        if rejection(parsed) is not None:
            return NOTE
        code = self._known.code(self._export.holder_id, value_of(parsed.header, _SOP_INSTANCE_UID))
        return None if code is None else why(code)


def hold_rejected(parts: RegionParts, holder_id: str, sop_uids: Iterable[str] | None = None) -> int:
    """Hold what is published of originals that were rejected, and count the Holds placed.

    It is safe to run again: the ledger remembers what is due until it is held. What a person has
    lifted since, the same note does not hold again.

    Args:
        parts: The region's.
        holder_id: Whose images.
        sop_uids: Some originals; without them, all.
    """
    due = parts.ledger.rejections.due(holder_id, sop_uids)
    placed = sum(_hold(parts, one) for one in due)
    if due:
        parts.ledger.rejections.held(due)
        log.get().info("rejected images held", holder=holder_id, holds=placed)
    return placed


def _hold(parts: RegionParts, due: Due) -> bool:
    return parts.publisher.hold_instance(
        due.clean_sop_uid,
        KINDS[due.code],
        holder_id=due.holder_id,
        reason=why(due.code),
        who=f"export {due.export_id}",
    )
