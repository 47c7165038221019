"""One delivered object, looked at again: digest, DICOM, the second eye, and what its record says.

No key is needed, and no original: the second eye looks for what identifies anybody. Pixels are
not read here; `mammo rescan` does that, on what is published.
"""

import hashlib
import re
import warnings
from dataclasses import replace
from typing import BinaryIO, Final

import pydicom

from catalog.arrivals.records import Doubt
from catalog.publishing.describe import describe
from catalog.records import NewRevision, StudyDraft
from deid.derived.facts import Flag as Measured
from deid.errors import DeidError
from deid.identity.identifiers import Identifiers
from deid.identity.pseudonym import Person
from deid.pixels.staying import Flag as Redacted
from deid.profiles.profile import Profile
from deid.second_eye import verify
from deid.second_eye.verify import Finished
from flows.files.spool import BLOCK
from flows.walk.derive import NOT_DERIVED

_NOBODY: Final = Identifiers((), frozenset(), {})
_FLAGS: Final = frozenset({*Measured, *Redacted, NOT_DERIVED})
_CLEAN_PIXELS: Final = frozenset({"113101"})
_METHOD_CODES, _CODE_VALUE = 0x00120064, 0x00080100
_ROOT: Final = re.compile(r"2\.25\.([0-9]+)")
_VERSION, _VARIANT = 8, 2


def doubt_record(new: NewRevision, draft: StudyDraft) -> Doubt | None:
    """Tell what is wrong with a record by itself: its UIDs, its place, its flags."""
    one, stored = new.instance, new.stored
    if not all(map(is_ours, (one.study_uid, one.series_uid, one.sop_uid))):
        return Doubt.UID
    folder = f"{draft.holder_id}/{one.study_uid}/{one.sop_uid}"
    pictures = {f"{folder}/{small.sha256}.{small.size}.png": small.key for small in new.previews}
    if stored.key != f"{folder}/{stored.sha256}.dcm" or any(
        key != wanted for wanted, key in pictures.items()
    ):
        return Doubt.KEY
    told = (*new.facts.flags, *(new.pixel_facts.flags if new.pixel_facts else ()))
    return None if _FLAGS.issuperset(told) else Doubt.RECORD


def is_ours(uid: str) -> bool:
    """Tell whether a UID is a keyed one of this space: 2.25, and a UUID of version 8 (RFC 9562)."""
    match = _ROOT.fullmatch(uid)
    number = int(match[1]) if match else 0
    return number >> 76 & 0xF == _VERSION and number >> 62 & 0x3 == _VARIANT and number < 1 << 128


def doubt_object(
    reader: BinaryIO, new: NewRevision, subject: str, profile: Profile
) -> Doubt | None:
    """Tell what is wrong with an object; None if nothing is.

    Args:
        reader: Its bytes, whose digest is that of the record.
        new: Its record.
        subject: Whom it must be about.
        profile: Whose statements it must make.
    """
    if not _is_cut_as_told(reader, new):
        return Doubt.BYTES
    try:
        finished = verify.read(reader)
    except DeidError:
        return Doubt.UNREADABLE
    pixels = finished.parsed.pixels
    if new.stored.pixel_offset != (finished.size if pixels is None else pixels.start):
        return Doubt.BYTES
    try:
        if not _states(finished, profile) or _findings(finished, subject, profile):
            return Doubt.IDENTIFIER
        return None if _is_described(reader, new) else Doubt.RECORD
    except Exception:  # noqa: BLE001 -- whatever stops the check, it was not checked
        return Doubt.CHECK


def _is_cut_as_told(reader: BinaryIO, new: NewRevision) -> bool:
    """Tell whether the bytes before the pixels and those from there on have the told digests."""
    reader.seek(0)
    for length, told in (
        (new.stored.pixel_offset, new.stored.header_sha256),
        (new.stored.size - new.stored.pixel_offset, new.stored.pixel_sha256),
    ):
        digest, left = hashlib.sha256(), length
        while left > 0 and (block := reader.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
        if left or digest.hexdigest() != told:
            return False
    return True


def _states(finished: Finished, profile: Profile) -> bool:
    """Tell whether it claims what its profile does, and at most clean pixels besides."""
    claimed = set(_claimed(finished))
    needed = {code if isinstance(code, str) else code[0] for code in profile.codes}
    return needed <= claimed <= needed | _CLEAN_PIXELS


def _claimed(finished: Finished) -> tuple[str, ...]:
    element = finished.parsed.header.get(_METHOD_CODES)
    items = element.value if element is not None else ()
    return tuple(str(item[_CODE_VALUE].value).strip(" \0") for item in items)


def _findings(finished: Finished, subject: str, profile: Profile) -> bool:
    found = verify.look(
        finished,
        identifiers=_NOBODY,
        profile=profile,
        person=Person(subject),
        applied=_claimed(finished),
    )
    return bool(found)


def _is_described(reader: BinaryIO, new: NewRevision) -> bool:
    """Tell whether the record says of it what its header does."""
    reader.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = pydicom.dcmread(reader, stop_before_pixels=True)
        said = describe(header, new.facts)
        if new.instance.model is None:  # a region that does not tell models yet
            said = replace(said, model=None)
        return said == new.instance
