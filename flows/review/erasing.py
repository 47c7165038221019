"""An order to erase, carried out in the region by a person who says so (GDPR Art. 17).

From the first step on the studies are refused. It may be stopped anywhere and begun again: what is
gone is not found, and the proof is written with the last step.
"""

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.arrivals.records import OrderKind
from catalog.erasures.ordered import ErasedOrder, Held, HeldFile
from catalog.erasures.wire import CONTEXT, ErasureAnswer, Statement, Stays
from catalog.errors import ConflictError, Reason
from catalog.orders.records import OrderState, ReceivedOrder
from catalog.reviews.upkeep import folder
from flows.intake.client import Intake
from flows.quarantine.originals import erase
from flows.review.applying import one_at_a_time
from flows.sources.export_folder import locate
from flows.sources.landed import name
from flows.sources.landing import ODD, Landing
from flows.sources.senders import Senders
from flows.wiring import RegionParts


@dataclass(frozen=True)
class Extent:
    """How much there is to erase: studies, files of the ledger, and of these in quarantine."""

    studies: int
    files: int
    quarantined: int


def extent(parts: RegionParts, order_id: str) -> Extent:
    """Count what an accepted order would erase; nothing is changed.

    Raises:
        NotFoundError: There is no such order.
        ConflictError: It is of another kind, nobody accepted it, or somebody works on a study.
    """
    held = parts.ledger.erased.held(_studies(_accepted(parts, order_id)))
    quarantined = sum(one.review_id is not None for one in held.files)
    return Extent(len(held.indices), len(held.files), quarantined)


def carry_out(
    parts: RegionParts, order_id: str, key: Ed25519PrivateKey, *, region: str, who: str
) -> ErasedOrder:
    """Erase what the region holds of an order's studies; again gives what was done.

    Args:
        parts: The region's.
        order_id: The order, that a person or the policy accepted.
        key: The region's signing key, for the answer.
        region: The region's id.
        who: Who erases; it stays in the region.

    Raises:
        NotFoundError: There is no such order.
        ConflictError: It is of another kind, nobody accepted it, or somebody works on a study or a
            review of it.
        StorageError: The store does not answer; begin again.
    """
    order = _accepted(parts, order_id)
    if (made := parts.ledger.erased.done(order_id)) is not None:
        return made
    with one_at_a_time(parts):
        held = parts.ledger.erased.held(_studies(order))
        parts.ledger.erased.shut(order_id, held.indices)
        sealed = sum(_quarantined(parts, one, order_id, who) for one in held.files)
        landed = _landed(parts, held)
        told = Statement(
            form="mammo-erasure-answer/1",
            order=order_id,
            sequence=order.sequence,
            region=region,
            studies=len(held.indices),
            files=len(held.files),
            sealed=sealed,
            landed=landed,
            stays=tuple(Stays),
            done_at=datetime.now(UTC).replace(microsecond=0),
        )
        text = told.model_dump_json()
        signature = base64.b64encode(key.sign(CONTEXT + text.encode())).decode()
        made = ErasedOrder(order_id, who, len(held.files), text, signature, told=False)
        parts.ledger.erased.forget(held, made)
    return made


def answer(parts: RegionParts, made: ErasedOrder, intake: Intake) -> None:
    """Tell the hub, once it answers; it may be told again.

    Raises:
        IntakeError: The hub did not answer.
        NotFoundError: The hub knows of no such order.
    """
    told = ErasureAnswer(statement=made.statement, signature=made.signature)
    intake.ask("POST", "/erasures", told.canonical())
    parts.ledger.erased.told(made.order_id)


def _accepted(parts: RegionParts, order_id: str) -> ReceivedOrder:
    order = parts.ledger.orders.get(order_id)
    if order.kind is not OrderKind.ERASE:
        raise ConflictError(Reason.NO_ERASURE)
    if order.state is not OrderState.ACCEPTED:
        raise ConflictError(Reason.NOT_ACCEPTED)
    return order


def _studies(order: ReceivedOrder) -> list[str]:
    """Give the UIDs of an order that was checked against its schema when it came."""
    return [str(uid) for uid in json.loads(order.body)["studies"]]


def _quarantined(parts: RegionParts, one: HeldFile, order_id: str, who: str) -> int:
    """Erase all that is kept of a file in quarantine, and end its review; count the objects."""
    if one.review_id is None:
        return 0
    parts.ledger.reviews.expire(one.review_id, who=who, ordered=order_id)
    gone = erase(parts.quarantine, folder(one.export_id, one.item_id))
    parts.ledger.reviews.erased(one.review_id)
    return gone


def _landed(parts: RegionParts, held: Held) -> int:
    """Remove what of the studies lies in the landing, and count the files."""
    gone = 0
    for path in {*_files(parts, held), *_received(parts, held)}:
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
            gone += 1
    for uid in held.uids:
        shutil.rmtree(Landing(parts.landing).study(uid).folder, ignore_errors=True)
    Senders(Landing(parts.landing)).tidy()
    return gone


def _files(parts: RegionParts, held: Held) -> Iterator[Path]:
    """Give the files that exports took over, or unpacked, and that lie here still."""
    roots = {one.export_id: Path(parts.ledger.export(one.export_id).path) for one in held.files}
    for one in held.files:
        if one.path:
            path = locate(one.path, roots[one.export_id], parts.landing / one.export_id)
            if path.is_relative_to(parts.landing):
                yield path


def _received(parts: RegionParts, held: Held) -> Iterator[Path]:
    """Give what came and no export has taken, also what was not as announced."""
    for uid in held.uids:
        yield from Landing(parts.landing).study(uid).folder.glob("*")
    for one in held.files:
        if one.sop_uid:
            for place in (parts.landing / ODD).glob(f"*/{name(one.sop_uid)}"):
                yield from place.glob("*")
