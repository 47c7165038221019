"""Plans as administrators enter, pause, resume and cancel them."""

import secrets
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from catalog.errors import NotFoundError
from catalog.plans.records import KnownSource, Plan, PlanState, SourceKind
from flows.errors import ExportRefusedError, PlanError, SourceError
from flows.exports.asking import Asked
from flows.exports.content import Content, read_content
from flows.exports.disclosure import require_decision, require_ordered
from flows.exports.registry import read_decision
from flows.quarantine.originals import quarantine
from flows.sources.landing import Landing
from flows.sources.opening import Opened, open_source
from flows.wiring import RegionParts

SIDE_TABLES = frozenset({".csv", ".parquet"})


def read_plan(path: Path) -> Content:
    """Read a plan from its TOML file.

    Raises:
        PlanError: With what is wrong in it.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = "there is no file of that name; docs/exports.md has a plan to copy"
        raise PlanError(message) from None
    except (OSError, ValueError):
        message = "the plan cannot be read as TOML; docs/exports.md has one to copy"
        raise PlanError(message) from None
    return read_content(told)


def opened(parts: RegionParts, source: str) -> Opened:
    """Open a source by its name.

    Raises:
        SourceError: There is none of that name, or it cannot be asked.
    """
    return open_source(known_source(parts, source), Landing(parts.landing))


def known_source(parts: RegionParts, name: str) -> KnownSource:
    """Give a source by its name.

    Raises:
        SourceError: There is none of that name.
    """
    try:
        return parts.ledger.plans.source(name)
    except NotFoundError:
        message = "there is no source of that name; mammo sources list gives them"
        raise SourceError(message) from None


def require_fit(known: KnownSource, content: Content) -> None:
    """Refuse a plan that asks of a source what it does not do.

    Raises:
        PlanError: With what to change.
    """
    if content.selection.everything == known.kind.is_taken_whole:
        return
    message = "only folders and pushes give everything: say which studies are to be asked for"
    if known.kind.is_taken_whole:
        message = "the source is taken whole: its plan selects with everything = true"
    raise PlanError(message)


def _require_fit(parts: RegionParts, source: str, content: Content) -> None:
    known = known_source(parts, source)
    require_fit(known, content)
    if known.kind is SourceKind.PUSHED and in_force(parts.ledger.plans.all(), source):
        message = "what is pushed goes to one plan, and there is one; cancel it first"
        raise PlanError(message)
    if known.kind is not SourceKind.FOLDER:
        asked(opened(parts, source), content).require_tellable()


def in_force(plans: Iterable[Plan], source: str) -> tuple[Plan, ...]:
    """Give the plans of a source that are not over, those that rest included."""
    over = {PlanState.CANCELLED, PlanState.DONE}
    return tuple(one for one in plans if one.source == source and one.state not in over)


def asked(here: Opened, content: Content) -> Asked:
    """Say what a plan asks of an opened source."""
    return Asked(here.source, content.selection, here.stations, here.care.nearline)


def enter(
    parts: RegionParts,
    holder: str,
    source: str,
    content: Content,
    *,
    decision: Path,
    who: str,
) -> Plan:
    """Enter a plan; it runs by its schedule from now on.

    Raises:
        ExportRefusedError: Without a valid decision, or for an unknown holder.
        SourceError: There is no such source.
    """
    plan = Plan(
        id=f"p-{secrets.token_hex(4)}",
        holder_id=holder,
        source=source,
        decision=read_decision(decision),
        content=content.model_dump_json(),
        state=PlanState.ACTIVE,
        who=who,
    )
    enter_decided(parts, plan, content)
    return plan


def enter_decided(parts: RegionParts, plan: Plan, content: Content) -> None:
    """Enter a plan whose decision is at hand.

    Raises:
        ExportRefusedError: Its decision is not valid, its holder unknown, or on permit only.
        SourceError: There is no such source.
        PlanError: It asks of the source what that does not do.
    """
    require_decision(plan.decision, today=datetime.now(UTC).date())
    try:
        holder = parts.publisher.holder(plan.holder_id)
    except NotFoundError:
        message = "the holder is unknown; enter it with: mammo catalog add-holder"
        raise ExportRefusedError(message) from None
    require_ordered(parts, holder, plan.decision)
    _require_fit(parts, plan.source, content)
    parts.ledger.plans.enter(plan)


def move(parts: RegionParts, plan_id: str, state: PlanState) -> None:
    """Pause, resume or cancel a plan.

    Raises:
        PlanError: There is no such plan.
        ConflictError: It cannot become that as it stands.
    """
    try:
        parts.ledger.plans.move(plan_id, state)
    except NotFoundError:
        message = "there is no such plan; mammo exports list gives them"
        raise PlanError(message) from None


def keep_side_table(parts: RegionParts, plan_id: str, path: Path) -> str:
    """Keep a side table with a plan: sealed, on the region's side only; give its object key.

    Raises:
        PlanError: It is neither CSV nor Parquet, or cannot be read.
        StorageError: The store did not answer.
    """
    if path.suffix.lower() not in SIDE_TABLES:
        message = "a side table is a .csv or .parquet file"
        raise PlanError(message)
    try:
        with path.open("rb") as table:
            return quarantine(
                table,
                parts.quarantine,
                parts.keys.quarantine(),
                name=f"side-tables/{plan_id}",
                scratch=parts.landing,
                kind=path.suffix.lower(),
            )
    except OSError:
        message = "the side table cannot be read"
        raise PlanError(message) from None
