from datetime import UTC, datetime, timedelta

import pytest

from flows.errors import ExportRefusedError, SourceError
from flows.exports import registry
from flows.search.query import QueryError, query
from tests.flows.conftest import DECISION, TODAY, decision
from tests.flows.making import four_views, put

WHOLE = """
reference = "D-1"
legal_basis = "EHDS Article 60"
purpose = "research"
controller = "Provsjukhuset"
valid_until = 2099-01-01
protection_source = "FILTERED_EXPORT"
"""


def read(tmp_path, text):
    path = tmp_path / "decision.toml"
    path.write_text(text)
    return registry.read_decision(path)


def test_a_decision_is_read(tmp_path):
    told = read(tmp_path, WHOLE)
    assert (told.reference, told.valid_until.year) == ("D-1", 2099)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "reference: Field required"),
        (WHOLE.replace('"D-1"', '""'), "reference: String should have"),
        (WHOLE + 'extra = "x"', "extra: Extra inputs"),
        (WHOLE.replace("FILTERED_EXPORT", "PERHAPS"), "protection_source"),
        (WHOLE.replace("2099-01-01", '"soon"'), "valid_until"),
        ("reference =", "not TOML"),
    ],
)
def test_what_is_wrong_with_a_decision_is_said(tmp_path, text, said):
    with pytest.raises(ExportRefusedError, match=said):
        read(tmp_path, text)


def test_a_decision_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ExportRefusedError, match="cannot be read"):
        registry.read_decision(tmp_path / "nowhere.toml")


def test_no_export_without_a_decision(export_folder):
    with pytest.raises(ExportRefusedError, match="--decision"):
        registry.register("prov", export_folder, decision=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": " "},
        {"legal_basis": ""},
        {"purpose": ""},
        {"controller": ""},
        {"valid_until": TODAY - timedelta(days=1)},
    ],
)
def test_no_export_by_an_invalid_decision(region, export_folder, changes):
    with pytest.raises(ExportRefusedError):
        registry.register_decided(region, "prov", export_folder, decision(**changes))
    assert region.ledger.exports() == ()


def test_no_export_of_an_unknown_holder(region, export_folder):
    with pytest.raises(ExportRefusedError, match="add-holder"):
        registry.register_decided(region, "nobody", export_folder, DECISION)


def test_no_export_that_is_not_there(region, tmp_path):
    with pytest.raises(SourceError, match="check the path"):
        registry.register_decided(region, "prov", tmp_path / "nowhere", DECISION)


def test_an_export_s_id_says_nothing_of_it(region, export_folder):
    put(export_folder, *four_views())
    (export_folder / "notes.txt").write_text("no DICOM")
    export_id = registry.register_decided(region, "prov", export_folder, DECISION)
    assert export_id.startswith(f"{datetime.now(UTC):%Y%m%d}-")
    export = region.ledger.export(export_id)
    assert (export.claimed, export.path) == (4, str(export_folder))


def test_a_search_in_words_that_there_are_not_is_said():
    with pytest.raises(QueryError, match="there is: L, R, B"):
        query(laterality="left")
    assert query(view="mlo", kind="ffdm").view == "MLO"
