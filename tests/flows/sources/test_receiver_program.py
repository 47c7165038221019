"""The receiver as a process: how it begins, ends, is killed, and what it needs of memory."""

import hashlib
import json
import os
import resource
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import dcmread

from flows.sources.landed import name
from flows.sources.landing import Landing
from tests.key_service import Authority
from tests.objects import INSTANCE, STUDY, mammogram
from tests.receiving import (
    TITLE,
    associated,
    data,
    dataset_head,
    raw,
    read_unit,
    request,
    send,
    status_of,
    store_command,
)

PEERS = '[[peer]]\nae_title = "PACS"\naddresses = ["127.0.0.0/8"]\nnote = "a test"\n'
PATIENCE_SECONDS = 30


def environment(folder, **changes):
    peers = folder / "peers.toml"
    if not peers.exists():
        peers.write_text(PEERS)
    values = {
        "PORT": "0",
        "AE_TITLE": TITLE,
        "PEERS": str(peers),
        "LANDING": str(folder / "landing"),
        "ROOM_BYTES": "0",
        "STATUS_SECONDS": "0.1",
        "STOP_SECONDS": "10",
    } | changes
    kept = {one: os.environ[one] for one in ("PATH", "HOME") if one in os.environ}
    return kept | {f"MAMMO_RECEIVER_{key}": value for key, value in values.items()}


@contextmanager
def program(folder, **changes):
    """Run it; give the process and its address."""
    status = folder / "landing" / "receiver.json"
    status.unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "flows.sources.receiver"],
        env=environment(folder, **changes),
        cwd=Path(__file__).parents[3],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not status.exists():
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process, ("127.0.0.1", json.loads(status.read_text())["port"])
        finally:
            process.kill()


def said(folder):
    return json.loads((folder / "landing" / "receiver.json").read_text())


def ends(process):
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, log


def test_it_counts_what_it_did_and_names_nobody(tmp_path):
    with program(tmp_path) as (process, address):
        assert send(address, mammogram(), mammogram(SOPInstanceUID="1.9")) == [0, 0]
        with associated(address, called="WRONG") as association:
            assert association.is_rejected
        code, log = ends(process)
    assert code == 0
    told = said(tmp_path)
    assert (told["running"], told["objects"], told["associations_open"]) == (False, 2, 0)
    assert told["ends"] == {"released": 1, "unknown_title": 1}
    assert told["bytes"] > 0
    everything = log + json.dumps(told)
    for secret in ("PACS", "WRONG", STUDY, "127.0.0.1", name(STUDY), "Provström"):
        assert secret not in everything
    assert all(json.loads(line)["event"] for line in log.splitlines())


def test_an_object_under_way_is_finished_when_it_is_told_to_end(tmp_path):
    with program(tmp_path) as (process, address), raw(address) as peer:
        peer.sendall(data(store_command("1.2.3"), 3) + data(dataset_head("1.2.3", STUDY), 0))
        _wait(lambda: list(tmp_path.rglob("*.partial")))
        with raw(address) as idle:
            process.send_signal(signal.SIGTERM)
            assert read_unit(idle)[0] == 7  # A-ABORT: it waited between two objects
        peer.sendall(data(b"x" * 1000, 2))
        assert status_of(read_unit(peer)[1]) == 0x0000
        assert read_unit(peer)[0] == 7
        assert process.wait(PATIENCE_SECONDS) == 0
    (study,) = Landing(tmp_path / "landing").studies()
    assert study.has("1.2.3")


def test_who_does_not_finish_in_time_is_cut_off(tmp_path):
    with program(tmp_path, STOP_SECONDS="0.3") as (process, address), raw(address) as peer:
        peer.sendall(data(store_command("1.2.3"), 3) + data(dataset_head("1.2.3", STUDY), 0))
        _wait(lambda: list(tmp_path.rglob("*.partial")))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not list(tmp_path.rglob("*.partial"))
    assert not list(tmp_path.rglob("*.dcm"))


def test_what_was_answered_is_whole_after_a_kill(tmp_path):
    objects = [mammogram(SOPInstanceUID=f"{INSTANCE}.{number}") for number in range(200)]
    answered = []
    with program(tmp_path) as (process, address), raw(address) as unfinished:
        head = dataset_head("1.2.3", STUDY)
        unfinished.sendall(data(store_command("1.2.3"), 3) + data(head, 0) + data(head * 100, 0))
        _wait(lambda: list(tmp_path.rglob("*.partial")))
        with associated(address) as association:
            for one in objects:
                if len(answered) == 5:
                    process.kill()
                if getattr(_try(association, one), "Status", None) != 0x0000:
                    break
                answered.append(one)
    assert 5 <= len(answered) < len(objects)
    assert list(tmp_path.rglob("*.partial"))
    with program(tmp_path) as (process, _):
        assert not list(tmp_path.rglob("*.partial"))
    study = Landing(tmp_path / "landing").study(STUDY)
    for one in answered:
        assert dcmread(study.folder / f"{name(one.SOPInstanceUID)}.dcm") == one
    assert len(study.files()) in {len(answered), len(answered) + 1}


