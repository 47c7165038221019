"""Deflated and big endian originals: converted on their way, and kept as they came."""

import errno
import io
import os
import tempfile
import zlib

import numpy as np
import pytest
from pydicom import dcmread

from catalog.outcome import Outcome
from catalog.publishing.study_rows import clean_key
from deid.errors import Reason, UnreadableError
from deid.pixels.redact import read_again
from deid.source import parse
from flows.errors import DiskFullError
from flows.offline.folder import deidentify_folder, rehearse_folder
from flows.offline.lines import tally
from flows.quarantine.seal import unseal
from flows.sources.converted import Converted
from flows.sources.original import Original
from flows.verify.folder import verify_folder
from tests.deid.pictures import text_reader
from tests.flows.making import counts, put
from tests.foreign_order import big_endian, deflated
from tests.objects import INSTANCE, mammogram, part10

WRITERS = pytest.mark.parametrize("write", [deflated, big_endian])


def of_size(rows: int = 1200, columns: int = 900, **changes):
    rng = np.random.default_rng(4)
    noise = rng.normal(8000, 300, (rows, columns)).clip(0, 65535).astype(np.uint16)
    noise[:, columns // 2 :] = 90
    return mammogram(pixels=noise, **changes)


def clean_of(region, uid: str = INSTANCE) -> bytes:
    (trace,) = region.ledger.by_instance(uid)
    return b"".join(region.clean.get(clean_key(region.publisher._engine, trace.clean_sop_uid)))


def kept(region) -> list[bytes]:
    """Give what the quarantine holds of this region's exports."""
    mine = tuple(export.id for export in region.ledger.exports())
    return [
        b"".join(
            unseal(
                io.BytesIO(b"".join(region.quarantine.get(key))),
                region.keys.quarantine(),
                name=key,
            )
        )
        for key in region.quarantine.keys()  # noqa: SIM118 -- a method of the store
        if key.startswith(mine)
    ]


def bomb(length: int, *, blocks: int) -> bytes:
    """A deflated mammogram whose pixel data says one length, and unpacks to many mebibytes."""
    whole = part10(mammogram())
    packed = deflated(mammogram())
    start, there = (144 + int.from_bytes(data[140:144], "little") for data in (whole, packed))
    pixels = parse(io.BytesIO(whole)).pixels
    packer = zlib.compressobj(1, wbits=-15)
    head = packer.compress(whole[start : pixels.value - 4] + length.to_bytes(4, "little"))
    head += packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)  # alike each time
    return packed[:there] + head + block * blocks + b"\3\0"


@WRITERS
def test_they_are_admitted_with_the_same_pixels(region, ingest, export_folder, write):
    made = of_size()
    expected = made.pixel_array.copy()
    put(export_folder, write(made))
    assert counts(ingest()) == {"ADMITTED": 1}
    clean = dcmread(io.BytesIO(clean_of(region)))
    assert clean.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.array_equal(clean.pixel_array, expected)
    assert [path for path in region.landing.rglob("*") if path.is_file()] == []


@WRITERS
def test_text_burned_into_them_is_blanked(region, ingest, export_folder, write):
    made = of_size(text="Provström Åsa 570312-9808")
    put(export_folder, write(made))
    assert counts(ingest()) == {"ADMITTED": 1}
    clean = io.BytesIO(clean_of(region))
    assert read_again(clean, parse(clean), text_reader()) == ()
    clean.seek(0)
    assert not np.array_equal(dcmread(clean).pixel_array, made.pixel_array)


@WRITERS
def test_the_same_image_in_two_orders_is_one(region, ingest, export_folder, write):
    put(export_folder, part10(mammogram()), write(mammogram()))
    assert counts(ingest()) == {"ADMITTED": 1, "KNOWN": 1}


def test_one_that_is_cut_short_is_unreadable_and_kept_as_it_came(region, ingest, export_folder):
    data = deflated(of_size())[:-3000]
    put(export_folder, data, part10(mammogram(SOPInstanceUID=f"{INSTANCE}.9")))
    assert counts(ingest()) == {"ADMITTED": 1, "UNREADABLE": 1}
    assert data in kept(region)


def test_a_suspect_one_is_kept_as_it_came(region, ingest, export_folder):
    data = big_endian(of_size(BitsAllocated=16, BitsStored=16, HighBit=3))
    put(export_folder, data)
    assert counts(ingest()) == {"SUSPECT": 1}
    assert data in kept(region)


def test_the_ledger_knows_the_size_it_came_in(region, ingest, export_folder):
    data = deflated(of_size())
    put(export_folder, data)
    ingest()
    (export,) = region.ledger.exports()
    (item,) = region.ledger.items(export.id, 1)
    assert item.size == len(data)


