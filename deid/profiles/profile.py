"""Rules as data: PS3.15 Table E.1-1, the options chosen, and lines of our own."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from deid.errors import ProfileError
from deid.profiles.gate import Gate, gate_of
from deid.profiles.own_lines import iods_of, own_lines
from deid.profiles.private import SafePrivate, load_safe_private
from deid.profiles.rulebook import Rulebook, open_rulebook, read_data, shipped
from deid.profiles.rules import Rules
from deid.profiles.structured import StructuredRules, load_structured
from deid.profiles.table import (
    BASIC,
    OPTIONS,
    SAFE_PRIVATE,
    edition_of,
    resolve_all,
    table_lines,
    text_lines,
)

_NEEDED = ("name", "version", "table", "types", "texts", "age_cap", "groups", "options")


@dataclass(frozen=True)
class Profile:
    """A complete set of rules.

    Attributes:
        name: Of the profile.
        version: Of its own rules.
        edition: Of PS3.15, such as "2026d".
        digest: SHA-256 of all its files, hexadecimal.
        age_cap: The highest age in years that is told.
        options: Those of Table E.1-1 that are chosen, by their column.
        codes: CID 7050 codes and meanings of what it does to every object.
        iods: IOD of every accepted SOP class.
        modalities: Accepted modalities; None for any.
        gate: What is kept out, reviewed or looked at closely, and which devices are known.
        rules: By IOD.
        safe_private: Private attributes that may stay; None if none may.
        structured: Rules by the concept of a content item; None if no content may stay.
    """

    name: str
    version: str
    edition: str
    digest: str
    age_cap: int
    options: frozenset[str]
    codes: tuple[tuple[str, str], ...]
    iods: Mapping[str, str]
    modalities: frozenset[str] | None
    gate: Gate
    rules: Mapping[str, Rules]
    safe_private: SafePrivate | None
    structured: StructuredRules | None


def load_profile(name: str = "mammography") -> Profile:
    """Load a shipped profile with its tables.

    Raises:
        ProfileError: There is none of that name, or a line of it is wrong.
    """
    try:
        source = read_data(f"{name}.toml")
    except FileNotFoundError:
        message = f"there is no shipped profile {name!r}; shipped are {', '.join(shipped())}"
        raise ProfileError(message) from None
    return read_profile(source, file=f"{name}.toml")


def read_profile(source: str, *, file: str) -> Profile:
    """Build a profile from its text; it may extend a shipped one, and the tables are shipped.

    Raises:
        ProfileError: A line of it is wrong.
    """
    book = open_rulebook(source, file=file)
    settings = book.settings
    missing = [key for key in _NEEDED if settings.get(key, "") == ""]
    if missing:
        message = f"{file}: {', '.join(missing)} is missing"
        raise ProfileError(message)
    table, types, texts = (_read(book, key) for key in ("table", "types", "texts"))
    options = frozenset(settings["options"])
    lines = {line.tag: line for line in text_lines(texts)}
    lines |= {line.tag: line for line in table_lines(table, options)}
    lines |= own_lines(book, options, lines)
    modalities = settings.get("modalities")
    return Profile(
        name=settings["name"],
        version=settings["version"],
        edition=edition_of(table),
        digest=_digest(book),
        age_cap=settings["age_cap"],
        options=options,
        codes=_codes(options),
        iods=iods_of(book),
        modalities=None if modalities is None else frozenset(modalities),
        gate=gate_of(book),
        rules=resolve_all(lines, types, _groups(book), options),
        safe_private=load_safe_private() if SAFE_PRIVATE in options else None,
        structured=_structured(options, settings["age_cap"]),
    )


def _structured(options: frozenset[str], age_cap: int) -> StructuredRules | None:
    chosen = "clean_structured_content" in options
    return load_structured(options, age_cap=age_cap) if chosen else None


def _read(book: Rulebook, key: str) -> str:
    name = book.settings[key]
    try:
        return read_data(name)
    except (FileNotFoundError, IsADirectoryError):
        message = f"{book.file}: {key}: there is no table {name!r}"
        raise ProfileError(message) from None


def _groups(book: Rulebook) -> frozenset[int]:
    try:
        return frozenset(int(group, 16) for group in book.settings["groups"])
    except ValueError:
        message = f"{book.file}: groups: must be hexadecimal numbers"
        raise ProfileError(message) from None


def _codes(options: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Give the codes of what is done, in the order of CID 7050."""
    done = (BASIC, *(option for name, option in OPTIONS.items() if name in options))
    return tuple(sorted((option.code, option.meaning) for option in done))


def _digest(book: Rulebook) -> str:
    return sha256("\0".join((*book.sources, _data_digest())).encode()).hexdigest()


@lru_cache(maxsize=1)
def _data_digest() -> str:
    """Digest all lists that decide what may stay; a profile's own text is not among them."""
    whole = sha256()
    for file in sorted((files("deid") / "data").iterdir(), key=lambda file: file.name):
        if file.name.endswith((".csv", ".txt")):
            whole.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return whole.hexdigest()