def _try(association, ds):
    try:
        return association.send_c_store(ds)
    except RuntimeError:  # it is over
        return None


def _wait(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_large_objects_in_several_associations_take_no_memory(tmp_path):
    block, count, peers = b"x" * 131_000, 800, 3
    with program(tmp_path) as (process, address):
        before = _high_water(process.pid)

        def push(number):
            uid = f"1.2.3.{number}"
            with raw(address) as peer:
                peer.settimeout(120)
                peer.sendall(data(store_command(uid), 3) + data(dataset_head(uid, STUDY), 0))
                unit = data(block, 0)
                for _ in range(count):
                    peer.sendall(unit)
                peer.sendall(data(b"", 2))
                statuses.append(status_of(read_unit(peer)[1]))

        statuses = []
        threads = [threading.Thread(target=push, args=(number,)) for number in range(peers)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert statuses == [0x0000] * peers
        assert _high_water(process.pid) - before < 16  # MB; each object has 105
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.dcm")) > peers * count * len(block)


def test_a_disk_that_takes_no_more_refuses_until_it_does(tmp_path):
    with program(tmp_path) as (process, address):
        with associated(address) as association:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
            assert association.send_c_store(mammogram()).Status == 0xA700
            assert not [*tmp_path.rglob("*.dcm"), *tmp_path.rglob("*.partial")]
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
            assert association.send_c_store(mammogram()).Status == 0x0000
        ends(process)
    assert said(tmp_path)["answers"] == {"out_of_room": 1, "success": 1}


def _high_water(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _client(authority, issued):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.check_hostname = False
    if issued:
        context.load_cert_chain(*issued)
    return {"tls_args": (context, None)}


def _fingerprint(certificate):
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return f'certificate = "{hashlib.sha256(der).hexdigest()}"\n'


def test_with_tls_only_a_certified_peer_gets_in(tmp_path):
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    certificate, key = ours.issue("region")
    pacs, other, stranger = ours.issue("pacs"), ours.issue("other"), theirs.issue("stranger")
    (tmp_path / "peers.toml").write_text(PEERS + _fingerprint(pacs[0]))
    files = {"CERTIFICATE": certificate, "PRIVATE_KEY": key, "CA": ours.certificate}
    with program(tmp_path, **{f"TLS_{one}": str(path) for one, path in files.items()}) as (
        process,
        address,
    ):
        assert send(address, mammogram(), **_client(ours, pacs)) == [0x0000]
        with associated(address, **_client(ours, other)) as association:
            assert association.is_rejected  # of the right authority, but not the PACS's own
        for issued in (stranger, None):
            with associated(address, **_client(ours, issued)) as association:
                assert not association.is_established
        with raw(address, opened=False) as plain:
            plain.sendall(request())
            assert read_unit(plain)[0] != 2  # A-ASSOCIATE-AC
        _wait(lambda: said(tmp_path)["ends"].get("no_tls", 0) == 3)
        assert ends(process)[0] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AE_TITLE": "FAR TOO LONG A TITLE"}, "MAMMO_RECEIVER_AE_TITLE"),
        ({"PEERS": "/nowhere"}, "MAMMO_RECEIVER_PEERS"),
        ({"TLS_CA": "/nowhere"}, "all three"),
        ({"HOST": "203.0.113.9"}, "MAMMO_RECEIVER_HOST"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, changes, words):
    done = subprocess.run(
        [sys.executable, "-m", "flows.sources.receiver"],
        env=environment(tmp_path, **changes),
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "FAR TOO" not in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "peer = 1",
        "[[peer]]\nae_title = 'PACS'",
        "[[peer]]\nae_title = 'PACS'\naddresses = ['10.0.0.1/8']",
        "[[peer]]\nae_title = 'A\\\\B'\naddresses = ['10.0.0.1']",
        "[[peer]]\nae_title = 'PACS'\naddresses = ['10.0.0.1']\nadress = 1",
        "not toml",
    ],
)
def test_a_peers_file_that_is_wrong_lets_nobody_in(tmp_path, text):
    from flows.errors import SettingsError
    from flows.sources.receiver.peers import read_peers

    (tmp_path / "peers.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_peers(tmp_path / "peers.toml")
    assert "10.0.0" not in str(caught.value)
