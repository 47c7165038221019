"""Bytes that no honest peer sends: nothing of them stays, and the receiver serves the next."""

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.sources.landed import name
from flows.sources.receiver.commands import parse_command
from flows.sources.receiver.errors import AssociationError, Reason
from flows.sources.receiver.head import BrokenHeadError, Head, find
from flows.sources.receiver.incoming import ObjectLimits
from flows.sources.receiver.negotiation import parse_request
from flows.sources.receiver.syntaxes import Encoding
from flows.sources.receiver.wire import Kind, unit
from tests.objects import mammogram
from tests.receiving import (
    cut_off,
    data,
    dataset_head,
    raw,
    read_unit,
    request,
    running,
    send,
    status_of,
    store_command,
)

UID, STUDY = "1.2.3.4", "1.2.3"


@pytest.fixture
def here(tmp_path):
    with running(tmp_path / "landing") as one:
        yield one
        assert send(one.address, mammogram()) == [0x0000]
    assert not list(tmp_path.rglob("*.partial"))


def ended(here, reason):
    """Wait until a connection has ended so."""
    for _ in range(200):
        if here.terms.counters.told()["ends"].get(reason.name.lower()):
            return True
        time.sleep(0.05)
    return False


def odd_files(here):
    return [path.name for path in (here.landing.root / "odd").rglob("*.dcm")]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (dataset_head("9.9.9", STUDY), 0xA900),
        (dataset_head("", STUDY), 0xC000),
        (dataset_head(UID, ""), 0xC000),
        (dataset_head(UID, "../../../etc"), 0xC000),
        (dataset_head(UID, "1." * 40), 0xC000),
        (b"\xff" * 4000, 0xC000),
        (b"", 0xC000),
        (b"\x08\0\x18\0UI\xff\xff", 0xC000),
    ],
)
def test_what_is_not_as_announced_is_kept_apart(here, head, status):
    with raw(here.address) as peer:
        peer.sendall(data(store_command(UID), 3) + data(head, 0) + data(b"", 2))
        kind, body = read_unit(peer)
    assert (kind, status_of(body)) == (Kind.DATA, status)
    assert here.received() == []
    assert odd_files(here) == [f"apart-{name(UID)}.dcm"]
    (path,) = here.landing.odd(UID, "PACS").files()
    assert path.read_bytes().endswith(head)


@pytest.mark.parametrize("uid", ["../../x", "/etc/passwd", "1.2\\3", "ä" * 60, "", "9" * 3000])
def test_a_uid_that_is_a_path_is_only_a_digest(here, tmp_path, uid):
    with raw(here.address) as peer:
        peer.sendall(data(store_command(uid), 3) + data(dataset_head(uid[:60], STUDY), 2))
        assert status_of(read_unit(peer)[1]) in {0xA900, 0xC000}
    assert len(odd_files(here)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"landing"}


def test_a_class_other_than_the_contexts_is_kept_apart(here):
    other = store_command(UID, "1.2.840.10008.5.1.4.1.1.7")
    with raw(here.address) as peer:
        peer.sendall(data(other, 3) + data(dataset_head(UID, STUDY), 2))
        assert status_of(read_unit(peer)[1]) == 0xA900
    assert len(odd_files(here)) == 1


def test_an_object_in_the_smallest_pieces_is_the_same_object(here):
    whole = dataset_head(UID, STUDY) + b"\x20\0\x10\0SH\x04\0abcd"
    with raw(here.address) as peer:
        command = store_command(UID)
        for at in range(len(command)):
            peer.sendall(data(command[at : at + 1], 3 if at == len(command) - 1 else 1))
        for at in range(len(whole)):
            peer.sendall(data(whole[at : at + 1], 0))
        peer.sendall(data(b"", 2))
        assert status_of(read_unit(peer)[1]) == 0x0000
    assert here.received()[0].read_bytes().endswith(whole)


def test_several_objects_at_once_in_one_unit(here):
    values = b"".join(
        struct.pack(">LBB", len(part) + 2, 1, control) + part
        for uid in ("1.5", "1.6", "1.7")
        for part, control in ((store_command(uid), 3), (dataset_head(uid, STUDY), 2))
    )
    with raw(here.address) as peer:
        peer.sendall(unit(Kind.DATA, values))
        assert [status_of(read_unit(peer)[1]) for _ in range(3)] == [0x0000] * 3
    assert len(here.received()) == 3


def test_an_object_cut_off_in_the_middle_leaves_nothing(here):
    for end in (unit(Kind.ABORT, bytes(4)), unit(Kind.RELEASE_RQ, bytes(4)), b""):
        with raw(here.address) as peer:
            peer.sendall(data(store_command(UID), 3) + data(dataset_head(UID, STUDY), 0))
            peer.sendall(data(b"x" * 100_000, 0) + end)
    assert ended(here, Reason.ABORTED)
    assert ended(here, Reason.RELEASED)
    assert ended(here, Reason.CLOSED)
    assert here.received() == []


