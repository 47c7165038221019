import pytest

from flows.cli.ingest_lines import follow
from tests import objects
from tests.flows.conftest import DECISION
from tests.flows.making import put, registered, walked
from tests.flows.reviewing import contradicting
from tests.objects import mammogram, part10


def test_an_ingest_ends_with_reasons_and_what_comes_next(
    region, deidentify_with, export_folder, capsys
):
    put(export_folder, part10(mammogram()), part10(contradicting()), part10(objects.ultrasound()))
    export = registered(region, export_folder, DECISION)
    tally = walked(region, deidentify_with, export)
    capsys.readouterr()
    follow(export.id, region, lambda _id: tally)
    said = capsys.readouterr().out
    assert "1 suspect: a marker contradicts the header" in said
    assert "1 refused: an ultrasound image" in said
    assert "1 waits for people: mammo quarantine list\n" in said
    assert said.endswith(f"as a page: mammo report {export.id}\n")
    assert "Provstr" not in said


def test_who_leaves_an_ingest_is_told_that_it_goes_on(region, capsys):
    def watch(_id):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow("20261122-00000000", region, watch)
    assert "the export goes on at the region's worker" in capsys.readouterr().err
