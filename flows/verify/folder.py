"""Look at a folder of finished objects with the second eye alone, and say what it finds.

Nothing is de-identified and nothing is changed. With the originals at hand, what identifies any
of their people is looked for in every object: whose an object is, no pseudonym tells.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from deid.errors import SuspectError, UnreadableError
from deid.findings import Finding
from deid.identity.identifiers import Identifiers
from deid.pixels.coding.streams import check_finished
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.drawn.graphics import graphics_left
from deid.pixels.drawn.overlays import overlays_left
from deid.pixels.redact import read_again
from deid.profiles.profile import Profile
from deid.profiles.table import CLEAN_PIXELS
from deid.second_eye.verify import kinds_in, verify
from deid.source import Parsed, parse
from deid.values import elements, items, value_of
from flows.errors import OriginalError, SourceError
from flows.sources.original import Original
from flows.verify.looks import Look, Seen, Verification
from flows.verify.sought import Originals, Progress
from flows.walk.admit import checked

FILE_NAME = "file name"
_METHOD_CODES, _CODE_VALUE = 0x00120064, 0x00080100


def verify_folder(
    folder: Path,
    profile: Profile,
    *,
    against: Path | None = None,
    text_reader: TextReader | None = None,
    progress: Progress = lambda _doing, _done, _all: None,
) -> Verification:
    """Look at every file below `folder`.

    Args:
        folder: Of finished objects; every file in it must be one.
        profile: By whose options is judged what may be in them.
        against: The originals, a folder or an archive: what identifies anybody in them is sought.
        text_reader: Reads the pixels and overlays again; without it they are not looked at.
        progress: Told what is done, and how many of how many.

    Raises:
        SourceError: If a folder cannot be read, or there are no files.
    """
    if not folder.is_dir():
        message = "the folder is not there; check the path"
        raise SourceError(message)
    originals = Originals()
    if against is not None:
        originals.read(against, progress)
    looks = {path: Look(number, name, Seen.CLEAN) for number, (path, name) in _numbered(folder)}
    if not looks:
        message = "the folder holds no files; check the path"
        raise SourceError(message)
    turns = list(originals.chunks())
    for turn, sought in enumerate(turns):
        reader = text_reader if turn == 0 else None  # the pixels tell the same in every turn
        for place, path in enumerate(looks, 1):
            looks[path] = _again(looks[path], path, sought, profile, reader)
            progress("verify", turn * len(looks) + place, len(turns) * len(looks))
    return Verification(
        profile=f"{profile.name} {profile.version}",
        originals=originals.number if against is not None else None,
        unread=tuple(originals.unread),
        pixels=text_reader is not None,
        looks=tuple(looks.values()),
    )


def _numbered(folder: Path) -> Iterator[tuple[int, tuple[Path, str]]]:
    """Number the files below a folder, from 1, with their paths within it."""
    return enumerate(((path, path.relative_to(folder).as_posix()) for path in _files(folder)), 1)


def _files(folder: Path) -> Iterator[Path]:
    """List every file below a folder, whatever it is called; links are not followed."""

    def stop(_: OSError) -> None:
        message = "a folder cannot be read; check its permissions"
        raise SourceError(message)

    for at, folders, names in os.walk(folder, onerror=stop):
        folders.sort()
        linked = [name for name in folders if (Path(at) / name).is_symlink()]
        yield from (Path(at) / name for name in sorted([*names, *linked]))


def _again(
    look: Look, path: Path, sought: Identifiers, profile: Profile, text_reader: TextReader | None
) -> Look:
    """Look at one file once more; what was seen before stays."""
    findings = dict.fromkeys(look.findings)
    told = _told(look.name, sought)
    findings.update(dict.fromkeys(Finding(FILE_NAME, kind) for kind in sorted(told)))
    seen, reason = look.seen, look.reason
    try:
        with Original(path) as original, checked():  # as it is: nothing clean has to be converted
            findings.update(dict.fromkeys(_look(original.untouched, sought, profile, text_reader)))
    except UnreadableError as error:
        seen, reason = Seen.UNREADABLE, error.reason.value
    except SuspectError as error:
        seen, reason = Seen.SUSPECT, error.reason.value
    except OriginalError as error:
        seen, reason = Seen.UNREADABLE, str(error)
    if findings and seen is Seen.CLEAN:
        seen = Seen.SUSPECT
    return Look(look.number, "" if told else look.name, seen, reason, tuple(findings))


def _told(name: str, sought: Identifiers) -> frozenset[str]:
    """Give the kinds of what a path tells; one that cannot be printed tells who knows what."""
    if not name.isprintable():
        return frozenset({"cannot be read"})
    return kinds_in(name, sought)


def _look(
    reader: BinaryIO, sought: Identifiers, profile: Profile, text_reader: TextReader | None
) -> Iterator[Finding]:
    parsed = parse(reader)
    applied = _claimable(parsed, profile)
    yield from verify(reader, identifiers=sought, profile=profile, applied=applied)
    if text_reader is not None:
        if parsed.pixels is not None:
            check_finished(reader, parsed)
            yield from read_again(reader, parsed, text_reader)
        yield from overlays_left(parsed.header, text_reader)
        yield from graphics_left(parsed.header, text_reader)


def _claimable(parsed: Parsed, profile: Profile) -> tuple[str, ...]:
    """Give the codes an object must claim; clean pixels it may claim, if it has any."""
    held = dict(elements(parsed.header)).get(_METHOD_CODES)
    claimed = {value_of(item, _CODE_VALUE) for item in (held and items(held)) or ()}
    codes = [code for code, _ in profile.codes]
    if parsed.pixels is not None and CLEAN_PIXELS.code in claimed:
        codes.append(CLEAN_PIXELS.code)
    return tuple(sorted(codes))
