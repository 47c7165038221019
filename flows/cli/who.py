"""Who is at work here."""

import ctypes
import os
import pwd
import sys
from contextlib import suppress
from pathlib import Path

from flows.errors import PermanentError

_LOGIN = Path("/proc/self/loginuid")
_MAP = Path("/proc/self/uid_map")
_UNSET = 0xFFFFFFFF
_PROC = 0x9FA0  # what statfs(2) calls the kernel's own file system of processes
_EVERYBODY = ["0", "0", str(_UNSET)]


class WhoError(PermanentError):
    """Nobody can tell who is at work here."""

    def __init__(self) -> None:
        super().__init__(
            "who you are cannot be told here: users are numbered anew (a user namespace, such as "
            "of `unshare` or of a container without root), and could be anybody"
        )


def who() -> str:
    """Name the operating system's user who works here.

    That is who logged in, as the kernel keeps it: becoming another user does not change it, nor
    does any variable of the environment. Where nobody logged in, as in a service or a container,
    or where the kernel keeps no login, it is this process's user.

    Raises:
        WhoError: Users are numbered anew here, so that anybody could be anybody.
    """
    number = os.getuid()
    if sys.platform == "linux":
        if not is_everybody(_kernels_word(_MAP)):
            raise WhoError
        with suppress(OSError, ValueError):
            login = int(_LOGIN.read_text(encoding="ascii"))
            number = number if login == _UNSET else login
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def is_everybody(uid_map: str) -> bool:
    """Tell whether every user has the number that the whole machine knows them by.

    `uid_map` is as user_namespaces(7) has it.
    """
    return uid_map.split() == _EVERYBODY


def _kernels_word(path: Path) -> str:
    """Read what the kernel says; nothing if it is not the kernel's, for anybody may mount there."""
    with suppress(OSError, ValueError), path.open(encoding="ascii") as file:
        told = ctypes.create_string_buffer(256)  # a statfs: its first word is the type
        done = ctypes.CDLL(None).fstatfs(file.fileno(), told) == 0
        if done and ctypes.c_long.from_buffer(told).value == _PROC:
            return file.read()
    return ""
