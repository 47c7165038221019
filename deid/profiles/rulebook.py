"""A profile as it is written: one TOML text, or several that build on each other."""

import tomllib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.resources import files
from re import compile as compile_pattern
from typing import Any

from deid.errors import ProfileError
from deid.profiles.table import FULL_DATES, MODIFIED_DATES, OPTIONS

_NAME = compile_pattern("[a-z][a-z0-9_]{0,63}")
_KINDS: dict[str, type] = {
    "extends": str,
    "name": str,
    "version": str,
    "table": str,
    "types": str,
    "texts": str,
    "age_cap": int,
    "groups": list,
    "modalities": list,
    "options": list,
    "device_table": str,
    "without_device": list,
    "accept": list,
    "refuse": list,
    "review": list,
    "closely": list,
    "regions": list,
    "pass": list,
    "devices": list,
    "rules": list,
}
_WHAT = {"tag", "matches", "device", "iods"}
# Of each part: what its entries must say, and what they may say besides
_ENTRIES: Mapping[str, tuple[AbstractSet[str], AbstractSet[str]]] = {
    "accept": ({"sop_class", "iod", "reason", "clause"}, set()),
    "refuse": ({"error", "reason", "clause"}, _WHAT),
    "review": ({"kind", "reason", "clause"}, _WHAT),
    "closely": ({"reason", "clause"}, _WHAT),
    "regions": ({"tag", "matches", "reason", "clause"}, {"iods"}),
    "pass": ({"device", "reason", "clause"}, set()),
    "devices": ({"is", "maker", "model", "reason", "clause"}, set()),
    "rules": ({"tag", "action", "reason", "clause"}, {"dummy", "matches", "with", "without"}),
}
_SEVERAL = frozenset({"sop_class", "iods"})
_SHRINKING = "without_device"
_FIXED = "device_table"
_OLDEST = 150
_SAID = frozenset({"kind", "is", "device"})
_LONGEST = 60  # letters: it is told as the reason of an outcome, beside other words


@dataclass(frozen=True)
class Entry:
    """One rule, class or refusal as written, and where it stands."""

    said: Mapping[str, Any]
    file: str
    place: str

    def wrong(self, about: str, what: str) -> ProfileError:
        """Say what is wrong with it."""
        return ProfileError(f"{self.file}, {self.place}: {about}: {what}")


@dataclass(frozen=True)
class Rulebook:
    """What a profile and those it extends say.

    Attributes:
        file: Of the profile.
        settings: All that is no list of entries; the last word counts.
        entries: By part, the extended profile's first.
        sources: The texts, the extended profile's first.
    """

    file: str
    settings: Mapping[str, Any]
    entries: Mapping[str, tuple[Entry, ...]]
    sources: tuple[str, ...]


def read_data(name: str) -> str:
    """Read one of our data files."""
    return (files("deid") / "data" / name).read_text(encoding="utf-8")


