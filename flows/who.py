"""Who is at work here."""

import os
import pwd
from contextlib import suppress
from pathlib import Path

_LOGIN = Path("/proc/self/loginuid")
_UNSET = 0xFFFFFFFF


def who() -> str:
    """Name the operating system's user who works here.

    That is who logged in, as the kernel keeps it: becoming another user does not change it, nor
    does any variable of the environment. Where the kernel does not know, it is this process's user.
    """
    number = os.getuid()
    with suppress(OSError, ValueError):
        login = int(_LOGIN.read_text(encoding="ascii"))
        number = number if login == _UNSET else login
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
