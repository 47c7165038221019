from collections.abc import Mapping

import pytest

from catalog.errors import NotFoundError
from catalog.ledgers.records import Export
from catalog.outcome import Outcome, Tally
from catalog.records import Versions
from flows.cli import main
from flows.errors import SourceError
from flows.exports.report import page, write_page
from tests.flows.conftest import decision

EXPORT = Export("20261122-5f0c9a1e", "prov", "/mnt/export/Provström Åsa", 3, decision())
TALLY = Tally(3, 1, {Outcome.ADMITTED: 2, Outcome.SUSPECT: 1, Outcome.UNREADABLE: 1})
REASONS: Mapping[tuple[Outcome, str], int] = {
    (Outcome.ADMITTED, ""): 2,
    (Outcome.SUSPECT, "an identifier is left in the header"): 1,
    (Outcome.UNREADABLE, "not a DICOM file"): 1,
}
VERSIONS = Versions("mammography 2", "2026d", "net 1", "local-1234")


class OneExport:
    """A ledger that knows one export."""

    def export(self, export_id):
        if export_id != EXPORT.id:
            raise NotFoundError
        return EXPORT

    def tally(self, _export_id):
        return TALLY

    def reasons(self, _export_id):
        return REASONS


def test_the_page_says_outcomes_reasons_decision_and_versions():
    text = page(EXPORT, TALLY, REASONS, VERSIONS)
    for said in (
        "Export 20261122-5f0c9a1e",
        "D-1",
        "EHDS Article 60",
        "3 instances, and 1 foreign files came along",
        "the sums agree",
        "an identifier is left in the header",
        "could not be proven clean: in quarantine",
        "mammography 2",
        "local-1234",
    ):
        assert said in text, said


def test_sums_that_do_not_agree_are_said():
    assert "the sums do not agree" in page(EXPORT, Tally(9, 0, TALLY.counts), REASONS)


def test_the_page_does_not_say_where_the_export_lies():
    assert "Provstr" not in page(EXPORT, TALLY, REASONS, VERSIONS)
    assert "/mnt" not in page(EXPORT, TALLY, REASONS, VERSIONS)


def test_what_others_wrote_is_escaped():
    evil = Export(EXPORT.id, "<script>", "x", 3, decision(reference="<img src=x>"))
    text = page(evil, TALLY, REASONS)
    assert "<script>" not in text
    assert "<img" not in text


def test_the_page_is_written(tmp_path):
    write_page(OneExport(), EXPORT.id, tmp_path / "page.html", VERSIONS)
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    with pytest.raises(NotFoundError):
        write_page(OneExport(), "another", tmp_path / "none.html")
    with pytest.raises(SourceError, match="check the folder"):
        write_page(OneExport(), EXPORT.id, tmp_path / "no" / "page.html")


def test_without_a_stack_the_command_says_what_to_do(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAMMO_STATE", str(tmp_path / "var"))
    with pytest.raises(SystemExit) as ended:
        main(["report", EXPORT.id])
    assert ended.value.code == 1
    assert "mammo up" in capsys.readouterr().err
