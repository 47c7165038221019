"""DCMTK's storescu and dcmsend as the PACS that pushes (Debian: dcmtk)."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydicom import dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from flows.sources.landed import name
from tests.key_service import Authority
from tests.objects import INSTANCE, mammogram
from tests.receiving import TITLE, running

#: What storescu is told to propose for a transfer syntax.
PROPOSED = {
    ImplicitVRLittleEndian: "-xi",
    ExplicitVRLittleEndian: "-xe",
    JPEGLSLossless: "-xt",
    JPEG2000Lossless: "-xv",
    RLELossless: "-xr",
}

for _program in ("storescu", "dcmsend", "dcmconv"):
    if not shutil.which(_program):
        pytest.fail(f"{_program} is missing; install DCMTK", pytrace=False)


@pytest.fixture
def here(tmp_path):
    with running(tmp_path / "landing") as one:
        yield one


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sent").mkdir()
    return tmp_path / "sent"


def write(folder, number=0, syntax=ExplicitVRLittleEndian, **elements):
    ds = mammogram(SOPInstanceUID=f"{INSTANCE}.{number}", syntax=syntax, **elements)
    path = folder / f"{number}.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def say(program, *words, expect=0, **environment):
    done = subprocess.run(
        [program, *map(str, words)],
        env=os.environ | {"TCP_NODELAY": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return done.stderr


def dataset_bytes(path):
    """All after the File Meta Information."""
    meta = read_file_meta_info(path)
    return path.read_bytes()[128 + 4 + 12 + meta.FileMetaInformationGroupLength :]


@pytest.mark.parametrize("syntax", PROPOSED)
@pytest.mark.parametrize("combined", [(), ("+C",)], ids=["apart", "combined"])
def test_storescu_in_every_syntax_it_can_propose(here, folder, syntax, combined):
    path = write(folder, syntax=syntax)
    host, port = here.address
    say("storescu", PROPOSED[syntax], *combined, "-aec", TITLE, host, port, path)
    (received,) = here.received()
    assert dcmread(received).file_meta.TransferSyntaxUID == syntax
    assert dcmread(received) == dcmread(path)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_dcmsend_need_not_decompress(here, folder, syntax):
    path = write(folder, syntax=syntax)
    host, port = here.address
    say("dcmsend", "-aec", TITLE, host, port, path)
    (received,) = here.received()
    assert dcmread(received).file_meta.TransferSyntaxUID == syntax
    assert dcmread(received).PixelData == dcmread(path).PixelData


@pytest.mark.parametrize(
    ("option", "proposed", "syntax"),
    [("+td", "-xd", DeflatedExplicitVRLittleEndian), ("+tb", "-xb", ExplicitVRBigEndian)],
)
def test_what_dcmtk_itself_encoded(here, folder, option, proposed, syntax):
    path = folder / "converted"
    say("dcmconv", option, write(folder), path)
    host, port = here.address
    say("storescu", proposed, "-R", "-aec", TITLE, host, port, path)
    (received,) = here.received()
    assert dcmread(received).file_meta.TransferSyntaxUID == syntax
    assert received.name == f"{name(f'{INSTANCE}.0')}.dcm"
    assert dcmread(received) == dcmread(path)


@pytest.mark.parametrize("pdu", [4096, 16384, 131072])
def test_the_dataset_passes_untouched_whatever_the_size_of_its_pieces(here, folder, pdu):
    path = write(folder)
    host, port = here.address
    sizes = ("-pdu", pdu, "--max-send-pdu", pdu)
    say("storescu", *sizes, "-aec", TITLE, host, port, path)
    (received,) = here.received()
    ours, theirs = dataset_bytes(received), dataset_bytes(path)
    assert dcmread(received) == dcmread(path)
    # storescu leaves out group lengths and padding; else the bytes are the same.
    assert ours == theirs


def test_dcmsend_sends_a_folder_over_several_associations_at_once(here, folder):
    for number in range(20):
        write(folder, number)
    host, port = here.address
    words = ("-aec", TITLE, "+sd", host, port, folder)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _number: say("dcmsend", *words), range(3)))
    assert len(here.received()) == 20
    told = here.terms.counters.told()
    assert (told["objects"], told["associations_open"]) == (60, 0)


def test_a_sender_is_told_that_there_is_no_room(tmp_path, folder):
    from flows.sources.receiver.incoming import ObjectLimits

    with running(tmp_path / "landing", limits=ObjectLimits(1 << 30, 60, 1 << 60)) as here:
        host, port = here.address
        said = say("storescu", "-v", "-aec", TITLE, host, port, write(folder), expect=0xA7)
        assert "Refused: OutOfResources" in said
        assert here.received() == []


def test_a_sender_that_aborts_instead_of_releasing_keeps_what_was_answered(here, folder):
    host, port = here.address
    say("storescu", "--abort", "-aec", TITLE, host, port, write(folder))
    assert len(here.received()) == 1


def test_bandwidth_is_kept(tmp_path, folder):
    import time

    from flows.sources.limits import Bandwidth

    paths = [write(folder, number) for number in range(10)]
    sent = sum(path.stat().st_size for path in paths)
    with running(tmp_path / "landing", bandwidth=Bandwidth(sent / 2)) as here:
        host, port = here.address
        begun = time.monotonic()
        say("storescu", "-aec", TITLE, host, port, *paths)
        # Two seconds' worth, of which a quarter second's may come at once.
        assert time.monotonic() - begun > 1.6
        assert len(here.received()) == 10


def test_tls_both_ways(tmp_path, folder):
    import ssl

    ours = Authority(tmp_path, "ours")
    (certificate, key), (own, own_key) = ours.issue("region"), ours.issue("pacs")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ours.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with running(tmp_path / "landing", tls=context) as here:
        host, port = here.address
        secured = ("+tls", own_key, own, "+cf", ours.certificate)
        say("storescu", *secured, "-aec", TITLE, host, port, write(folder))
        assert len(here.received()) == 1
