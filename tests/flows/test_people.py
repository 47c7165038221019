"""What is known of a woman is gathered once per study, and anew only for a file that changed."""

import pytest

from deid.source import parse
from flows.sources.original import Original
from flows.walk import whom
from flows.walk.whom import look
from tests import objects
from tests.flows.making import put
from tests.objects import mammogram, part10

OTHER = f"{objects.INSTANCE}.2"


@pytest.fixture
def paths(export_folder):
    other = mammogram(view="rcc", SOPInstanceUID=OTHER, OtherPatientNames="Flicknamn^Zäta")
    other.ContentDate = "20230418"
    put(export_folder, part10(mammogram()), part10(other))
    return sorted(export_folder.iterdir())


def may(_who):
    return None


def known(found, path):
    with Original(path) as file:
        return found.known(path, file.stamp, parse(file.reader))


def test_each_file_is_known_by_all_that_is_known_of_her_and_its_own_dates(paths, monkeypatch):
    found = look(paths, may)
    monkeypatch.setattr(whom, "harvest", None)  # nothing is gathered again
    one, other = (known(found, path) for path in paths)
    assert one.words == other.words
    assert {objects.INSTANCE, OTHER} <= one.uids == other.uids
    assert one.dates != other.dates
    assert "20230418" not in one.dates.values()


def test_a_file_that_changed_since_is_looked_at_anew(paths):
    found = look(paths, may)
    changed = mammogram(SOPInstanceUID=f"{objects.INSTANCE}.3", ContentDate="20230501")
    paths[0].write_bytes(part10(changed))
    anew = known(found, paths[0])
    assert {changed.SOPInstanceUID, OTHER} <= anew.uids
    assert "20230501" in anew.dates.values()


def test_a_file_nobody_looked_at_is_known_by_itself_and_the_others(paths):
    found = look(paths[1:], may)
    assert {objects.INSTANCE, OTHER} <= known(found, paths[0]).uids
    assert objects.INSTANCE in known(look([], may), paths[0]).uids


def test_the_gate_is_asked_once_for_each_person(paths):
    asked = []
    found = look([*paths, *paths], asked.append)
    assert asked == ["195703129808"]
    assert (found.refusal, found.several) == (None, False)
