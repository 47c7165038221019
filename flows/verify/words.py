"""What the second eye calls what it finds, and what each word means to the person who reads it.

"Hers" is what the originals say of anybody in them (`--against`); "anybody's" is told by its form.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from flows.verify.looks import Verification

WORDS: Final[Mapping[str, str]] = {
    "name": "a name in the originals, a patient's or of staff, in some spelling",
    "full name": "a given and a family name side by side, whoever's they are",
    "person name": "a person's name where only a pseudonym may stand",
    "identifier": "a number that the originals know a patient by, however it is written",
    "personal number": "a valid personal or coordination number, whoever's it is",
    "reserve number": "a number of the form of a reserve number, whoever's it is",
    "accession number": "an accession number of the originals",
    "birth date": "a birth date of the originals",
    "study date": "a date of an original study",
    "original date": "a date that stands as in the original, and should have been moved",
    "phone number": "a telephone number, of the originals or by its form",
    "e-mail address": "an e-mail address, of the originals or by its form",
    "HSA-id": "a Swedish staff or unit code (HSA-id), by its form",
    "address": "an address of the originals",
    "institution": "a place of care that the originals name",
    "patient detail": "something else that the originals say of a patient",
    "device": "a name of a unit that the originals give",
    "original UID": "a UID of the originals",
    "unknown UID": "a UID that neither this program nor the standard makes",
    "age": "an age above the profile's cap",
    "text": "text drawn into pixels, an overlay or graphics",
    "overlay or curve": "an overlay or curve that the profile does not keep",
    "an overlay that cannot be read": "an overlay that is not whole, so nobody can look at it",
    "coordinates that cannot be read": "points of a drawing that are not whole, so nobody can look",
    "a table that goes up and down": "a lookup table that could hide text from who looks",
    "private element": "a private attribute that is not on the list of those that may stay",
    "file meta": "an attribute that has no place in the file's header",
    "not what its kind says": "a value of another form than its value representation allows",
    "content item": "a part of a report that is not built as the standard says",
    "statement": "what an object must say of its de-identification, and does not (PS3.15 E.3)",
    "bytes before the file": "something in the preamble, the first 128 bytes",
    "bytes behind the header": "something after the last attribute",
    "bytes behind the pixels": "something after the pixel data",
    "cannot be read": "a file name that cannot be printed",
}


def found(verification: Verification) -> Iterator[tuple[str, int, int, str]]:
    """Give each word that was said: how often, in how many files, and what it means."""
    looks = verification.looks
    many = Counter(one.what for look in looks for one in look.findings)
    files = Counter(what for look in looks for what in {one.what for one in look.findings})
    for what, number in many.most_common():
        yield what, number, files[what], WORDS.get(what, "")
