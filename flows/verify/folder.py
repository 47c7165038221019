"""Look at a folder of finished objects with the second eye alone, and say what it finds.

Nothing is de-identified and nothing is changed. With the originals at hand, what identifies any
of their people is looked for in every object: whose an object is, no pseudonym tells.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from deid.errors import DeidError, Reason, SuspectError, UnreadableError
from deid.findings import Finding
from deid.identity.identifiers import Identifiers, harvest
from deid.identity.spelling import Needle
from deid.language.lexicon import load_lexicon
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
from flows.sources.export_folder import gather
from flows.sources.original import Original
from flows.walk.admit import checked

LIMIT = 1 << 40
#: So many needles are looked for in one go; more people than they are of are looked for in turns.
CHUNK = 200_000
FILE_NAME = "file name"
_METHOD_CODES, _CODE_VALUE = 0x00120064, 0x00080100

Progress = Callable[[str, int, int], None]


class Seen(StrEnum):
    """How the look at one file ended."""

    CLEAN = "CLEAN"
    SUSPECT = "SUSPECT"
    UNREADABLE = "UNREADABLE"


MEANINGS = {
    Seen.CLEAN: "nothing found",
    Seen.SUSPECT: "something found, or it could not be checked",
    Seen.UNREADABLE: "not a whole DICOM object",
}


@dataclass(frozen=True, repr=False)
class Look:
    """What was seen of one file; nothing in it identifies anybody.

    Attributes:
        number: Of the file, from 1, in the order of all paths.
        name: Its path within the folder; empty if an identifier was found in it.
        seen: How the look ended.
        reason: Why it could not be checked, if so.
        findings: What was found, by place and kind.
    """

    number: int
    name: str
    seen: Seen
    reason: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def shown(self) -> str:
        """The name, or what stands for it."""
        return self.name or f"file {self.number}"


@dataclass(frozen=True, repr=False)
class Verification:
    """The look at a whole folder.

    Attributes:
        profile: By whose options was judged, and its version.
        originals: How many originals' identifiers were looked for; None if none were given.
        unread: How many originals could not be read, so that nobody looked for theirs.
        pixels: Whether the pixels were read again.
        looks: One for every file.
    """

    profile: str
    originals: int | None
    unread: int
    pixels: bool
    looks: tuple[Look, ...] = field(default=())

    @property
    def clean(self) -> bool:
        """Tell whether there were files, all are clean, and nothing was left unsought."""
        return bool(self.looks) and not self.unread and set(self.tally) == {Seen.CLEAN}

    @property
    def tally(self) -> Counter[Seen]:
        """Count the files by how the look at them ended."""
        return Counter(look.seen for look in self.looks)


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
        SourceError: If a folder cannot be read.
    """
    if not folder.is_dir():
        message = "the folder is not there; check the path"
        raise SourceError(message)
    originals = _Originals()
    if against is not None:
        originals.read(against, progress)
    paths = list(_files(folder))
    names = (path.relative_to(folder).as_posix() for path in paths)
    looks = [Look(number, name, Seen.CLEAN) for number, name in enumerate(names, 1)]
    turns = list(originals.chunks())
    for turn, sought in enumerate(turns):
        reader = text_reader if turn == 0 else None
        for place, path in enumerate(paths):
            looks[place] = _again(looks[place], path, sought, profile, reader)
            progress("verify", turn * len(paths) + place + 1, len(turns) * len(paths))
    return Verification(
        profile=f"{profile.name} {profile.version}",
        originals=originals.number if against is not None else None,
        unread=originals.unread,
        pixels=text_reader is not None,
        looks=tuple(looks),
    )


@dataclass(repr=False)
class _Originals:
    """What identifies any of the people in a folder of originals."""

    needles: dict[Needle, None] = field(default_factory=dict)
    uids: set[str] = field(default_factory=set)
    number: int = 0
    unread: int = 0

    def read(self, root: Path, progress: Progress) -> None:
        landing = Path(tempfile.mkdtemp(prefix="mammo-verify-"))
        try:
            files = list(gather(root, landing, limit=LIMIT))
            for place, file in enumerate(files, 1):
                if file.fault is None:
                    self._one(file.path)
                else:
                    self.unread += 1
                progress("read originals", place, len(files))
        finally:
            shutil.rmtree(landing, ignore_errors=True)

    def _one(self, path: Path) -> None:
        """Take one original; what is no DICOM object at all has no people."""
        try:
            with Original(path) as original, checked():
                found = harvest(parse(original.reader))
        except UnreadableError as error:
            self.unread += error.reason is not Reason.NOT_DICOM
            return
        except (DeidError, OriginalError):
            self.unread += 1
            return
        self.number += 1
        self.needles.update(dict.fromkeys(found.needles))
        self.uids |= found.uids

    def chunks(self) -> Iterator[Identifiers]:
        """Give what is to be looked for, in turns.

        A name that is a harmless word too tells nothing in an object of who knows whom.
        """
        lexicon = load_lexicon()
        wanted = [n for n in self.needles if n.what != "name" or not lexicon.is_harmless(n.text)]
        uids = frozenset(self.uids)
        for start in range(0, max(len(wanted), 1), CHUNK):
            yield Identifiers(tuple(wanted[start : start + CHUNK]), uids, {})


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
