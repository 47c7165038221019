"""What became of each file of a run so far, written line by line so that the run can go on.

It names nobody: files are known by a keyed token. It says that a name in the target is about to be
taken before it is taken, and what became of a file afterwards, so that a run that is killed at any
moment leaves nothing in the target that the next one does not know of. Both lines are on the disk
before the next step is taken, so a power cut leaves no more.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.outcome import Outcome
from deid.findings import Finding
from deid.report import Applied, InstanceReport, Met
from flows.errors import SourceError
from flows.files.inside import Inside
from flows.files.spool import local_trouble
from flows.offline.charter import unreadable
from flows.offline.one_file import Done

#: A file that could not be read then may be there now.
_AGAIN = frozenset({Outcome.UNAVAILABLE})


@dataclass(frozen=True, repr=False)
class Kept:
    """What is known of a file that was done earlier.

    Attributes:
        basis: What it was made from, which tells whether it would be made the same again.
        target: Its name in the target; empty if it was not released.
        place: Where the journal says the rest.
    """

    basis: str
    target: str
    outcome: Outcome
    sha256: str
    place: slice


class Journal:
    """The journal of one run.

    Args of the constructor:
        path: The file it is written to.
        target: The folder it speaks of.
        token: Gives what a file is known by here.
    """

    def __init__(self, path: Path, target: Path, token: Callable[[str], str]) -> None:
        self._path = path
        self._target = Inside(target)
        self._token = token
        self._kept: dict[str, Kept] = {}
        self._rules: dict[Applied, int] = {}
        self._read_rules: list[Applied] = []
        self._file = -1

    def open(self) -> None:
        """Begin to write, after what is there."""
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # What a dying process was just writing must not run into what is written next.
        os.write(self._file, b"\n")

    def close(self) -> None:
        """Write no more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    # ---- what is done ------------------------------------------------------------------------

    def read(self) -> None:
        """Read what is done, and take out of the target what a dying run left half-way.

        Raises:
            SourceError: It is spoilt.
        """
        begun, at = set[str](), 0
        for whole in self._path.read_bytes().splitlines(keepends=True):
            place = slice(at, at + len(whole))
            at = place.stop
            with self._legible():
                begun |= self._read(whole, place)
        self._rules = {rule: number for number, rule in enumerate(self._read_rules)}
        for stray in begun - {kept.target for kept in self._kept.values()}:
            self._take_out(stray)

    def _read(self, whole: bytes, place: slice) -> set[str]:
        """Read a line, and give the name that it says is about to be taken."""
        match _json(whole):
            case {"begin": str(), "target": str(target)}:
                return {target}
            case {"rule": [*rule]}:
                self._read_rules.append(Applied(*rule))
            case {"done": str(token), "basis": str(basis), "target": str(target), **rest}:
                outcome = Outcome(rest["outcome"])
                self._kept[token] = Kept(basis, target, outcome, rest["sha256"], place)
            case {"gone": str(token)}:
                self._kept.pop(token, None)
            case {**rest} if rest:
                raise ValueError
        return set()

    @contextmanager
    def _legible(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, ValueError, IndexError):
            raise unreadable(self._path.parent.name) from None

    def check(self, progress: Callable[[int, int], None]) -> None:
        """Read what is in the target again; what is not as it was made is to be made again."""
        released = [(token, kept) for token, kept in self._kept.items() if kept.target]
        for number, (token, kept) in enumerate(released, 1):
            if self._target.digest(kept.target) != kept.sha256:
                self._withdraw(token, kept)
            progress(number, len(released))

    def keep(self, stands: Mapping[str, Callable[[Kept], bool]]) -> None:
        """Take back what would not be made again, out of the target too.

        Args:
            stands: By name of each file that is to be opened, whether what was made of it would
                be made the same now. What was made of any other file is taken back.
        """
        tests = {self._token(name): test for name, test in stands.items()}
        for token, kept in list(self._kept.items()):
            test = tests.get(token)
            if test is None or kept.outcome in _AGAIN or not test(kept):
                self._withdraw(token, kept)

    def kept(self, name: str) -> Kept | None:
        """Tell what became of a file, if it was done."""
        return self._kept.get(self._token(name))

    def done(self, kept: Kept, number: int) -> Done:
        """Say again what became of a file that was done earlier."""
        with self._path.open("rb") as file:
            file.seek(kept.place.start)
            line = _json(file.read(kept.place.stop - kept.place.start))
        with self._legible():
            return _done(line, number, self._read_rules)

    def _withdraw(self, token: str, kept: Kept) -> None:
        """Take back what was made of a file."""
        if kept.target:
            self._take_out(kept.target)
        self._write({"gone": token})
        del self._kept[token]

    def _take_out(self, name: str) -> None:
        """Take a file out of the target, with its folders if they are empty then."""
        try:
            self._target.take_out(name)
        except NotADirectoryError:  # somebody put a file where its folder was
            return
        except OSError:
            message = (
                "a file that may not stay in the target cannot be taken out of it; make the "
                "target writable, or remove it"
            )
            raise SourceError(message) from None

    # ---- what is being done ------------------------------------------------------------------

    def announce(self, name: str, target: str) -> None:
        """Say that a file's clean object is about to take a name in the target."""
        self._write({"begin": self._token(name), "target": target})
        self._sync()

    def record(self, name: str, basis: str, target: str, done: Done) -> None:
        """Say what became of a file, and what it was made from."""
        report = done.report
        self._write(
            {
                "done": self._token(name),
                "basis": basis,
                "target": target,
                "sha256": done.sha256,
                "outcome": done.outcome,
                "reason": done.reason,
                "class": report.sop_class,
                "uids": report.uids,
                "boxes": done.boxes,
                "codes": report.codes,
                "findings": [(found.where, found.what) for found in report.findings],
                "rules": [(self._rule(rule), *met) for rule, met in report.rules.items()],
            }
        )
        self._sync()

    def _rule(self, applied: Applied) -> int:
        """Give a rule's number here; each is written out once."""
        number = self._rules.get(applied)
        if number is None:
            number = self._rules[applied] = len(self._rules)
            self._write({"rule": applied})
        return number

    def _write(self, line: Mapping[str, Any]) -> None:
        try:  # one write, so that a line is there or not, whatever ends this process
            os.write(self._file, json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise local_trouble(error) from None

    def _sync(self) -> None:
        """Wait until the disk holds all that was written."""
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise local_trouble(error) from None


def _done(line: Mapping[str, Any], number: int, rules: list[Applied]) -> Done:
    study, series, instance = line["uids"]
    report = InstanceReport(
        number=number,
        outcome=line["outcome"],
        reason=line["reason"],
        sop_class=line["class"],
        uids=(study, series, instance),
        rules={rules[rule]: Met(many, words) for rule, many, words in line["rules"]},
        boxes=line["boxes"],
        codes=tuple(line["codes"]),
        findings=tuple(Finding(place, what) for place, what in line["findings"]),
    )
    outcome = Outcome(line["outcome"])
    return Done(number, outcome, report, line["reason"], line["boxes"], line["sha256"])


def _json(text: bytes) -> dict[str, Any]:
    """Read a line; one that a dying process left unfinished says nothing."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
