"""The region's side: ledger against quarantine, landing, and what the hub knows."""

from datetime import timedelta

from catalog.inventory.records import Standing
from catalog.vocabulary import Standing as AtHub
from flows.reconcile.kinds import Kind
from flows.reconcile.landing import tidy
from flows.reconcile.report import Asked, Report
from flows.reconcile.sealed import find_lost, sweep_sealed
from flows.review.expiry import is_recent
from flows.wiring import RegionParts

_QUIET = timedelta(hours=1)  # nobody is at work who has written nothing for so long
_NO_DIGEST = "0" * 64  # of no bytes: what is asked is only whether the hub knows the image


def reconcile(parts: RegionParts, asked: Asked, report: Report) -> None:
    """Look at all that the region keeps.

    Raises:
        StorageError: The store does not answer; run it again.
        DatabaseError: The ledger does not answer; run it again.
        IntakeError: The hub does not answer; run it again.
        RetriableError: The landing cannot be used.
    """
    sweep_sealed(parts, asked, report)
    find_lost(parts, asked, report)
    exports = {one.id: one for one in parts.ledger.inventory.exports(asked.moment)}
    for export in exports.values():
        _judge(parts, export, asked, report)
    tidy(parts.landing, exports, asked, report)
    _ask_hub(parts, asked, report)


def _judge(parts: RegionParts, export: Standing, asked: Asked, report: Report) -> None:
    """Tell how one export is; one that is begun and not ended is never touched."""
    if export.is_ended:
        return
    quiet = asked.moment - _QUIET
    folder = parts.landing / export.id
    at_work = export.leased or export.registered_at > quiet or is_recent(folder, quiet)
    if at_work or (export.waiting and export.led):
        report.note(Kind.UNDER_WAY, f"export {export.id}")
    elif export.waiting or export.pending or not export.tally.total:
        report.note(Kind.UNENDED, f"export {export.id}")
    else:
        report.note(Kind.SUMS, f"export {export.id}")


def _ask_hub(parts: RegionParts, asked: Asked, report: Report) -> None:
    """Ask the hub for every image that the ledger calls published."""
    number, images = parts.ledger.inventory.published(asked.since)
    with asked.counting("asking the hub") as progress:
        for done, one in enumerate(images, 1):
            at_hub = parts.publisher.standing(one.clean_sop_uid, _NO_DIGEST, _NO_DIGEST)
            if at_hub is AtHub.NEW:
                name = f"export {one.export_id}, study {one.ordinal}, file {one.item_id}"
                report.note(Kind.UNPUBLISHED, name)
            progress(done, max(done, number))
