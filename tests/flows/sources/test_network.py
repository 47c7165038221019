"""A PACS on the network, asked and retrieved from: pynetdicom's own `qrscp`, as it is."""

from datetime import date
from pathlib import Path

import pydicom
import pytest

from flows.errors import StoppedError
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Retrieve
from flows.sources.source import Ended, FoundInstance, Query
from tests.flows.sources.conftest import Hospital
from tests.flows.sources.peers import MG, Folder, Go, uid

JANUARY = (date(2026, 1, 1), date(2026, 1, 31))


def found(hospital: Hospital, query: Query) -> dict[str, tuple[str, ...]]:
    pacs = Pacs(hospital.pacs.peer())
    studies = list(pacs.find(query, Go()))
    assert len({study.study_uid for study in studies}) == len(studies)
    return {study.accession: study.modalities for study in studies}


def test_mammography_of_a_window_is_found_once_a_study(hospital: Hospital) -> None:
    # The PACS answers once an image, gives no modalities, and ignores what it is asked for.
    assert found(hospital, Query(JANUARY)) == {
        "A1": ("MG",), "A2": ("MG",), "A3": ("MG",), "A5": ("MG", "SR"),
    }  # fmt: skip


def test_the_window_has_both_ends(hospital: Hospital) -> None:
    assert set(found(hospital, Query((date(2026, 1, 11), date(2026, 1, 15))))) == {"A2", "A3"}


def test_accessions_are_found_one_by_one(hospital: Hospital) -> None:
    query = Query(None, accessions=("A3", "A1", "A4", "A77"))
    assert set(found(hospital, query)) == {"A1", "A3"}
    assert set(found(hospital, Query(None, (), accessions=("A4",)))) == {"A4"}


def test_objects_are_listed_series_by_series(hospital: Hospital) -> None:
    pacs = Pacs(hospital.pacs.peer())
    listed = pacs.instances(uid(5), Go())
    assert {one.sop_uid for one in listed} == {uid(5, 1, 1), uid(5, 2, 1)}
    assert {(one.sop_class_uid, one.number) for one in listed} == {("", 1)}


@pytest.mark.parametrize("retrieve", [Retrieve.GET, Retrieve.AUTO])
def test_a_study_comes_by_c_get_as_it_is(
    hospital: Hospital, tmp_path: Path, retrieve: Retrieve
) -> None:
    landed = Folder(tmp_path)
    fetched = Pacs(hospital.pacs.peer(retrieve=retrieve)).fetch(uid(5), None, landed, Go())
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.COMPLETE, 2, 0)
    assert fetched.bytes == sum(path.stat().st_size for path in landed.files())
    objects = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, landed.files())}
    assert set(objects) == {uid(5, 1, 1), uid(5, 2, 1)}
    assert objects[uid(5, 1, 1)].PixelData == bytes(512)
    assert not landed.left_over()


def test_a_study_comes_by_c_move_to_the_receiver(hospital: Hospital) -> None:
    landed = Folder(hospital.received / uid(1))
    fetched = Pacs(hospital.pacs.peer()).fetch(uid(1), None, landed, Go())
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.COMPLETE, 4, 0)
    assert all(landed.has(uid(1, 1, number)) for number in range(1, 5))
    assert fetched.bytes > 0


@pytest.mark.parametrize("retrieve", [Retrieve.GET, Retrieve.MOVE])
def test_only_what_is_missing_is_fetched(
    hospital: Hospital, tmp_path: Path, retrieve: Retrieve
) -> None:
    landed = Folder(hospital.received / uid(2) if retrieve is Retrieve.MOVE else tmp_path)
    only = tuple(FoundInstance(uid(2, 1, number), uid(2, 1), MG, number) for number in (2, 4))
    fetched = Pacs(hospital.pacs.peer(retrieve=retrieve)).fetch(uid(2), only, landed, Go())
    assert (fetched.ended, fetched.completed) == (Ended.COMPLETE, 2)
    assert [landed.has(uid(2, 1, number)) for number in range(1, 5)] == [False, True, False, True]


def test_a_search_that_is_stopped_says_so(hospital: Hospital) -> None:
    with pytest.raises(StoppedError):
        list(Pacs(hospital.pacs.peer()).find(Query(JANUARY), Go(after=0)))


def test_a_trial_takes_every_step_and_names_nobody(hospital: Hospital) -> None:
    pacs = Pacs(hospital.pacs.peer(), landed=lambda study: Folder(hospital.received / study))
    steps = list(pacs.prove())
    assert [(step.name, step.ok) for step in steps] == [
        ("echo", True), ("query", True), ("retrieval", True), ("list", True), ("object", True),
    ]  # fmt: skip
    told = " ".join(step.told for step in steps)
    assert "came to our receiver" in told
    assert not [value for value in ("19570312", "Prov", "A5", uid()) if value in told]
