"""A profile's own entries: rules that go before the table, and the SOP classes it accepts."""

from collections.abc import Mapping
from re import Pattern
from re import compile as compile_pattern
from re import error as PatternError  # noqa: N812 -- a class, named like a function

from deid.profiles.rulebook import Entry, Rulebook
from deid.profiles.rules import (
    IODS,
    KEYED_ACCESSIONS,
    KEYED_DEVICES,
    KEYED_PERSONS,
    KEYED_STUDY_IDS,
    Action,
)
from deid.profiles.table import MODIFIED_DATES, OPTIONS, Line, may_be
from deid.profiles.tags import table_rows

_TAG = compile_pattern("[0-9A-F]{8}|[56]0XX([0-9A-F]{4}|XXXX)")
_UID = compile_pattern(r"[0-2](\.(0|[1-9]\d*))+")
_CONDITIONS = ("with", "without")
_COMPOUND = frozenset({"X", "Z", "D", "U*"})
_DEVICE = "device"
_KEYED = {
    Action.PSEUDONYM: KEYED_PERSONS,
    Action.ACCESSION: KEYED_ACCESSIONS,
    Action.STUDY_ID: KEYED_STUDY_IDS,
    _DEVICE: KEYED_DEVICES,
}
_CLEANING = frozenset({"clean_descriptors", "clean_structured_content", "clean_graphics"})
_FIRST_GROUP = 0x0008


def own_lines(
    book: Rulebook, options: frozenset[str], table: Mapping[str, Line]
) -> dict[str, Line]:
    """Read the rules that fit the options; of two profiles' the last word counts.

    Raises:
        ProfileError: One of them is wrong.
    """
    found: dict[str, Line] = {}
    said: set[tuple[str, str, str, str]] = set()
    here: dict[tuple[str, str], Line] = {}
    for entry in book.entries["rules"]:
        line = _own_line(entry, table, options)
        fits = _fits(entry, options)
        condition = (entry.file, line.tag, *(entry.said.get(key, "") for key in _CONDITIONS))
        if condition in said or (fits and (entry.file, line.tag) in here):
            raise entry.wrong(line.tag, "stands twice")
        said.add(condition)
        if fits:
            here[entry.file, line.tag] = found[line.tag] = line
    return found


def _fits(entry: Entry, options: frozenset[str]) -> bool:
    given, barred = entry.said.get("with"), entry.said.get("without")
    for option in (given, barred):
        if option is not None and option not in OPTIONS:
            raise entry.wrong(option, "there is no such option")
    return (given is None or given in options) and barred not in options


def _own_line(entry: Entry, table: Mapping[str, Line], options: frozenset[str]) -> Line:
    said = entry.said
    tag, action = said["tag"], said["action"]
    _check_tag(entry, tag)
    parts = action.split("/")
    compound = {*parts} <= _COMPOUND or len(parts) == 1
    if not compound or not {*parts} <= {*Action}:
        raise entry.wrong(tag, f"there is no action {action!r}")
    if not may_be(action, tag):
        raise entry.wrong(tag, f"{action} cannot be done to such an attribute")
    if said.get("dummy", _DEVICE) != _DEVICE:
        raise entry.wrong(tag, "a dummy can only be a device's")
    form = _form(entry, tag)
    _check_keyed(entry, tag)
    _check_kept(entry, table.get(tag), options)
    basic = table[tag].basic if tag in table else Line.basic
    return Line(tag, action, said["reason"], said["clause"], basic, "dummy" in said, form)


def _check_keyed(entry: Entry, tag: str) -> None:
    """Let only what a release keys anew be keyed: another token would link one permit to others."""
    action = _DEVICE if "dummy" in entry.said else entry.said["action"]
    keyed = _KEYED.get(action)
    if keyed is not None and not (tag.isalnum() and "X" not in tag and int(tag, 16) in keyed):
        raise entry.wrong(tag, f"a release would not key it anew, so that {action} may not be done")


def _check_kept(entry: Entry, line: Line | None, options: frozenset[str]) -> None:
    """Let what the table names stay only by an option, which then is claimed (PS3.16 CID 7050)."""
    action = entry.said["action"]
    if line is None or not _fits(entry, options) or line.action == Action.KEEP:
        return
    cleaned = action == Action.CLEAN and not _CLEANING.isdisjoint(options)
    shifted = action == Action.SHIFT and MODIFIED_DATES in options
    if action in {Action.KEEP, Action.CLEAN, Action.SHIFT} and not (
        action == line.action or cleaned or shifted
    ):
        raise entry.wrong(line.tag, f"the table says {line.basic}: {_needed(line.tag, action)}")


def _needed(tag: str, action: str) -> str:
    """Name the options of Table E.1-1 that allow an action on an attribute."""
    rows = [row for row in table_rows() if row["tag"] == tag]
    letter = "K" if action == Action.KEEP else "C"
    names = [name for row in rows for name in OPTIONS if row[name] == letter]
    if action == Action.CLEAN:
        names = [name for name in names if name in _CLEANING] or sorted(_CLEANING)
    elif action == Action.SHIFT:
        names = [MODIFIED_DATES]
    return (
        f"{action} needs the option {' or '.join(names)}" if names else f"no option allows {action}"
    )


def _check_tag(entry: Entry, tag: str) -> None:
    if not _TAG.fullmatch(tag):
        raise entry.wrong(tag, "is no tag: eight hexadecimal digits in capitals")
    group = int(tag[:4].replace("X", "0"), 16)
    if group & 1:
        raise entry.wrong(tag, "private attributes have a list of their own")
    if group < _FIRST_GROUP:
        raise entry.wrong(tag, "file meta and commands are written anew")


def _form(entry: Entry, tag: str) -> Pattern[str] | None:
    pattern = entry.said.get("matches")
    if pattern is None:
        return None
    if entry.said["action"] != Action.KEEP:
        raise entry.wrong(tag, "only what is kept can be matched")
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        raise entry.wrong(tag, str(error)) from None


def iods_of(book: Rulebook) -> dict[str, str]:
    """Give the IOD of every accepted SOP class.

    Raises:
        ProfileError: One of them is wrong.
    """
    found: dict[str, str] = {}
    for entry in book.entries["accept"]:
        said = entry.said["sop_class"]
        for uid in said if isinstance(said, list) else [said]:
            if not isinstance(uid, str) or not _UID.fullmatch(uid):
                raise entry.wrong(str(uid), "is no SOP class")
            if entry.said["iod"] not in IODS:
                raise entry.wrong(entry.said["iod"], "there is no such IOD here")
            if found.get(uid, entry.said["iod"]) != entry.said["iod"]:
                raise entry.wrong(uid, f"is {found[uid]} already: what is asked of it stays")
            found[uid] = entry.said["iod"]
    return found
