"""What a run over a folder has done so far, kept beside its target so that it can go on.

The state is private and names nobody: files are known by a keyed token. It says that a name in the
target is about to be taken before it is taken, and what became of a file afterwards, so that a run
that is killed at any moment leaves nothing in the target that the next one does not know of.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from catalog.outcome import Outcome
from deid.findings import Finding
from deid.report import Applied, InstanceReport, Met
from flows.charter import charter, require_same
from flows.deidentifier import Deidentifier
from flows.errors import SourceError
from flows.offline_file import Done
from flows.spool import local_trouble

_CHARTER, _DONE, _LANDING = "run.json", "done.jsonl", "landing"
#: A file that could not be read then may be there now.
_AGAIN = frozenset({Outcome.UNAVAILABLE})


@dataclass(frozen=True, repr=False)
class Kept:
    """What is known of a file that was done earlier.

    Attributes:
        stamp: Size and time of the original, which tell whether it is still the same.
        target: Its name in the target; empty if it was not released.
        place: Where the state says the rest.
    """

    stamp: str
    target: str
    outcome: Outcome
    sha256: str
    place: slice


def state_of(target: Path) -> Path:
    """Tell where the state of a target lies: beside it, hidden."""
    whole = target.resolve()
    return whole.parent / f".{whole.name}.mammo-deid"


class State:
    """The state of one run, open and locked; used as a context."""

    def __init__(self, target: Path, source: Path, deidentifier: Deidentifier) -> None:
        self.folder = state_of(target)
        self._target = target
        self._source = source
        self._deidentifier = deidentifier
        self._kept: dict[str, Kept] = {}
        self._rules: dict[Applied, int] = {}
        self._read_rules: list[Applied] = []
        self._lock = self._file = -1

    @property
    def landing(self) -> Path:
        """The folder into which archives are expanded, and in which objects are made."""
        return self.folder / _LANDING

    def __enter__(self) -> Self:
        """Make the state, or go on with one that is there.

        Raises:
            SourceError: The target belongs to another run, or to somebody else.
        """
        begun = self._has_files()
        going_on = begun and (self.folder / _CHARTER).exists()
        if begun and not going_on:
            message = "the target is not an empty folder; choose another, or empty it"
            raise SourceError(message)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock_it()
            if going_on:
                self._check()
                self._read()
            else:
                self._begin()
            # What is left of objects that were being made goes; what was expanded can be used.
            for partial in self.landing.glob("making-*"):
                partial.unlink()
            self._file = os.open(self.folder / _DONE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            # What a dying process was just writing must not run into what is written next.
            os.write(self._file, b"\n")
            self._target.mkdir(parents=True, exist_ok=True)
            self.landing.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            self._close()
            raise local_trouble(error) from None
        except SourceError:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; what was expanded goes, and all of it if there is nothing to go on with."""
        shutil.rmtree(self.landing, ignore_errors=True)
        if not self._has_files():
            self.forget()
        self._close()

    def _close(self) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)

    def forget(self) -> None:
        """Remove the state: the run is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _has_files(self) -> bool:
        if self._target.is_dir():
            return any(self._target.iterdir())
        if self._target.exists():
            message = "the target is not an empty folder; choose another, or empty it"
            raise SourceError(message)
        return False

    def _lock_it(self) -> None:
        self._lock = os.open(self.folder / _CHARTER, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = "another run is at work on this target; wait for it, or end it"
            raise SourceError(message) from None

    def _begin(self) -> None:
        (self.folder / _DONE).unlink(missing_ok=True)
        shutil.rmtree(self.landing, ignore_errors=True)
        mine = charter(self._deidentifier, self._source)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, json.dumps(mine, indent=1).encode(), 0)

    def _check(self) -> None:
        begun = _json((self.folder / _CHARTER).read_text(encoding="utf-8"))
        require_same(begun, charter(self._deidentifier, self._source), self.folder.name)

    # ---- what is done ------------------------------------------------------------------------

    def token(self, name: str) -> str:
        """Give what a file is known by here."""
        return self._deidentifier.keys.name(f"file {name}")

    def kept(self, name: str, stamp: str) -> Kept | None:
        """Tell what became of a file, if it was done and is still the same.

        What was made of a file that is another one now is taken out of the target.
        """
        token = self.token(name)
        kept = self._kept.get(token)
        if kept is None or (kept.stamp == stamp and kept.outcome not in _AGAIN):
            return kept
        if kept.target:
            (self._target / kept.target).unlink(missing_ok=True)
        del self._kept[token]
        return None

    def done(self, kept: Kept, number: int) -> Done:
        """Say again what became of a file that was done earlier."""
        with (self.folder / _DONE).open("rb") as file:
            file.seek(kept.place.start)
            line = _json(file.read(kept.place.stop - kept.place.start))
        return _done(line, number, self._read_rules)

    def partial(self, number: int) -> Path:
        """Tell where a clean object is made before it is put into the target."""
        return self.landing / f"making-{number}.dcm"

    def announce(self, name: str, target: str) -> None:
        """Say that a file's clean object is about to take a name in the target."""
        self._write({"begin": self.token(name), "target": target})

    def record(self, name: str, stamp: str, target: str, done: Done) -> None:
        """Say what became of a file."""
        report = done.report
        self._write(
            {
                "done": self.token(name),
                "stamp": stamp,
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

    def _read(self) -> None:
        path = self.folder / _DONE
        begun, at = set[str](), 0
        for whole in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
            line, place = _json(whole), slice(at, at + len(whole))
            at = place.stop
            if "begin" in line:
                begun.add(line["target"])
            elif "rule" in line:
                self._read_rules.append(Applied(*line["rule"]))
            elif "done" in line:
                outcome = Outcome(line["outcome"])
                kept = Kept(line["stamp"], line["target"], outcome, line["sha256"], place)
                self._kept[line["done"]] = kept
        self._rules = {rule: number for number, rule in enumerate(self._read_rules)}
        for stray in begun - {kept.target for kept in self._kept.values()}:
            (self._target / stray).unlink(missing_ok=True)

    def check(self, progress: Callable[[int, int], None]) -> None:
        """Read what is in the target again; what is not as it was made is to be made again."""
        released = [(token, kept) for token, kept in self._kept.items() if kept.target]
        for number, (token, kept) in enumerate(released, 1):
            path = self._target / kept.target
            if _digest(path) != kept.sha256:
                path.unlink(missing_ok=True)
                del self._kept[token]
            progress(number, len(released))


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


def _json(text: str | bytes) -> dict[str, Any]:
    """Read a line; one that a dying process left unfinished says nothing."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
