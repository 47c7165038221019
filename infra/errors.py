"""What can go wrong when one machine is made ready.

    StackError
    ├── BusyError         another command is starting or stopping the same stack
    ├── StateError        the directory is not ours to use
    ├── DiskShortError    too little room to begin
    ├── PortTakenError    another program listens where a part should
    ├── PartError         a part died, or did not become ready in time
    └── IssuerError       no token may or can be issued here

Every message says what to do next; none carries a secret or an identifier.
"""

from pathlib import Path


class StackError(Exception):
    """Base class of all errors of the launcher."""


class BusyError(StackError):
    """Another command holds the lock of the same state directory."""


class StateError(StackError):
    """The state directory holds things that are not ours."""


class DiskShortError(StackError):
    """There is too little room on the disk that holds the state."""


class PortTakenError(StackError):
    """A port that a part needs is used by another program."""


class PartError(StackError):
    """A part died or did not become ready; carries the end of its log."""

    def __init__(self, part: str, problem: str, log: Path, tail: str) -> None:
        indented = "".join(f"\n    {line}" for line in tail.splitlines())
        super().__init__(f"{part} {problem}. The end of {log}:{indented or ' (it is empty)'}")
        self.part = part
        self.log = log


class IssuerError(StackError):
    """The development token issuer may not or cannot issue here."""