@pytest.mark.parametrize("length", [0xFFFFFFF0, 256 * 192 * 2])
def test_a_bomb_fills_no_disk(tmp_path, monkeypatch, length):
    data = bomb(length, blocks=10 << 10)  # ten gibibytes
    assert len(data) < 64 << 20
    path = tmp_path / "bomb"
    path.write_bytes(data)
    written = []
    genuine = Converted.fill
    monkeypatch.setattr(
        Converted, "fill", lambda self, end: written.append(end) or genuine(self, end)
    )
    with Original(path, tmp_path) as file:
        if length > len(data):
            with pytest.raises(UnreadableError) as caught:
                parse(file.reader)
            assert caught.value.reason is Reason.BOMB
        else:
            assert parse(file.reader).pixels is not None
    assert max(written, default=0) < 1 << 18


def test_a_bomb_ends_unreadable(ingest, export_folder):
    put(export_folder, bomb(0xFFFFFFF0, blocks=64))
    assert counts(ingest()) == {"UNREADABLE": 1}


def test_the_limit_of_the_region_holds(tmp_path):
    path = tmp_path / "one"
    path.write_bytes(big_endian(of_size()))
    with Original(path, tmp_path, limit=1 << 20) as file, pytest.raises(UnreadableError):
        parse(file.reader)


def test_a_full_disk_is_worth_another_try(tmp_path, monkeypatch):
    path = tmp_path / "one"
    path.write_bytes(deflated(of_size()))

    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    with Original(path, tmp_path) as file, pytest.raises(DiskFullError) as caught:
        parse(file.reader)
    assert str(path) not in str(caught.value)


@WRITERS
def test_no_name_and_nobody_else_may_open_it(tmp_path, write, monkeypatch):
    path = tmp_path / "one"
    path.write_bytes(write(of_size()))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    held = []
    genuine = tempfile.TemporaryFile

    def seen(**options):
        held.append(genuine(**options))
        return held[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", seen)
    with Original(path, scratch) as file:
        parse(file.reader)
        (made,) = held
        state = os.fstat(made.fileno())
        assert (state.st_nlink, state.st_mode & 0o777) == (0, 0o600)
        assert state.st_dev == scratch.stat().st_dev
        assert state.st_size > 1 << 20
        assert list(scratch.iterdir()) == []
        assert file.stamp[2] == path.stat().st_size
    assert made.closed


@WRITERS
def test_for_a_header_nothing_is_written_and_little_unpacked(tmp_path, write, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", None)
    path = tmp_path / "one"
    path.write_bytes(write(of_size()))
    filled = []
    genuine = Converted.fill
    monkeypatch.setattr(
        Converted, "fill", lambda self, end: filled.append(end) or genuine(self, end)
    )
    with Original(path) as file:
        parsed = parse(file.reader)
        assert parsed.pixels is not None
        assert max(filled) <= 1 << 17


def test_without_a_folder_no_more_than_headers_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("flows.sources.converted.HEADERS", 1 << 18)
    path = tmp_path / "one"
    path.write_bytes(deflated(of_size()))
    with Original(path) as file:
        pixels = parse(file.reader).pixels
        file.reader.seek(pixels.value)
        with pytest.raises(UnreadableError):
            file.reader.read()


@WRITERS
def test_folders_are_deidentified_rehearsed_and_verified(
    deidentify_with, tmp_path, export_folder, write
):
    put(export_folder, write(of_size(text="Provström Åsa 570312-9808")))
    assert tally(rehearse_folder(export_folder, deidentify_with)) == {Outcome.ADMITTED: 1}
    target = tmp_path / "clean"
    (line,) = deidentify_folder(export_folder, target, deidentify_with)
    assert (line.outcome, line.boxes > 0) == (Outcome.ADMITTED, True)
    seen = verify_folder(target, deidentify_with.profile, against=export_folder)
    assert (seen.originals, seen.unread) == (1, ())


def test_a_finished_object_is_never_converted(deidentify_with, tmp_path, export_folder):
    """What was made here is in no such order; what is, nobody has looked at."""
    put(export_folder, deflated(mammogram()))
    seen = verify_folder(export_folder, deidentify_with.profile)
    assert [(look.seen.value, look.reason) for look in seen.looks] == [
        ("UNREADABLE", Reason.TRANSFER_SYNTAX.value)
    ]


def test_what_needs_no_conversion_is_read_where_it_is(tmp_path):
    path = tmp_path / "one"
    path.write_bytes(part10(mammogram()))
    with Original(path, tmp_path) as file:
        assert file.reader is file.untouched