@pytest.mark.parametrize(
    "sent",
    [
        unit(Kind.DATA, b"\0\0\0"),
        unit(Kind.DATA, struct.pack(">LBB", 1, 1, 3)),
        unit(Kind.DATA, struct.pack(">LBB", 4000, 1, 3) + b"x"),
        struct.pack(">BxL", Kind.DATA, 131073),
        struct.pack(">BxL", Kind.DATA, 0xFFFFFFFF),
        struct.pack(">BxL", 9, 4),
        struct.pack(">BxL", Kind.ABORT, 70000),
        data(store_command(UID), 3, context=3),
        data(dataset_head(UID, STUDY), 2),
        data(b"\xff" * 100, 3),
        data(b"x" * 60_000, 1),
        data(store_command(UID), 3) + data(store_command(UID), 3),
        request(),
    ],
)
def test_what_is_not_the_protocol_is_aborted(here, sent):
    with raw(here.address) as peer:
        peer.sendall(sent)
        kind, body = read_unit(peer)
    assert (kind, body) == (Kind.ABORT, bytes((0, 0, 2, 6)))
    assert ended(here, Reason.MALFORMED)


def test_a_store_without_a_dataset_stores_nothing(here):
    command = store_command(UID).replace(
        struct.pack("<HHLH", 0, 0x800, 2, 1), struct.pack("<HHLH", 0, 0x800, 2, 0x101)
    )
    with raw(here.address) as peer:
        peer.sendall(data(command, 3))
        assert status_of(read_unit(peer)[1]) == 0xC000
    assert odd_files(here) == []


def test_an_endless_object_ends(tmp_path):
    with running(tmp_path, limits=ObjectLimits(1_000_000, 60.0, 0)) as here:
        with raw(here.address) as peer:
            peer.sendall(data(store_command(UID), 3) + data(dataset_head(UID, STUDY), 0))
            assert cut_off(peer, [data(b"x" * 100_000, 0)] * 200)
        assert ended(here, Reason.ENDLESS)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("opened", [True, False])
def test_who_sends_next_to_nothing_is_left(tmp_path, opened):
    with (
        running(tmp_path, idle_seconds=0.4, negotiation_seconds=0.4) as here,
        raw(here.address, opened=opened) as peer,
    ):
        assert cut_off(peer, (bytes([byte]) for byte in request() * 40), pause=0.05)
        assert ended(here, Reason.TIMED_OUT)


def test_an_object_may_not_take_for_ever(tmp_path):
    with (
        running(tmp_path, limits=ObjectLimits(1 << 30, 0.3, 0)) as here,
        raw(here.address) as peer,
    ):
        peer.sendall(data(store_command(UID), 3) + data(dataset_head(UID, STUDY), 0))
        assert cut_off(peer, [data(b"x", 0)] * 200, pause=0.05)
        assert ended(here, Reason.TIMED_OUT)


def test_a_thousand_connections_leave_room_for_an_honest_one(tmp_path):
    from contextlib import ExitStack

    with running(tmp_path, slots=2, connections=4, negotiation_seconds=1) as here:
        with ExitStack() as open_ones:
            for _ in range(1000):
                open_ones.enter_context(raw(here.address, opened=False))
            assert ended(here, Reason.CROWDED)
        assert ended(here, Reason.CLOSED) or ended(here, Reason.TIMED_OUT)
        assert send(here.address, mammogram()) == [0x0000]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(Encoding), st.booleans())
def test_any_bytes_are_a_head_or_none(sent, encoding, whole):
    for given_bytes in (sent, dataset_head(UID, STUDY)[:20] + sent):
        try:
            find(given_bytes, encoding, whole=whole)
        except BrokenHeadError:
            continue


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200), st.binary(max_size=3))
def test_any_bytes_are_a_request_and_a_command_or_none(sent, at, patch):
    changed = bytearray(request()[6:])
    changed[at : at + len(patch)] = patch
    for parse, body in (
        (parse_request, memoryview(sent)),
        (parse_request, memoryview(bytes(changed))),
        (parse_command, sent),
    ):
        try:
            parse(body)
        except AssociationError:
            continue


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_end_an_association_and_no_more(tmp_path_factory, sent):
    with running(tmp_path_factory.mktemp("landing"), idle_seconds=2) as here:
        with raw(here.address) as peer:
            peer.sendall(sent)
        assert send(here.address, mammogram()) == [0x0000]
        assert "fault" not in here.terms.counters.told()["ends"]


def test_a_deflated_bomb_fills_no_memory():
    import zlib

    packer = zlib.compressobj(wbits=-15)
    bomb = packer.compress(bytes(64 << 20)) + packer.flush()
    head = Head(Encoding.DEFLATED)
    with pytest.raises(BrokenHeadError):
        head.add(memoryview(bomb))
    assert len(head._plain) <= 4 << 20


def test_sequences_before_the_uids_are_passed_over():
    inner = dataset_head("6.6.6", "7.7.7")
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF) + inner
    item += struct.pack("<HHL", 0xFFFE, 0xE00D, 0)
    opened = struct.pack("<HH2sxxL", 0x10, 0x1002, b"SQ", 0xFFFFFFFF) + item
    opened += struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    head = dataset_head(UID, STUDY)
    cut = len(head) - 8 - 6  # before the Study Instance UID
    found = find(head[:cut] + opened + head[cut:], Encoding.EXPLICIT, whole=True)
    assert found is not None
    assert (found.sop_uid, found.study_uid) == (UID, STUDY)


def test_nests_that_are_too_deep_are_broken():
    deep = struct.pack("<HH2sxxL", 0x8, 0x1140, b"SQ", 0xFFFFFFFF)
    deep += struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    with pytest.raises(BrokenHeadError):
        find(deep * 1000, Encoding.EXPLICIT)
