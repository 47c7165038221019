"""What an administrator is told when a PACS cannot be reached, or will not have us."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import AE

from flows.errors import SettingsError, SourceAwayError, SourceRefusedError
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Peer, Retrieve, Tls
from flows.sources.network.question import MODEL
from flows.sources.source import Query
from tests.flows.sources.certificates import Certificates
from tests.flows.sources.peers import HOST, OURS, PATIENCE, Folder, Go, image, uid
from tests.flows.sources.scripted import Scripted, answer, objects
from tests.servers import free_ports

QUERY = Query((date(2026, 1, 1), date(2026, 1, 2)))


def find(peer: Peer) -> list[Any]:
    return list(Pacs(peer).find(QUERY, Go()))


def require_called(entity: AE) -> None:
    entity.require_called_aet = True


def require_calling(entity: AE) -> None:
    entity.require_calling_aet = ["SOMEBODY"]


def few(entity: AE) -> None:
    entity.maximum_associations = 1


def test_a_wrong_called_title_is_told() -> None:
    with (
        Scripted(set_up=require_called).running() as pacs,
        pytest.raises(SourceRefusedError, match=r"another AE title .* source 1, reason 7"),
    ):
        find(replace(pacs.peer(), ae_title="WRONG"))


def test_an_unknown_calling_title_is_told() -> None:
    with (
        Scripted(set_up=require_calling).running() as pacs,
        pytest.raises(SourceRefusedError, match="does not know our AE title"),
    ):
        find(pacs.peer())


def test_a_pacs_without_a_free_place_is_tried_again_later() -> None:
    with Scripted(set_up=few).running() as pacs:
        entity = AE("OTHER")
        entity.add_requested_context("1.2.840.10008.1.1")
        first = entity.associate(HOST, pacs.port, ae_title="BADPACS")
        with pytest.raises(SourceAwayError, match="as many associations as it allows"):
            find(pacs.peer())
        first.release()


def test_a_pacs_that_offers_no_query_is_told() -> None:
    def without(entity: AE) -> None:
        entity.remove_supported_context(MODEL)

    with (
        Scripted(set_up=without).running() as pacs,
        pytest.raises(SourceRefusedError, match="query and retrieve rights"),
    ):
        find(pacs.peer())


def test_a_title_that_is_none_is_our_own_fault() -> None:
    with pytest.raises(SettingsError):
        find(Peer("PACS", HOST, 1, "MUCH-TOO-LONG-A-TITLE"))


def test_a_port_without_a_listener_is_told() -> None:
    (port,) = free_ports(1)
    with pytest.raises(SourceAwayError, match="nothing listens"):
        find(Peer("PACS", HOST, port, OURS, patience=PATIENCE))


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(SourceAwayError, match="name"):
        find(Peer("PACS", "no-such-host.invalid", 104, OURS, patience=PATIENCE))


@contextmanager
def listener(answer: bytes, *, drip: bool = False) -> Iterator[int]:
    """Take connections and send a few bytes, all at once or for ever one by one."""
    with socket.create_server((HOST, 0)) as server:
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(answer)
                    while not over.wait(0.5):
                        if drip:
                            try:
                                connection.sendall(b"\0")
                            except OSError:
                                break

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("said", "drip"),
    [
        (b"", False),
        (b"\x02\x00\x00\x00", False),  # half a head of a PDU
        (b"\x02\x00\x00\x00\x10\x00" + bytes(9), False),  # an A-ASSOCIATE-AC that does not end
        (b"\x02\x00\x00\x00\x10\x00", True),  # ... and trickles
        (b"\x02\x00\xff\xff\xff\xff", True),  # 4 GiB are announced
    ],
)
def test_a_service_that_says_nothing_whole_is_given_up(said: bytes, *, drip: bool) -> None:
    quick = replace(PATIENCE, connect=1, acse=2, network=2)
    began, threads = time.monotonic(), threading.active_count()
    with listener(said, drip=drip) as port:
        with pytest.raises(SourceAwayError):
            find(Peer("PACS", HOST, port, OURS, patience=quick))
        assert time.monotonic() - began < 15
        until = time.monotonic() + 10
        while threading.active_count() > threads + 1 and time.monotonic() < until:
            time.sleep(0.1)
    assert threading.active_count() <= threads


def test_an_answer_that_is_no_dicom_is_told() -> None:
    with listener(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, pytest.raises(SourceAwayError):
        find(Peer("PACS", HOST, port, OURS, patience=PATIENCE))


def test_tls_with_both_certificates(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    with Scripted(get=objects(image(1)), tls=made.server()).running() as pacs:
        peer = pacs.peer(tls=made.tls("client"), retrieve=Retrieve.GET)
        landed = Folder(tmp_path / "landed")
        assert Pacs(peer).fetch(uid(1), None, landed, Go()).completed == 1
        assert next(iter(Pacs(peer).prove())).told.endswith("over TLS")
        with pytest.raises(SourceAwayError, match="certificate"):
            find(replace(peer, tls=Tls(made.ca, *made.pair("stranger"))))
        with pytest.raises(SourceRefusedError, match="certificate is not accepted"):
            find(replace(peer, tls=Tls(made.other_ca, *made.pair("client"))))
        with pytest.raises(SourceRefusedError, match="certificate is not accepted"):
            find(replace(peer, tls=replace(made.tls("client"), name="another.example")))
        with pytest.raises(SourceAwayError, match="TLS"):
            find(replace(peer, tls=None))


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    assert Certificates(tmp_path).tls("client").context().minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_pacs_without_tls_is_told(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    with Scripted().running() as pacs, pytest.raises((SourceRefusedError, SourceAwayError)) as told:
        find(pacs.peer(tls=made.tls("client"), patience=replace(PATIENCE, connect=2)))
    assert "TLS" in str(told.value) or "answer" in str(told.value)


def test_missing_certificates_are_told_without_a_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as told:
        find(Peer("PACS", HOST, 104, OURS, tls=Tls(tmp_path / "none.pem")))
    assert "none.pem" not in str(told.value)


def test_no_more_associations_at_once_than_allowed() -> None:
    def slowly(_identifier: Dataset, _event: Any) -> Iterator[Any]:
        time.sleep(0.3)
        yield answer(StudyInstanceUID=uid(1), StudyDate="20260101", ModalitiesInStudy="MG")

    with Scripted(slowly).running() as pacs:
        peer = pacs.peer(associations=2)
        threads = [threading.Thread(target=find, args=(peer,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pacs.most == 2
        assert len(pacs.questions) == 6


def test_nothing_of_a_patient_is_logged_or_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def named(_identifier: Dataset, _event: Any) -> Iterator[Any]:
        yield answer(
            StudyInstanceUID=uid(1), StudyDate="20260101", ModalitiesInStudy="MG",
            PatientName="Provström^Åsa", PatientID="19570312-9808", AccessionNumber="A77001",
        )  # fmt: skip
        yield 0xA900, None

    caplog.set_level(logging.DEBUG)
    with Scripted(named, get=objects(image(1), image(2))).running() as pacs:
        with pytest.raises(SourceRefusedError) as told:
            find(pacs.peer())
        Pacs(pacs.peer()).fetch(uid(1), None, Folder(tmp_path), Go())
        studies = list(Pacs(pacs.peer()).prove())
    said = caplog.text + "".join(capfd.readouterr()) + str(told.value) + repr(studies)
    assert not [one for one in ("Prov", "19570312", "A77001", uid()) if one in said]
