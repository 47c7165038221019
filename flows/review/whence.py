"""Where a quarantined file lies at its source; that identifies, so whoever asks is recorded."""

from pathlib import PurePath

from catalog.errors import NotFoundError
from flows.sources.export_folder import DIVIDER
from flows.wiring import RegionParts


def whence(parts: RegionParts, review_id: int, *, who: str) -> str:
    """Tell the path of a quarantined file; of a member, the archive's and the member's in it.

    It may name whom it is of. The look is recorded.

    Raises:
        NotFoundError: There is no such review, or the path is kept no more.
        ConflictError: The review is over, or its record was changed.
    """
    made, _ = parts.ledger.reviews.get(review_id)
    items = parts.ledger.items(made.export_id, made.ordinal)
    item = next((item for item in items if item.id == made.item_id), None)
    if item is None:
        raise NotFoundError
    parts.ledger.reviews.look(made.id, "path at the source", who=who)
    outer, *inner = item.path.split(DIVIDER)
    whole = PurePath(parts.ledger.export(made.export_id).path, outer)
    return f"{whole}, in it {inner[0]}" if inner else str(whole)
