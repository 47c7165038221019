"""Lines about orders to erase: what is to go, what went, and what regions answered."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flows.cli.plural import counted

if TYPE_CHECKING:
    from catalog.erasures.answers import Answered
    from catalog.erasures.wire import Statement
    from flows.review.erasing import Extent
    from flows.settings import RegionSettings
    from flows.wiring import RegionParts


def counts(found: "Extent") -> str:
    """Write how much an order would erase."""
    return ", ".join(
        (
            counted(found.studies, "study", "studies"),
            counted(found.files, "file") + " of the ledger",
            f"{found.quarantined} of them were ever in quarantine",
        )
    )


def carry_out(
    parts: "RegionParts", settings: "RegionSettings", order: str, who: str
) -> Iterator[str]:
    """Carry an order out, and tell the hub.

    Raises:
        SettingsError: The way to the hub is not set.
        IntakeError: The hub did not answer; what was erased is erased.
    """
    from catalog.erasures.wire import Statement
    from flows.errors import SettingsError
    from flows.intake.keys import load_key
    from flows.intake.opening import open_intake
    from flows.review import erasing

    if settings.intake_key_file is None:
        message = "MAMMO_REGION_INTAKE_KEY_FILE is needed to sign the answer"
        raise SettingsError(message)
    key = load_key(settings.intake_key_file)
    made = erasing.carry_out(parts, order, key, region=settings.orders_region, who=who)
    said = Statement.model_validate_json(made.statement)
    yield _gone(said)
    for one in said.stays:
        yield f"stays: {one.value}"
    erasing.answer(parts, made, open_intake(settings))
    yield "the hub has the answer"


def answered(one: "Answered") -> str:
    """Write how an order to erase stands."""
    order = f"{one.region}, order {one.sequence} of {one.issued_at:%Y-%m-%d}"
    if one.statement is not None:
        return f"{order}: {_gone(one.statement)}"
    over = "too late" if one.expires_at < datetime.now(UTC) else f"until {one.expires_at:%Y-%m-%d}"
    return f"{order}: no answer yet, {over}"


def _gone(said: "Statement") -> str:
    return (
        f"erased {said.done_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: "
        f"{counted(said.studies, 'study', 'studies')}, "
        f"{counted(said.files, 'file')} of the ledger, "
        f"{counted(said.sealed, 'sealed object')}, {counted(said.landed, 'file')} in the landing"
    )
