"""Rules as data: PS3.15 Table E.1-1, the options chosen, and lines of our own."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from re import Pattern
from re import compile as compile_pattern
from typing import Any

from deid.errors import ProfileError, Reason
from deid.rules import BASIC_CODE, IODS, OPTION_CODES, Action, Line, Rules, resolve_all, table_lines

_RULE_KEYS = {"tag", "action", "reason", "clause"}


@dataclass(frozen=True)
class Refusal:
    """A rule that keeps a whole object out."""

    tag: int
    pattern: Pattern[str]
    error: Reason
    reason: str
    clause: str


@dataclass(frozen=True)
class Profile:
    """A complete set of rules.

    Attributes:
        name: Of the profile.
        version: Of its own rules.
        edition: Of PS3.15, such as "2026d".
        digest: SHA-256 of all its files, hexadecimal.
        age_cap: The highest age in years that is told.
        codes: CID 7050 codes and meanings of what it does.
        iods: IOD of every accepted SOP class.
        modalities: Accepted modalities.
        refusals: What is kept out.
        rules: By IOD.
    """

    name: str
    version: str
    edition: str
    digest: str
    age_cap: int
    codes: tuple[tuple[str, str], ...]
    iods: Mapping[str, str]
    modalities: frozenset[str]
    refusals: tuple[Refusal, ...]
    rules: Mapping[str, Rules]


def load_profile(name: str = "mammography") -> Profile:
    """Load a shipped profile with its tables.

    Raises:
        ProfileError: A line of it is wrong.
    """
    return read_profile(_read(f"{name}.toml"), file=f"{name}.toml")


def read_profile(source: str, *, file: str) -> Profile:
    """Build a profile from its text; the tables it names are the shipped ones.

    Raises:
        ProfileError: A line of it is wrong.
    """
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        message = f"{file}: {error}"
        raise ProfileError(message) from None
    places = _Places(file, source)
    try:
        table, types, texts = (_read(data[key]) for key in ("table", "types", "texts"))
        options = tuple(data["options"])
        codes = (BASIC_CODE, *(OPTION_CODES[option] for option in options))
        lines = {line.tag: line for line in table_lines(table, options)}
        groups = frozenset(int(group, 16) for group in data["groups"])
        own = {line.tag: line for line in _own_lines(data["rules"], places, lines)}
        return Profile(
            name=data["name"],
            version=data["version"],
            edition=_edition(table),
            digest=sha256(f"{source}\0{table}\0{types}\0{texts}".encode()).hexdigest(),
            age_cap=data["age_cap"],
            codes=codes,
            iods={entry["sop_class"]: _iod(entry["iod"]) for entry in data["accept"]},
            modalities=frozenset(data["modalities"]),
            refusals=tuple(_refusals(data["refuse"], places)),
            rules=resolve_all({**lines, **own}, types, texts, groups),
        )
    except (KeyError, FileNotFoundError) as error:
        message = f"{file}: {error} is missing or unknown"
        raise ProfileError(message) from None


@dataclass(frozen=True)
class _Places:
    """Where the rules of a profile stand, for messages."""

    file: str
    source: str

    def rule(self, index: int, what: str) -> ProfileError:
        """Say what is wrong with a rule."""
        return self._wrong("rules", index, what)

    def refusal(self, index: int, what: str) -> ProfileError:
        """Say what is wrong with a refusal."""
        return self._wrong("refuse", index, what)

    def _wrong(self, part: str, index: int, what: str) -> ProfileError:
        lines = self.source.splitlines()
        start = next(n for n, line in enumerate(lines) if line.startswith(f"{part} = ["))
        entries = [n for n, line in enumerate(lines) if n > start and line.lstrip()[:1] == "{"]
        line = entries[index] + 1 if index < len(entries) else start + 1
        return ProfileError(f"{self.file}, line {line}, {part}[{index}]: {what}")


def _read(name: str) -> str:
    return (files("deid") / "data" / name).read_text(encoding="utf-8")


def _iod(name: str) -> str:
    if name not in IODS:
        raise KeyError(name)
    return name


def _edition(table: str) -> str:
    marks = [line for line in table.splitlines() if line.startswith("# edition: ")]
    return marks[0].removeprefix("# edition: ")


def _own_lines(
    entries: list[dict[str, Any]], places: _Places, table: Mapping[str, Line]
) -> Iterator[Line]:
    seen = set()
    for index, entry in enumerate(entries):
        missing = _RULE_KEYS - {key for key, value in entry.items() if value}
        if missing or entry.keys() - _RULE_KEYS - {"dummy"}:
            what = f"a rule has {', '.join(sorted(_RULE_KEYS))}"
            raise places.rule(index, what)
        tag, action = str(entry["tag"]), str(entry["action"])
        if not _TAG.fullmatch(tag) or tag in seen:
            raise places.rule(index, f"{tag} is no tag, or stands twice")
        if not set(action.split("/")) <= set(Action):
            raise places.rule(index, f"{tag}: no action {action}")
        seen.add(tag)
        basic = table[tag].basic if tag in table else "X"
        device = entry.get("dummy") == "device"
        yield Line(tag, action, entry["reason"], entry["clause"], device, basic)


_TAG = compile_pattern("[0-9A-F]{8}|(50|60)XXXXXX")


def _refusals(entries: list[dict[str, Any]], places: _Places) -> Iterator[Refusal]:
    for index, entry in enumerate(entries):
        try:
            yield Refusal(
                int(entry["tag"], 16),
                compile_pattern(entry["matches"]),
                Reason[entry["error"]],
                entry["reason"],
                entry["clause"],
            )
        except (KeyError, ValueError) as error:
            raise places.refusal(index, str(error)) from None
