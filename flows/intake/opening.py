"""The region's way to the hub's intake, from its settings."""

from flows.errors import SettingsError
from flows.intake.client import Address, Intake
from flows.intake.keys import load_key
from flows.settings import RegionSettings

_TOGETHER = "MAMMO_REGION_INTAKE_URL and MAMMO_REGION_INTAKE_KEY_FILE are needed together"


def open_intake(settings: RegionSettings) -> Intake:
    """Find the way to the hub's intake.

    Raises:
        SettingsError: A setting is missing.
        KeyFileError: The region's signing key cannot be used.
    """
    if not settings.intake_url or settings.intake_key_file is None:
        raise SettingsError(_TOGETHER)
    return Intake(
        Address(
            url=settings.intake_url,
            key=load_key(settings.intake_key_file),
            ca=settings.intake_ca,
            certificate=settings.intake_certificate,
            private_key=settings.intake_private_key,
            patience=settings.intake_wait_s,
        )
    )
