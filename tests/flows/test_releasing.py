"""The flow of a release quotes nothing of what it was told, and says what cannot be asked."""

import pytest
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed, Failed

from catalog.errors import ConflictError, PermitError, Reason, StorageError
from flows.errors import SettingsError, StudyError
from flows.keys.key_file import HUB_ROOTS, create
from flows.release.build import ReleaseError
from flows.releasing.asking import _ending, ask_and_watch
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


def failed(error: Exception) -> State:
    kind = type(error).__name__
    return Failed(message=f"Flow run encountered an exception: {kind}: {error}")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (Crashed(message="the process that ran it is gone"), "goes on where it was"),
        (failed(StorageError()), "the object store did not answer. What is done is kept"),
        (failed(PermitError()), "the permit is not in force. The same command ends the same way"),
        (failed(ConflictError(Reason.NOT_ASSESSED)), "ends the same way"),
        (failed(SettingsError("MAMMO_X is missing")), "MAMMO_X is missing. The same command ends"),
        (failed(ReleaseError("an image is gone")), "an image is gone. The same command begins"),
    ],
    ids=["crashed", "store away", "no permit", "not assessed", "setting", "given up"],
)
def test_it_is_said_what_the_same_command_would_do(state: State, said: str):
    assert said in _ending(state)
