"""End a program for good before looking at what is left: a signal is not yet a death."""

import os
import signal
import time

import psutil

PATIENCE_SECONDS = 10


def end(pid: int) -> None:
    """Kill a process and wait until it is dead."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.01)
    message = "a killed process does not end"
    raise RuntimeError(message)
