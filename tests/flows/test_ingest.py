"""What the flow adds to a study's own code: silence, sums, and when to try again."""

import pytest
from prefect.states import Failed

from access_api import settings
from catalog.errors import ConflictError, NotFoundError, StorageError
from catalog.outcome import Outcome, Tally
from flows.errors import DiskFullError, OriginalError, SourceError, StudyError, TallyError
from flows.ingest import closing, flow, names
from infra import environment

SECRET = "Provström Åsa 19570312-9808"


def test_what_a_foreign_exception_says_reaches_neither_state_nor_log(capsys):
    with pytest.raises(StudyError) as caught, flow.silenced("study", export="e", study=1):
        raise ValueError(SECRET)
    assert str(caught.value) == "study failed: ValueError"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    said = capsys.readouterr()
    assert "Provstr" not in said.out + said.err


@pytest.mark.parametrize("error", [StorageError(), SourceError("gone"), DiskFullError("full")])
def test_our_own_errors_say_what_they_are(error):
    with pytest.raises(type(error)) as caught, flow.silenced("study"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (StorageError(), True),
        (DiskFullError("full"), True),
        (StudyError("study failed: ValueError"), True),
        (ConflictError(), False),
        (NotFoundError(), False),
        (OriginalError("gone"), False),
        (TallyError("no"), False),
    ],
)
def test_only_what_may_help_is_tried_again(error, again):
    assert flow.is_retriable(Failed(data=error)) is again


def test_sums_that_do_not_agree_fail_the_flow():
    closing.require_match(Tally(2, 1, {Outcome.ADMITTED: 2, Outcome.UNREADABLE: 1}))
    with pytest.raises(TallyError, match="1 outcomes do not make 2 claimed instances"):
        closing.require_match(Tally(2, 0, {Outcome.ADMITTED: 1}))


def test_the_launcher_and_the_flow_mean_the_same_pool():
    assert environment.POOL == names.POOL


def test_the_launcher_and_the_door_mean_the_same_issuer():
    assert environment.ISSUER == settings.DEVELOPMENT_ISSUER


def test_nothing_but_an_id_goes_to_prefect():
    assert list(flow.ingest.parameters.properties) == ["export_id"]
    assert list(flow.study.fn.__annotations__) == ["export_id", "ordinal", "return"]
    for one in (flow.ingest, flow.study):
        assert one.persist_result is False
