"""Retrievals from a PACS that aborts, lies, never ends, or sends what was not asked for."""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.dimse_primitives import C_MOVE

from flows.errors import DiskFullError, NotOfferedError, SourceRefusedError
from flows.sources.network.offered import (
    IMAGE_SYNTAXES,
    IMAGES,
    MOST_CONTEXTS,
    OTHERS,
    contexts_for,
    contexts_for_unknown,
    groups,
)
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Retrieve
from flows.sources.network.retrieving import MOVE
from flows.sources.source import Ended, Fetched
from tests.flows.sources.peers import MG, Folder, Go, image, uid, with_meta
from tests.flows.sources.scripted import Given, Scripted, objects

COMPRESSED = [one for one in IMAGE_SYNTAXES if one.startswith("1.2.840.10008.1.2.4")]


def fetch(pacs: Scripted, landed: Folder, stop: Go | None = None, **peer: Any) -> Fetched:
    with pacs.running():
        return Pacs(pacs.peer(**peer)).fetch(uid(1), None, landed, stop or Go())


def sent(*found: Path) -> set[str]:
    return {str(pydicom.dcmread(path).SOPInstanceUID) for path in found}


@pytest.mark.parametrize("syntax", [*COMPRESSED[:8], "1.2.840.10008.1.2.5"])
def test_a_compressed_object_comes_as_it_lies_in_the_pacs(tmp_path: Path, syntax: str) -> None:
    ds = image(1, pixels=encapsulate([b"\xff\xd8 not decoded by anybody \xff\xd9"]))
    ds["PixelData"].is_undefined_length = True
    landed = Folder(tmp_path)
    fetched = fetch(Scripted(get=objects(ds, syntax=syntax)), landed)
    assert fetched.ended is Ended.COMPLETE
    (got,) = (pydicom.dcmread(path) for path in landed.files())
    assert got.file_meta.TransferSyntaxUID == syntax
    assert got.PixelData == ds.PixelData


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_the_encoded_bytes_are_kept(tmp_path: Path, syntax: str) -> None:
    landed = Folder(tmp_path)
    fetch(Scripted(get=objects(image(1), syntax=syntax)), landed)
    (got,) = (pydicom.dcmread(path) for path in landed.files())
    assert got.file_meta.TransferSyntaxUID == syntax
    assert got.PatientName == "Provström^Åsa"


def test_an_object_of_another_study_is_not_taken_in(tmp_path: Path) -> None:
    landed = Folder(tmp_path)
    fetched = fetch(Scripted(get=objects(image(1), image(2))), landed)
    assert sent(*landed.files()) == {uid(1, 1, 1)}
    assert (fetched.ended, fetched.completed, fetched.failed) == (Ended.PARTIAL, 1, 1)
    assert not landed.left_over()


def test_an_object_that_is_not_the_announced_one_is_not_taken_in(tmp_path: Path) -> None:
    def rename(event: Any) -> None:
        # The PACS announces one object and sends another's data set.
        message = event.message
        if type(message).__name__ == "C_STORE_RQ":
            message.command_set.AffectedSOPInstanceUID = uid(77)

    handlers = [(evt.EVT_DIMSE_SENT, rename)]
    landed = Folder(tmp_path)
    fetched = fetch(Scripted(get=objects(image(1)), handlers=handlers), landed)
    assert not landed.files()
    assert (fetched.ended, fetched.failed) == (Ended.REFUSED, 1)


def test_counters_are_what_the_pacs_says_and_the_landing_what_came(tmp_path: Path) -> None:
    def lie(event: Any) -> None:
        if type(event.message).__name__ == "C_GET_RSP":
            event.message.command_set.NumberOfCompletedSuboperations = 99

    landed = Folder(tmp_path)
    pacs = Scripted(get=objects(image(1)), handlers=[(evt.EVT_DIMSE_SENT, lie)])
    fetched = fetch(pacs, landed)
    assert (fetched.ended, fetched.completed, len(landed.files())) == (Ended.COMPLETE, 99, 1)


def test_a_pacs_that_aborts_in_the_middle_of_an_object_leaves_nothing_half(tmp_path: Path) -> None:
    count = [0]

    def cut(event: Any) -> None:
        count[0] += len(event.data)
        if count[0] > 400_000:
            event.assoc.dul.socket.socket.close()

    landed = Folder(tmp_path)
    big = image(1, number=2, pixels=bytes(2_000_000))
    pacs = Scripted(get=objects(image(1), big), handlers=[(evt.EVT_DATA_SENT, cut)])
    fetched = fetch(pacs, landed)
    assert fetched.ended is Ended.ABORTED
    assert sent(*landed.files()) == {uid(1, 1, 1)}
    assert not landed.left_over()


