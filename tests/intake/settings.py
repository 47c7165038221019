"""What a region is told that takes the hub's orders, as its command line reads it."""

from pathlib import Path

import pytest

from flows.intake.keys import public_text
from flows.keys.key_file import REGION_ROOTS, create
from tests.intake.test_orders import KEY


def set_region(monkeypatch: pytest.MonkeyPatch, folder: Path, **more: object) -> None:
    """Set a region's variables, and make the files that they name; stores are out of reach."""
    (folder / "hub.pub").write_text(public_text(KEY.public_key()))
    create(folder / "region.key", REGION_ROOTS)
    told = {
        "ENVIRONMENT": "development",
        "LANDING": folder,
        "KEY_FILE": folder / "region.key",
        "LEDGER_URL": "sqlite://",
        "S3_ENDPOINT": "127.0.0.1:1",
        "S3_ACCESS_KEY": "x",
        "S3_SECRET_KEY": "x",
        "ORDERS_REGION": "norr",
        "ORDERS_KEY_FILE": folder / "hub.pub",
    }
    for name, value in (told | more).items():
        monkeypatch.setenv(f"MAMMO_REGION_{name}", str(value))
