"""Register an export: whose it is, where it lies, what it claims, by which decision it leaves."""

import secrets
import shutil
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.errors import NotFoundError
from catalog.ledgers.records import Export
from catalog.records import DisclosureDecision
from catalog.vocabulary import ProtectionSource
from flows import wiring
from flows.errors import ExportRefusedError, SourceError
from flows.exports.disclosure import require_decision, require_ordered
from flows.exports.index import count, require_claim
from flows.wiring import RegionParts


class DecisionFile(BaseModel):
    """A disclosure decision as its holder writes it down."""

    model_config = ConfigDict(extra="forbid", str_min_length=1, str_strip_whitespace=True)

    reference: str
    legal_basis: str
    purpose: str
    controller: str
    valid_until: date
    protection_source: ProtectionSource = ProtectionSource.UNKNOWN


def register(
    holder: str,
    path: Path,
    *,
    decision: Path | None,
    claimed: int | None = None,
) -> str:
    """Enter an export in the region's ledger and return its id, which says nothing of it.

    Raises:
        ExportRefusedError: Without a valid decision, or for an unknown holder.
        SourceError: If the export is not there.
    """
    if decision is None:
        message = (
            "an export leaves its holder only by a disclosure decision: give --decision FILE "
            "(docs/operator.md has one to copy)"
        )
        raise ExportRefusedError(message)
    return register_decided(wiring.region(), holder, path, read_decision(decision), claimed=claimed)


def register_decided(
    parts: RegionParts,
    holder: str,
    path: Path,
    decision: DisclosureDecision,
    *,
    claimed: int | None = None,
    absent: int = 0,
) -> str:
    """Enter an export whose decision is at hand.

    What holds more than it claims is not entered: it could never be finished.

    Args:
        parts: The region's.
        holder: Whose it is.
        path: Where it lies.
        decision: By which it leaves.
        claimed: Instances that its holder says it holds; counted where nobody says.
        absent: Instances that it says it holds besides those that are counted.

    Raises:
        ExportRefusedError: The decision is not valid, the holder unknown or on permit only, or
            the claim too low.
        SourceError: If the export is not there, or empty.
    """
    require_decision(decision, today=datetime.now(UTC).date())
    try:
        known = parts.publisher.holder(holder)
    except NotFoundError:
        message = "the holder is unknown; enter it with: mammo catalog add-holder"
        raise ExportRefusedError(message) from None
    require_ordered(parts, known, decision)
    root = path.expanduser().resolve()
    if not root.exists():
        message = "the export is not there; check the path"
        raise SourceError(message)
    export_id = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    found = _counted(claimed, root, parts.landing / export_id, limit=parts.expansion_limit)
    claimed = found + absent if claimed is None else claimed
    if not claimed:
        message = "the export holds no DICOM files; check the path"
        raise SourceError(message)
    parts.ledger.register_export(Export(export_id, holder, str(root), claimed, decision))
    return export_id


def _counted(claimed: int | None, root: Path, landing: Path, *, limit: int) -> int:
    """Count the instances of an export, which may not be more than it claims."""
    try:
        found = count(root, landing, limit=limit)
        if claimed is not None:
            require_claim(claimed, found)
    except BaseException:
        shutil.rmtree(landing, ignore_errors=True)
        raise
    if not found:
        shutil.rmtree(landing, ignore_errors=True)
    return found


def read_decision(path: Path) -> DisclosureDecision:
    """Read a disclosure decision from its TOML file.

    Raises:
        ExportRefusedError: With what is wrong in it.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        message = "the decision file cannot be read"
        raise ExportRefusedError(message) from None
    except tomllib.TOMLDecodeError as error:
        message = f"the decision file is not TOML: {error}"
        raise ExportRefusedError(message) from None
    return decision_as_told(told)


def decision_as_told(told: object) -> DisclosureDecision:
    """Check a disclosure decision as its holder wrote it down.

    Raises:
        ExportRefusedError: With what is wrong in it.
    """
    try:
        checked = DecisionFile.model_validate(told)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        message = f"the decision file is not complete: {wrong}"
        raise ExportRefusedError(message) from None
    return DisclosureDecision(**checked.model_dump())