class Enough(Go):
    """Stops when a few objects have come."""

    def __init__(self, landed: Folder) -> None:
        super().__init__()
        self._landed = landed

    def reason(self) -> str:
        return "enough" if len(self._landed.files()) >= 3 else ""


def test_a_retrieval_that_is_stopped_is_cancelled_and_keeps_what_came(tmp_path: Path) -> None:
    def get(_identifier: Dataset, event: Any) -> Given:
        yield 500
        for number in range(1, 501):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, with_meta(image(1, number=number))

    landed = Folder(tmp_path)
    fetched = fetch(Scripted(get=get), landed, Enough(landed))
    assert fetched.ended is Ended.STOPPED
    assert 0 < len(landed.files()) < 500
    assert not landed.left_over()


@pytest.mark.parametrize("pending", [False, True])
def test_a_move_that_never_ends_is_given_up(tmp_path: Path, *, pending: bool) -> None:
    def moved(_identifier: Dataset, event: Any) -> Given:
        until = time.monotonic() + 20
        while time.monotonic() < until and event.assoc.is_established:
            if pending:
                response = C_MOVE()
                response.MessageIDBeingRespondedTo = 1
                response.AffectedSOPClassUID = MOVE
                response.Status = 0xFF00
                response.NumberOfRemainingSuboperations = 3
                response.NumberOfCompletedSuboperations = 1
                event.assoc.dimse.send_msg(response, 1)
            time.sleep(0.2)
        yield None, None

    pacs = Scripted(move=moved)
    began = time.monotonic()
    fetched = fetch(pacs, Folder(tmp_path), retrieve=Retrieve.MOVE)
    assert fetched.ended is Ended.TIMED_OUT
    assert time.monotonic() - began < 19
    assert "silent" in fetched.told


def test_an_unknown_destination_is_told_as_what_to_enter(tmp_path: Path) -> None:
    def unknown(_identifier: Dataset, _event: Any) -> Given:
        yield None, None

    with pytest.raises(SourceRefusedError, match="enter our AE title"):
        fetch(Scripted(move=unknown), Folder(tmp_path), retrieve=Retrieve.MOVE)


def test_a_pacs_without_c_get_is_moved_from_or_refused(tmp_path: Path) -> None:
    def nothing(_identifier: Dataset, _event: Any) -> Given:
        yield "127.0.0.1", 1, {"contexts": []}
        yield 0

    with pytest.raises(NotOfferedError):
        fetch(Scripted(move=nothing), Folder(tmp_path), retrieve=Retrieve.GET)
    pacs = Scripted(move=nothing, find=lambda _identifier, _event: iter(()))
    fetch(pacs, Folder(tmp_path), retrieve=Retrieve.AUTO)
    assert len(pacs.requests) == 1


class Full(Folder):
    """A landing whose disk is full after a few bytes."""

    @contextmanager
    def store(self, sop_uid: str) -> Iterator[Any]:
        with super().store(sop_uid) as sink:
            yield _Small(sink)


class _Small:
    def __init__(self, sink: Any) -> None:
        self._sink, self._left = sink, 1000

    def write(self, block: bytes) -> None:
        self._left -= len(block)
        if self._left < 0:
            raise OSError(errno.ENOSPC, "no space")
        self._sink.write(block)


def test_a_full_disk_is_ours_and_ends_the_retrieval(tmp_path: Path) -> None:
    landed, cancelled = Full(tmp_path), []

    def get(_identifier: Dataset, event: Any) -> Given:
        yield 200
        for number in range(1, 201):
            if event.is_cancelled:
                cancelled.append(number)
                yield 0xFE00, None
                return
            yield 0xFF00, with_meta(image(1, number=number, pixels=bytes(5000)))

    with pytest.raises(DiskFullError):
        fetch(Scripted(get=get), landed)
    assert cancelled
    assert not landed.files()
    assert not landed.left_over()


def test_every_class_is_offered_in_every_syntax_within_the_limit() -> None:
    parts = list(groups((*IMAGES, *OTHERS)))
    assert sorted(one for part in parts for one in part) == sorted((*IMAGES, *OTHERS))
    for part in parts:
        contexts = contexts_for(part)
        assert len(contexts) < MOST_CONTEXTS
        assert all(len(context.transfer_syntax) == 1 for context in contexts)
    offered = {context.transfer_syntax[0] for context in contexts_for((MG,))}
    assert offered == set(IMAGE_SYNTAXES)
    assert len(contexts_for_unknown()) < MOST_CONTEXTS
