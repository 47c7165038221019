import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time

import psutil
import pytest

from catalog.outcome import Outcome
from deid.errors import ProfileError
from flows import deidentifier
from flows.deidentifier import load
from flows.errors import StudyError
from flows.keys.sides import offline_keys
from flows.offline import workers
from flows.offline.folder import deidentify_folder, rehearse_folder
from flows.offline.lines import tally
from flows.offline.workers import FILES_PER_PROCESS, Workers
from tests.flows.making import put
from tests.infra.killing import end
from tests.objects import INSTANCE, mammogram, part10, truncated

MANY = 2 * FILES_PER_PROCESS
PATIENCE_SECONDS = 60


@pytest.fixture
def many(export_folder):
    views = (part10(mammogram(SOPInstanceUID=f"{INSTANCE}.{n}")) for n in range(MANY))
    put(export_folder, *views, truncated())
    return export_folder


def whose(_deidentifier, _job):
    return os.getpid()


def die(_deidentifier, _job):
    os.kill(os.getpid(), signal.SIGKILL)


def rest(_deidentifier, seconds):
    time.sleep(seconds)


def keys_of(loaded, _job):
    return loaded.keys.name("x"), loaded.profile.digest


def test_two_processes_do_what_one_does(many, tmp_path, deidentify_with):
    for name, number in (("one", 1), ("two", 2)):
        lines = deidentify_folder(many, tmp_path / name, deidentify_with, workers=number)
        assert tally(lines) == {Outcome.ADMITTED: MANY, Outcome.UNREADABLE: 1}
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_rehearsal_in_processes_says_the_same(many, deidentify_with):
    assert rehearse_folder(many, deidentify_with, workers=2) == rehearse_folder(
        many, deidentify_with, workers=1
    )


def test_a_few_files_are_not_worth_a_process(deidentify_with):
    with Workers(deidentify_with, 1) as pool:
        assert set(pool.each(whose, range(3))) == {os.getpid()}


@pytest.mark.parametrize("together", [1, 7])
def test_each_job_is_done_once_in_other_processes_with_the_same_keys(deidentify_with, together):
    with Workers(deidentify_with, 2) as pool:
        told = list(pool.each(whose, range(50), together=together))
        assert len(told) == 50
        assert os.getpid() not in told
        same = (deidentify_with.keys.name("x"), deidentify_with.profile.digest)
        assert set(pool.each(keys_of, range(4))) == {same}


def test_a_process_that_is_ended_is_told_with_what_helps(deidentify_with):
    with (
        Workers(deidentify_with, 2) as pool,
        pytest.raises(StudyError, match="fewer --workers"),
    ):
        list(pool.each(die, range(3)))


def test_what_stops_a_run_ends_its_processes_at_once(deidentify_with):
    def stopped():
        with Workers(deidentify_with, 2) as pool:
            for _ in pool.each(rest, [0, 600, 600]):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not [one for one in multiprocessing.active_children() if one.is_alive()]


def test_processes_end_with_the_one_that_started_them(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import time\n"
        "from flows.deidentifier import load\n"
        "from flows.keys.sides import offline_keys\n"
        "from flows.offline.workers import Workers\n"
        "from tests.flows.test_offline_workers import whose\n"
        "if __name__ == '__main__':\n"
        "    with Workers(load(offline_keys(None)), 2) as pool:\n"
        "        print(*set(pool.each(whose, range(20))), flush=True)\n"
        "        time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    running = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert running.stdout is not None
    found = [psutil.Process(int(pid)) for pid in running.stdout.readline().split()]
    assert found
    end(running.pid)
    running.communicate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in found):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_profile_that_changes_while_it_is_used_is_noticed(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('extends = "mammography"\nname = "mine"\nversion = "1"\n')
    handed = pickle.dumps(load(offline_keys(None), str(file)))
    assert pickle.loads(handed).profile.name == "mine"
    file.write_text('extends = "mammography"\nname = "mine"\nversion = "2"\n')
    with pytest.raises(ProfileError, match=r"mine\.toml changed while it was used"):
        pickle.loads(handed)


def test_processes_that_cannot_begin_say_why(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('extends = "mammography"\nname = "mine"\nversion = "1"\n')
    loaded = load(offline_keys(None), str(file))
    file.write_text('extends = "mammography"\nname = "mine"\nversion = "2"\n')
    with Workers(loaded, 2) as pool, pytest.raises(ProfileError, match="changed while"):
        list(pool.each(whose, range(3)))


def test_networks_are_loaded_only_where_pixels_are_looked_at(monkeypatch):
    monkeypatch.setattr(deidentifier, "load_text_reader", lambda: "networks")
    loaded = load(offline_keys(None))
    assert "text_reader" not in vars(loaded)
    assert loaded.text_reader == "networks"


def test_processors_are_those_this_program_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(64)))
    assert workers.processors() == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3})
    assert workers.processors() == 1
