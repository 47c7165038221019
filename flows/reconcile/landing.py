"""What lies in the landing that no run comes back for."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from catalog.inventory.records import Standing
from flows import log
from flows.files.spool import local_trouble
from flows.reconcile.kinds import Kind
from flows.reconcile.report import Asked, Report
from flows.review.expiry import is_recent
from flows.sources.landing import RECEIVED, SHARED, Landing


def tidy(root: Path, exports: Mapping[str, Standing], asked: Asked, report: Report) -> None:
    """Find folders of exports that ended, partial objects, and studies that nobody took.

    Raises:
        RetriableError: The landing cannot be used.
    """
    try:
        for path in list(_folders(root)):
            _look(path, exports.get(path.name), asked, report)
        landing = Landing(root)
        for _ in range(landing.sweep(only_look=not asked.mend)):
            report.note(Kind.PARTIAL, "")
            report.mended[Kind.PARTIAL] += asked.mend
        for study in landing.studies():
            if study.quiet_for() > asked.older.total_seconds():
                report.note(Kind.RECEIVED, "")
    except OSError as error:
        raise local_trouble(error) from None


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        for path in root.iterdir():
            if path.is_dir() and not path.is_symlink() and path.name not in SHARED:
                yield path


def _look(path: Path, export: Standing | None, asked: Asked, report: Report) -> None:
    """Look at one folder; what waits for its export, or was used lately, stays.

    A folder that is no export's has no name here: nobody knows what it was called after.
    """
    waits = (path / RECEIVED).exists() if export is None else not export.is_ended
    if waits or is_recent(path, asked.moment - asked.older):
        return
    report.note(Kind.LEFTOVER, "" if export is None else f"export {export.id}")
    if asked.mend:
        name = "" if export is None else export.id
        log.get().warning("removing a folder left in the landing", part="reconcile", export=name)
        shutil.rmtree(path)
        report.mended[Kind.LEFTOVER] += 1