def shipped() -> tuple[str, ...]:
    """Name what a profile can extend."""
    names = (file.name for file in (files("deid") / "data").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def open_rulebook(source: str, *, file: str) -> Rulebook:
    """Read a profile's text, and the shipped ones that it extends.

    Raises:
        ProfileError: It is no TOML, or says what no profile can say.
    """
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        message = f"{file}: {error}"
        raise ProfileError(message) from None
    _check_keys(data, file, source)
    below = _extended(data, file, source)
    _check_strict(data, below, file, source)
    own = {part: tuple(_entries(data, part, file, source)) for part in _ENTRIES}
    return Rulebook(
        file,
        {
            **below.settings,
            **{key: data[key] for key in data.keys() - _ENTRIES.keys() - {"extends"}},
        },
        {part: (*below.entries.get(part, ()), *own[part]) for part in _ENTRIES},
        (*below.sources, source),
    )


def _extended(data: Mapping[str, Any], file: str, source: str) -> Rulebook:
    name = data.get("extends")
    if name is None:
        return Rulebook(file, {}, {}, ())
    try:
        text = read_data(f"{name}.toml") if _NAME.fullmatch(name) else ""
    except FileNotFoundError:
        text = ""
    if not text:
        there = f"there is no shipped profile {name!r}; shipped are {', '.join(shipped())}"
        raise _at(file, source, "extends", there)
    return open_rulebook(text, file=f"{name}.toml")


def _check_strict(data: Mapping[str, Any], below: Rulebook, file: str, source: str) -> None:
    """Let a profile take no device away from the gate of the one that it extends."""
    if _SHRINKING in below.settings and not (
        {*data.get(_SHRINKING, ())} <= {*below.settings[_SHRINKING]}
    ):
        there = ", ".join(below.settings[_SHRINKING]) or "none"
        raise _at(file, source, _SHRINKING, f"may only be fewer than {there}")
    if (
        _FIXED in below.settings
        and data.get(_FIXED, below.settings[_FIXED]) != (below.settings[_FIXED])
    ):
        raise _at(file, source, _FIXED, "is that of the profile it extends; add devices to it")


def _check_keys(data: Mapping[str, Any], file: str, source: str) -> None:
    for key, value in data.items():
        kind = _KINDS.get(key)
        if kind is None:
            raise _at(file, source, key, "a profile has no such key")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _at(file, source, key, f"must be a {kind.__name__}")
        each, what = (dict, "tables") if key in _ENTRIES else (str, "texts")
        if isinstance(value, list) and not all(isinstance(one, each) for one in value):
            raise _at(file, source, key, f"must hold {what}")
    if not 0 < data.get("age_cap", 1) <= _OLDEST:
        raise _at(file, source, "age_cap", f"must be from 1 to {_OLDEST}")
    _check_options(data.get("options", []), file, source)


def _check_options(options: list[str], file: str, source: str) -> None:
    for option in options:
        if option not in OPTIONS:
            raise _at(file, source, "options", f"there is no option {option!r}")
    if {FULL_DATES, MODIFIED_DATES} <= {*options}:
        raise _at(file, source, "options", "dates stay either full or modified, not both")


def _at(file: str, source: str, key: str, what: str) -> ProfileError:
    start = compile_pattern(rf"\[*{key}\b")
    lines = enumerate(source.splitlines(), 1)
    line = next((number for number, text in lines if start.match(text)), 1)
    return ProfileError(f"{file}, line {line}, {key}: {what}")


def _entries(data: Mapping[str, Any], part: str, file: str, source: str) -> Iterator[Entry]:
    needed, allowed = _ENTRIES[part]
    lines = _lines(source, part)
    for index, said in enumerate(data.get(part, [])):
        line = lines[index] if index < len(lines) else 1
        entry = Entry(said, file, f"line {line}, {part}[{index}]")
        missing = sorted(needed - {key for key, value in said.items() if value})
        unknown = sorted(said.keys() - needed - allowed)
        if missing:
            others = f"; there is no key {', '.join(map(repr, unknown))}" if unknown else ""
            raise entry.wrong(", ".join(missing), f"is missing{others}")
        if unknown:
            raise entry.wrong(", ".join(unknown), "there is no such key here")
        for key, value in said.items():
            several = key in _SEVERAL and isinstance(value, list)
            if not isinstance(value, str) and not several:
                raise entry.wrong(key, "must be a text")
            if key in _SAID and len(value) > _LONGEST:
                raise entry.wrong(key, f"must have {_LONGEST} letters at most: outcomes say it")
        yield entry


def _lines(source: str, part: str) -> list[int]:
    """Find the lines at which the entries of a part start, in either way of TOML."""
    found, inside = [], False
    for number, text in enumerate(source.splitlines(), 1):
        line = text.strip()
        if line == f"[[{part}]]":
            found.append(number)
        elif line.replace(" ", "").startswith(f"{part}=["):
            inside = not line.endswith("]")
            found += [number] * line.count("{")  # entries on the same line
        elif inside and line.startswith("{"):
            found.append(number)
        elif inside and line.startswith("]"):
            inside = False
    return found
