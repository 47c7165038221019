"""The gate's rules as data: what is refused, reviewed, looked at closely, or passes."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from re import Pattern
from re import compile as compile_pattern
from re import error as PatternError  # noqa: N812 -- a class, named like a function

from deid.errors import ProfileError, Reason
from deid.profiles.devices import UNKNOWN, Device, Devices, alike
from deid.profiles.rulebook import Entry, Rulebook, read_data
from deid.profiles.rules import IODS
from deid.profiles.table import read_rows

_TAG = compile_pattern("[0-9A-F]{8}")
_IODS = "iods"
_ESCAPES = compile_pattern(r"\\.")
# Names of no device: what matches one of them names none
_NOBODY = ("", "X", "QZXV", "QZXV 90", "9 QZXV WJ", "90")


class Then(StrEnum):
    """What a rule of the gate does to an object."""

    REFUSE = "refuse"
    REVIEW = "review"
    CLOSELY = "closely"
    REGIONS = "regions"
    PASS = "pass"  # noqa: S105 -- no password


@dataclass(frozen=True)
class GateRule:
    """One rule, about an attribute or about a kind of device.

    Attributes:
        then: What happens.
        tag: Of the attribute that is looked at, in the header or in file meta; None if a kind of
            device is meant.
        pattern: What is searched for in each of its values, in capitals.
        device: The kind of device; empty if an attribute is meant.
        reason: Why.
        clause: Where that is laid down.
        error: How a refusal is named; of a refusal only.
        kind: How a review is named; of a review only.
        iods: Of which objects it speaks; of all, if it is empty.
    """

    then: Then
    tag: int | None
    pattern: Pattern[str]
    device: str
    reason: str
    clause: str
    error: Reason | None = None
    kind: str = ""
    iods: frozenset[str] = frozenset()

    def speaks_of(self, iod: str) -> bool:
        """Tell whether it is about objects of an IOD."""
        return not self.iods or iod in self.iods


@dataclass(frozen=True)
class Gate:
    """All rules of a profile, those of the extended profile first.

    Attributes:
        rules: In the order of `Then`.
        devices: The table, a profile's own lines last; None if there is none: then no image
            passes, but those that any device may make.
        without_device: IODs that any device may make that no rule speaks of.
    """

    rules: tuple[GateRule, ...]
    devices: Devices | None
    without_device: frozenset[str]

    def of(self, *thens: Then) -> tuple[GateRule, ...]:
        """Give the rules that do one of these."""
        return tuple(rule for rule in self.rules if rule.then in thens)

    def of_device(self, kind: str) -> tuple[GateRule, ...]:
        """Give the rules about a kind of device."""
        return tuple(rule for rule in self.rules if rule.device == kind)


def gate_of(book: Rulebook) -> Gate:
    """Read the rules of the gate.

    Raises:
        ProfileError: One of them is wrong.
    """
    rules = tuple(_rule(entry, then) for then in Then for entry in book.entries[then.value])
    devices = _devices(book)
    settled = {rule.device for rule in rules if rule.device}
    if devices is not None:
        _check_settled(book, devices, settled)
    elif settled:
        raise _wrong(book, "device_table", "is missing, but rules speak of devices")
    without = frozenset(book.settings.get("without_device", ()))
    if not without <= {*IODS}:
        raise _wrong(book, "without_device", f"must be of {', '.join(IODS)}")
    return Gate(rules, devices, without)


def _rule(entry: Entry, then: Then) -> GateRule:
    said = entry.said
    device = said.get("device", "")
    if bool(device) == ("tag" in said) or ("tag" in said) != ("matches" in said):
        raise entry.wrong(then.value, "needs either tag and matches, or device")
    if "tag" in said and not _TAG.fullmatch(said["tag"]):
        raise entry.wrong(said["tag"], "is no tag: eight hexadecimal digits in capitals")
    if device and then is Then.REGIONS:
        raise entry.wrong(device, "regions are a class's, not a device's: give tag and matches")
    return GateRule(
        then,
        int(said["tag"], 16) if "tag" in said else None,
        _pattern(entry, said["matches"] if "tag" in said else ""),
        device,
        said["reason"],
        said["clause"],
        _error(entry) if then is Then.REFUSE else None,
        said.get("kind", ""),
        _iods(entry),
    )


def _iods(entry: Entry) -> frozenset[str]:
    said = entry.said.get(_IODS, [])
    found = frozenset([said] if isinstance(said, str) else said)
    if not found <= {*IODS}:
        raise entry.wrong(_IODS, f"must be of {', '.join(IODS)}")
    return found


def _pattern(entry: Entry, pattern: str) -> Pattern[str]:
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        about = entry.said.get("tag") or pattern
        raise entry.wrong(about, str(error)) from None


def _error(entry: Entry) -> Reason:
    try:
        return Reason[entry.said["error"]]
    except KeyError:
        named = ", ".join(sorted(reason.name for reason in Reason))
        raise entry.wrong(
            entry.said["error"], f"there is no such error; there are {named}"
        ) from None


def _devices(book: Rulebook) -> Devices | None:
    passing = {entry.said["device"] for entry in book.entries[Then.PASS.value]}
    own = tuple(_own_devices(book, passing))
    name = book.settings.get("device_table")
    if name is None:
        if own:
            raise _wrong(book, "device_table", "is missing, but devices are named")
        return None
    try:
        rows = read_rows(read_data(name))
    except (FileNotFoundError, IsADirectoryError):
        raise _wrong(book, "device_table", f"there is no table {name!r}") from None
    listed = tuple(
        Device(
            row["is"],
            compile_pattern(row["maker"]),
            compile_pattern(row["model"]),
            row["reason"],
            row["source"],
        )
        for row in rows
    )
    return Devices((*listed, *own))


def _own_devices(book: Rulebook, passing: AbstractSet[str]) -> Iterator[Device]:
    """Read a profile's own lines; of several profiles' the last one's go first.

    They are asked where the table knows nothing, and let only what they name pass.
    """
    for entry in reversed(book.entries["devices"]):
        said = entry.said
        for key in ("maker", "model"):
            plain = _ESCAPES.sub("", said[key])
            if plain != plain.upper():
                raise entry.wrong(
                    said[key],
                    "can match no name: names are compared in capitals, with one space for "
                    f"whatever is neither letter nor digit, such as {alike(said[key])}",
                )
        maker, model = (_pattern(entry, said[key]) for key in ("maker", "model"))
        anything = [it.pattern for it in (maker, model) if any(map(it.fullmatch, _NOBODY))]
        if anything and (said["is"] in passing or len(anything) > 1):
            raise entry.wrong(anything[0], "names nothing: any name would match it")
        yield Device(said["is"], maker, model, said["reason"], said["clause"])


def _check_settled(book: Rulebook, devices: Devices, settled: set[str]) -> None:
    """Let no kind of device be without a rule, nor a rule without a kind (default deny)."""
    kinds = {line.kind for line in devices.lines} | {UNKNOWN}
    for kind in sorted(kinds - settled):
        there = ", ".join(sorted(settled & kinds))
        what = f"no rule says what becomes of such a device; rules are of {there}"
        for entry in book.entries["devices"]:
            if entry.said["is"] == kind:
                raise entry.wrong(kind, what)
        raise _wrong(book, kind, what)
    for kind in sorted(settled - kinds):
        raise _wrong(book, kind, "there is no such kind of device in the table")


def _wrong(book: Rulebook, about: str, what: str) -> ProfileError:
    return ProfileError(f"{book.file}: {about}: {what}")
