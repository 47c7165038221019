"""The flow of a release quotes nothing of what it was told, and says what cannot be asked."""

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.errors import SettingsError, StudyError
from flows.keys.key_file import HUB_ROOTS, create
from flows.releasing.asking import ask_and_watch
from flows.releasing.flow import release
from flows.search.query import QueryError
from tests.servers import free_ports

TOLD = {
    "ENVIRONMENT": "development",
    "CATALOGUE_URL": "sqlite://",
    "S3_ENDPOINT": "somebody:hidden@store.example/place",
    "S3_ACCESS_KEY": "key",
    "S3_SECRET_KEY": "hidden",
}


@pytest.fixture
def told(monkeypatch, tmp_path):
    create(tmp_path / "release.key", HUB_ROOTS)
    monkeypatch.setenv("MAMMO_HUB_RELEASE_KEY_FILE", str(tmp_path / "release.key"))
    monkeypatch.setenv("MAMMO_RELEASE_RUNS", str(tmp_path))
    for name, value in TOLD.items():
        monkeypatch.setenv(f"MAMMO_HUB_{name}", value)


def test_a_setting_that_cannot_be_used_is_told_by_its_kind(told):
    with pytest.raises(StudyError, match=r"^release failed: \w+$"):
        release.fn("permit-1")


def test_a_missing_setting_is_named(told, monkeypatch):
    monkeypatch.delenv("MAMMO_HUB_RELEASE_KEY_FILE")
    with pytest.raises(SettingsError, match="MAMMO_HUB_RELEASE_KEY_FILE"):
        release.fn("permit-1")


def test_words_that_there_are_not_are_refused_before_anything_is_opened(told):
    with pytest.raises(QueryError):
        release.fn("permit-1", view="XX")


def test_a_server_that_is_away_is_said(hub):
    (port,) = free_ports(1)
    with (
        temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}),
        pytest.raises(StudyError, match="does not answer"),
    ):
        ask_and_watch(hub.catalogue, "permit-1", {}, lambda _done, _all: None)
