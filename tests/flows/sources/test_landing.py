"""What lies in the landing is whole, is never overwritten, and goes to one export."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flows.errors import DiskFullError
from flows.sources import placing
from flows.sources.landed import name
from flows.sources.landing import Landing

STUDY, OBJECT = "1.2.3", "1.2.3.4"


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "landing")


def put(study, sop_uid, data):
    with study.store(sop_uid) as sink:
        sink.write(data[:3])
        sink.write(data[3:])


def test_an_object_is_there_only_when_it_is_whole(landing):
    study = landing.study(STUDY)
    with study.store(OBJECT) as sink:
        sink.write(b"half")
        assert study.files() == ()
        assert not study.has(OBJECT)
        assert list(landing.studies()) == []
    (path,) = study.files()
    assert path == landing.root / "received" / name(STUDY) / f"{name(OBJECT)}.dcm"
    assert path.read_bytes() == b"half"
    assert study.has(OBJECT)
    assert study.names() == {name(OBJECT)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_nlink == 1


def test_an_error_leaves_nothing(landing):
    study = landing.study(STUDY)
    storing = study.store(OBJECT)
    storing.__enter__().write(b"half")
    assert len(list(study.folder.iterdir())) == 1
    assert not storing.__exit__(KeyError, KeyError(), None)
    assert list(study.folder.iterdir()) == []


def test_the_same_bytes_are_kept_once_and_others_beside(landing):
    study = landing.study(STUDY)
    for data in (b"one....", b"one....", b"other..", b"one....", b"longer......", b"other.."):
        put(study, OBJECT, data)
    assert sorted(path.read_bytes() for path in study.files()) == [
        b"longer......",
        b"one....",
        b"other..",
    ]
    assert study.names() == {name(OBJECT)}


def test_the_thousandth_of_one_name_costs_no_more_than_the_second(landing, monkeypatch):
    """A thousand tiny objects of one UID took the receiver half a minute, a second thousand two."""
    study, compared = landing.study(STUDY), []
    same = placing._same
    monkeypatch.setattr(placing, "_same", lambda *two: compared.append(1) or same(*two))
    for number in range(20):
        put(study, OBJECT, bytes([number]))
    assert (len(study.files()), len(compared)) == (20, 19)


@pytest.mark.parametrize("uid", ["../../etc/passwd", "/etc/passwd", "", "a" * 500, "1.2\0.3", "."])
def test_no_uid_leads_out_of_the_landing(landing, uid):
    put(landing.study(uid), uid, b"bytes")
    (study,) = landing.studies()
    assert study.folder.parent == landing.root / "received"
    (path,) = study.files()
    assert path.parent == study.folder


def test_writers_at_once_lose_nothing(landing):
    datas = [bytes([number]) * 50_000 for number in range(6)] * 2

    def write(data):
        put(landing.study(STUDY), OBJECT, data)

    threads = [threading.Thread(target=write, args=(data,)) for data in datas]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    study = landing.study(STUDY)
    assert sorted(path.read_bytes() for path in study.files()) == sorted(set(datas))
    assert len(list(study.folder.iterdir())) == 6


def test_an_export_takes_a_study_over(landing):
    study = landing.study(STUDY)
    for number in range(3):
        put(study, f"{OBJECT}.{number}", b"object %d" % number)
    to = landing.root / "20261122-1" / "received" / "7"
    assert study.hand_over(to) == 3
    assert len(list(to.iterdir())) == 3
    assert list(landing.studies()) == []
    assert study.hand_over(to) == 0


def test_what_comes_later_is_merged_and_replaces_nothing(landing):
    study, to = landing.study(STUDY), landing.root / "20261122-1" / "received" / "7"
    put(study, OBJECT, b"first")
    study.hand_over(to)
    put(study, OBJECT, b"other")
    put(study, f"{OBJECT}.2", b"new..")
    assert study.hand_over(to) == 2
    assert sorted(path.read_bytes() for path in to.iterdir()) == [b"first", b"new..", b"other"]
    assert not study.folder.exists()


def test_what_still_comes_stays_while_the_rest_is_taken(landing):
    study, to = landing.study(STUDY), landing.root / "20261122-1" / "received" / "7"
    put(study, OBJECT, b"first")
    with study.store(f"{OBJECT}.2") as sink:
        sink.write(b"late.")
        assert study.hand_over(to) == 1
    assert [path.read_bytes() for path in to.iterdir()] == [b"first"]
    assert [path.read_bytes() for path in study.files()] == [b"late."]


def test_what_ends_just_after_the_folder_went_is_received_anew(landing):
    study = landing.study(STUDY)
    with study.store(OBJECT) as sink:
        sink.write(b"bytes")
        study.folder.rename(landing.root / "taken")
    assert [path.read_bytes() for path in study.files()] == [b"bytes"]
    assert not list((landing.root / "taken").glob(".*"))


def test_quiet_means_that_nothing_changed(landing):
    study = landing.study(STUDY)
    assert study.quiet_for() == float("inf")
    put(study, OBJECT, b"bytes")
    assert study.quiet_for() < 60
    with study.store(f"{OBJECT}.2"):
        assert study.quiet_for() < 60


def test_a_sweep_takes_the_partials_of_the_dead_only(landing):
    program = (
        "import sys, time; from pathlib import Path; from flows.sources.landing import Landing\n"
        "with Landing(Path(sys.argv[1])).study('1.2.3').store('9.9') as sink:\n"
        "    sink.write(b'half'); print('begun', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, landing.root]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"begun\n"
        study = landing.study(STUDY)
        with study.store(OBJECT) as sink:
            sink.write(b"bytes")
            assert landing.sweep() == 0
        writer.send_signal(signal.SIGKILL)
    assert landing.sweep() == 1
    assert [path.name for path in study.folder.iterdir()] == [f"{name(OBJECT)}.dcm"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_as_one():
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(DiskFullError):
            placing.Sink(descriptor).write(b"bytes")
    finally:
        os.close(descriptor)
    assert isinstance(placing.told(OSError(errno.EIO, "")), OSError)


def test_durable_means_flushed_before_and_after_its_name(landing, monkeypatch):
    calls = []
    for one in ("fsync", "link"):
        genuine = getattr(os, one)

        def noted(*arguments, _name=one, _genuine=genuine, **options):
            calls.append(_name)
            return _genuine(*arguments, **options)

        monkeypatch.setattr(os, one, noted)
    put(landing.study(STUDY), "1.1", b"first")
    calls.clear()
    put(landing.study(STUDY), OBJECT, b"bytes")
    assert calls == ["fsync", "link", "fsync"]


def test_room_is_asked_of_the_landings_own_disk(landing):
    assert 0 < landing.room() <= os.statvfs(landing.root).f_blocks * 65536
