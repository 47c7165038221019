"""The hub's flow quotes nothing of what it was told, whatever is wrong with it."""

import pytest

from flows.arrivals.flow import publish_arrivals
from flows.errors import StudyError

TOLD = {
    "CATALOGUE_URL": "sqlite://",
    "S3_ENDPOINT": "somebody:hidden@store.example/place",
    "S3_ACCESS_KEY": "key",
    "S3_SECRET_KEY": "hidden",
    "ARRIVALS_BUCKET": "arrivals",
    "CLEAN_BUCKET": "clean",
}


def test_a_setting_that_cannot_be_used_is_told_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(f"MAMMO_ARRIVALS_{name}", value)
    with pytest.raises(StudyError, match=r"^arrivals failed: \w+$"):
        publish_arrivals.fn()
