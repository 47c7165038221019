"""What pynetdicom sends is received whole, untouched, and by the rules."""

import hashlib
import io
import threading

import pytest
from pydicom import dcmread, uid
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from flows.sources.landed import name
from flows.sources.receiver import syntaxes
from flows.sources.receiver.incoming import ObjectLimits
from flows.sources.receiver.peers import Peers
from tests.objects import INSTANCE, STUDY, mammogram
from tests.receiving import MAMMOGRAM, associated, running, send

COMPRESSED = [
    uid.JPEGBaseline8Bit,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.RLELossless,
    uid.HTJ2KLossless,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.ImplicitVRLittleEndian,
]
CLASSES = [
    MAMMOGRAM,
    "1.2.840.10008.5.1.4.1.1.1.2.1",  # for processing
    "1.2.840.10008.5.1.4.1.1.13.1.3",  # breast tomosynthesis
    "1.2.840.10008.5.1.4.1.1.13.1.4",  # breast projections
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
    "1.2.840.10008.5.1.4.1.1.88.50",  # mammography CAD SR
    "1.2.840.10008.5.1.4.1.1.88.59",  # key objects
    "1.2.840.10008.5.1.4.1.1.11.1",  # presentation state
    "1.2.840.10008.5.1.4.1.1.66",  # raw data
    "1.2.840.10008.5.1.4.1.1.6.1",  # ultrasound
    "1.2.840.10008.5.1.4.1.1.104.1",  # PDF
]


@pytest.fixture
def here(tmp_path):
    with running(tmp_path / "landing") as one:
        yield one


def encoded(ds, *, implicit=False):
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, implicit
    write_dataset(buffer, ds)
    return buffer.getvalue()


def test_an_object_lies_in_its_study_byte_for_byte(here):
    ds = mammogram()
    assert send(here.address, ds) == [0x0000]
    (path,) = here.received()
    assert path == here.landing.root / "received" / name(STUDY) / f"{name(INSTANCE)}.dcm"
    data = path.read_bytes()
    assert data.endswith(encoded(ds))
    read = dcmread(io.BytesIO(data))
    assert read == ds
    meta = read.file_meta
    assert meta.MediaStorageSOPInstanceUID == INSTANCE
    assert meta.MediaStorageSOPClassUID == ds.SOPClassUID
    assert meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID
    assert meta.FileMetaInformationGroupLength == len(data) - len(encoded(ds)) - 128 - 4 - 12


def test_our_file_meta_says_nothing_of_who_sent_it(here):
    for title in ("PACS", "MODALITY"):
        with associated(here.address, calling=title) as association:
            assert association.send_c_store(mammogram()).Status == 0x0000
    (path,) = here.received()
    assert "SourceApplicationEntityTitle" not in dcmread(path).file_meta


@pytest.mark.parametrize("abstract", CLASSES)
def test_every_class_in_every_compressed_syntax_is_accepted_alone(here, abstract):
    for transfer in COMPRESSED:
        with associated(here.address, abstract, (transfer,)) as association:
            contexts = {one.abstract_syntax: one for one in association.accepted_contexts}
            assert contexts[abstract].transfer_syntax == [transfer]


def test_what_a_peer_names_first_is_chosen_so_that_it_need_not_transcode(here):
    offered = (uid.JPEGLSLossless, uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)
    with associated(here.address, MAMMOGRAM, offered) as association:
        assert association.accepted_contexts[0].transfer_syntax == [uid.JPEGLSLossless]


@pytest.mark.parametrize(
    ("abstract", "transfer", "result"),
    [
        ("1.2.840.10008.5.1.4.1.2.2.1", uid.ImplicitVRLittleEndian, 3),  # a query, not storage
        ("1.2.3.4.5", uid.ImplicitVRLittleEndian, 3),
        (MAMMOGRAM, "1.2.840.10008.1.2.4.94", 4),  # pixels stay with the peer
        (MAMMOGRAM, "1.2.3.4", 4),
    ],
)
def test_what_is_no_object_is_not_accepted(here, abstract, transfer, result):
    with associated(here.address, abstract, (transfer,)) as association:
        (rejected,) = association.rejected_contexts
        assert rejected.result == result


