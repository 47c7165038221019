"""Nobody is two people, however they number users or mount files."""

import os
import pwd
import subprocess
import sys

import pytest

from flows.cli.who import WhoError, is_everybody, who

ASK = (sys.executable, "-c", "from flows.cli.who import who; print(who())")
NEW = ("unshare", "--user")


def unshared(*how: str) -> subprocess.CompletedProcess[str]:
    """Ask in a user namespace of one's own, or skip where the kernel allows none."""
    if subprocess.run([*NEW, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this kernel gives nobody a namespace")
    return subprocess.run([*NEW, *how], check=False, capture_output=True, text=True)


@pytest.mark.parametrize("as_whom", ["--map-user=4242", "--map-root-user"])
def test_who_numbers_users_anew_is_nobody(as_whom: str) -> None:
    done = unshared(as_whom, *ASK)
    assert (done.returncode, done.stdout) == (1, "")
    assert "WhoError" in done.stderr


def test_a_map_that_was_mounted_there_is_not_believed(tmp_path) -> None:
    forged = tmp_path / "map"
    forged.write_text("0 0 4294967295\n")
    mount = f'mount --bind {forged} /proc/$$/uid_map && cat /proc/$$/uid_map >&2 && exec "$@"'
    done = unshared("--map-root-user", "--mount", "sh", "-c", mount, "sh", *ASK)
    assert (done.returncode, done.stdout) == (1, "")
    assert "WhoError" in done.stderr


def test_who_is_numbered_as_always_is_oneself() -> None:
    done = subprocess.run(ASK, check=False, capture_output=True, text=True)
    assert done.stdout.strip() == who() == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("told", "everybody"),
    [
        ("         0          0 4294967295\n", True),
        ("      1001       1000          1\n", False),
        ("         0       1000          1\n         1     100000      65536\n", False),
        ("         0          0      65536\n", False),
        ("", False),
    ],
)
def test_the_map_of_the_machine_itself_is_known(told: str, *, everybody: bool) -> None:
    assert is_everybody(told) is everybody


def test_it_is_a_trouble_that_lasts() -> None:
    assert "numbered anew" in str(WhoError())