def test_a_makers_class_is_taken_where_it_is_named(tmp_path):
    with (
        running(tmp_path / "landing", private=("1.2.3.4.5",)) as here,
        associated(here.address, "1.2.3.4.5") as association,
    ):
        assert len(association.accepted_contexts) == 2


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_uids_are_found_in_other_encodings(here, syntax):
    ds = mammogram()
    if syntax == uid.ExplicitVRBigEndian:
        ds.PixelData = b"\0" * len(ds.PixelData)
    ds.file_meta.TransferSyntaxUID = syntax
    plain = dcmread(io.BytesIO(_file(ds, syntax)))
    assert send(here.address, plain) == [0x0000]
    assert dcmread(here.received()[0]).SOPInstanceUID == INSTANCE


def _file(ds, syntax):
    buffer = io.BytesIO()
    ds.save_as(
        buffer,
        implicit_vr=syntax == uid.ImplicitVRLittleEndian,
        little_endian=syntax != uid.ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    buffer.seek(0)
    return buffer.getvalue()


def test_echo(here):
    with associated(here.address) as association:
        assert association.send_c_echo().Status == 0x0000


def test_one_association_many_objects_and_the_same_ones_again(here):
    objects = [mammogram(SOPInstanceUID=f"{INSTANCE}.{number}") for number in range(12)]
    for one in objects:
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    assert send(here.address, *objects, *objects) == [0x0000] * 24
    assert len(here.received()) == 12
    told = here.terms.counters.told()
    assert (told["objects"], told["ends"]) == (24, {"released": 1})


def test_the_same_uid_with_other_bytes_is_kept_beside(here):
    assert send(here.address, mammogram(), mammogram(view="rcc")) == [0x0000] * 2
    assert len(here.received()) == 2
    assert len({hashlib.sha256(path.read_bytes()).digest() for path in here.received()}) == 2


def test_two_peers_send_the_same_objects_at_once(here):
    objects = [mammogram(SOPInstanceUID=f"{INSTANCE}.{number}") for number in range(8)]
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(send(here.address, *objects)))
        for _ in range(3)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [[0x0000] * 8] * 3
    assert len(here.received()) == 8


def test_an_unknown_caller_an_unknown_place_and_a_wrong_title_are_rejected(tmp_path):
    known = Peers.model_validate({"peer": [{"ae_title": "PACS", "addresses": ["127.0.0.1"]}]})
    afar = Peers.model_validate({"peer": [{"ae_title": "PACS", "addresses": ["10.0.0.0/8"]}]})
    cases = [(known, "OTHER", "REGION"), (afar, "PACS", "REGION"), (known, "PACS", "REG")]
    assert [_rejected(tmp_path, *case) for case in cases] == [(1, 1, 3), (1, 1, 3), (1, 1, 7)]
    assert _rejected(tmp_path, known, "PACS", "REGION") is None


def _rejected(tmp_path, peers, calling, called):
    from pynetdicom import AE

    with running(tmp_path / "landing", admits=peers.admits) as here:
        entity = AE(calling)
        entity.add_requested_context(syntaxes.VERIFICATION)
        association = entity.associate(*here.address, ae_title=called)
        if association.is_rejected:
            answer = association.acceptor.primitive
            return answer.result, answer.result_source, answer.diagnostic
        association.release()
        return None


def test_one_association_too_many_is_told_to_come_later(tmp_path):
    with running(tmp_path / "landing", slots=1) as here:
        with associated(here.address) as first, associated(here.address) as second:
            assert first.is_established
            assert second.is_rejected
            answer = second.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
        with associated(here.address) as third:
            assert third.is_established


def test_little_room_refuses_before_the_disk_is_full(tmp_path):
    limits = ObjectLimits(1 << 30, 60.0, 1 << 60)
    with running(tmp_path / "landing", limits=limits) as here:
        assert send(here.address, mammogram(), mammogram()) == [0xA700] * 2
        assert not list(tmp_path.rglob("*.dcm"))
        assert not list(tmp_path.rglob("*.partial"))


def test_too_large_an_object_is_refused_and_the_next_is_taken(tmp_path):
    small = mammogram(SOPInstanceUID=f"{INSTANCE}.9")
    small.PixelData = small.PixelData[:1000]
    limits = ObjectLimits(90_000, 60.0, 0)
    with running(tmp_path / "landing", limits=limits) as here:
        assert send(here.address, mammogram(), small) == [0xC001, 0x0000]
        assert [path.stem for path in here.received()] == [name(f"{INSTANCE}.9")]
        assert not list(tmp_path.rglob("*.partial"))


def test_a_landing_that_cannot_be_written_refuses(tmp_path):
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "received").write_text("in the way")
    with running(tmp_path / "landing") as here:
        assert send(here.address, mammogram()) == [0xA700]
