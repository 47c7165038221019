"""Keyed, one-way replacements: same input and key, same output, and no way back without a key.

UIDs, accession numbers, study ids, devices and dates have a subkey each, so that none says
anything about another. A plain hash would not do: all Swedish personal identity numbers hash in
seconds.
"""

from base64 import b32encode
from dataclasses import dataclass
from datetime import date
from hmac import digest
from re import IGNORECASE
from re import compile as compile_pattern

from deid.dates import parse_date
from deid.errors import Reason, RefusedError
from deid.identity.numbers import day_of, is_day, luhn, plain

_NUMBER = compile_pattern(
    r"(?:SE[-: ]?)?"
    r"(?P<century>1[89]|2\d)? ?(?P<year>\d{2})[-./: ]?(?P<month>\d{2})[-./: ]?(?P<day>\d{2})"
    r" ?(?P<sign>[-+.:/ ]?) ?(?P<serial>\d{2} ?\d{2})",
    IGNORECASE,
)
# HL7 v2 data type CX: identifier^check digit^scheme^assigning authority
_COMPONENTS, _AUTHORITY = "^", 3
_WEEKS = 26
_HUNDRED = 100
# Nobody younger has a mammogram: of the years a two-digit year may mean, the latest that fits.
_YOUNGEST = 15


@dataclass(frozen=True, repr=False)
class Subkeys:
    """The region's keys, one for each purpose, and the version all of them have.

    Attributes:
        study: For study ids; derived from the accession numbers' key where none is given.
    """

    uid: bytes
    accession: bytes
    device: bytes
    date: bytes
    version: str = "1"
    study: bytes = b""

    def __post_init__(self) -> None:
        """Leave no purpose without a key: with an empty one, a study id could be guessed."""
        if not self.study:
            object.__setattr__(self, "study", _keyed(self.accession, "study id"))


@dataclass(frozen=True, repr=False)
class Person:
    """Who an object is about, inside the space.

    Attributes:
        previous: Her pseudonyms under earlier keys, the latest first.
    """

    pseudonym: str
    previous: tuple[str, ...] = ()


def canonical(
    patient_id: str, issuer: str = "", *, birth_date: str = "", exam_date: str = ""
) -> str:
    """Write an identifier in the one form that is pseudonymised.

    A Swedish personal identity or coordination number (day + 60), in any writing, becomes its
    12 digits, whoever issued it. The century that ten digits leave out is taken from the birth
    date if that agrees, else from the date of the examination; with neither it is 19.
    Anything else is qualified by its issuer, since local numbers are not unique. Of an HL7
    identifier with components the first counts, and its authority if no issuer is given.

    Args:
        patient_id: (0010,0020).
        issuer: (0010,0021) or what stands for it.
        birth_date: (0010,0030) as DA.
        exam_date: (0008,0020) as DA.

    Raises:
        RefusedError: There is no identifier.
    """
    written = _one_line(patient_id)
    if not written:
        raise RefusedError(Reason.NO_IDENTITY)
    components = [component.strip() for component in written.split(_COMPONENTS)]
    if components[0]:
        written = components[0]
        authority = components[_AUTHORITY] if len(components) > _AUTHORITY else ""
        issuer = _one_line(issuer) or authority
    match = _NUMBER.fullmatch(written)
    if match is not None:
        serial = match["serial"].replace(" ", "")
        short = match["year"] + match["month"] + match["day"] + serial
        century = match["century"] or _century(
            match["year"],
            match["month"] + f"{day_of(match['day']):02d}",
            hundred=match["sign"] == "+",
            known=(parse_date(birth_date), parse_date(exam_date)),
        )
        if luhn(short) and is_day(century + short):
            return century + short
    return f"{_one_line(issuer).casefold()}\x1f{written.casefold()}"


def _one_line(text: str) -> str:
    return " ".join(plain(text).split()).strip("\0 ")


def _century(
    year: str, month_day: str, *, hundred: bool, known: tuple[date | None, date | None]
) -> str:
    birth, exam = known
    if birth is not None and birth.strftime("%y%m%d") == year + month_day:
        return f"{birth.year // _HUNDRED:02d}"
    if exam is None:
        return "18" if hundred else "19"
    least = _HUNDRED if hundred else _YOUNGEST
    latest = exam.year - least
    born = latest - (latest - int(year)) % _HUNDRED
    return f"{born // _HUNDRED:02d}"


def uid(subkeys: Subkeys, original: str) -> str:
    """Replace a UID by one under 2.25 from a keyed UUID version 8 (PS3.5 §B.2, RFC 9562 §5.8)."""
    value = bytearray(_keyed(subkeys.uid, original)[:16])
    value[6] = value[6] & 0x0F | 0x80
    value[8] = value[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(value, 'big')}"


def accession(subkeys: Subkeys, original: str) -> str:
    """Replace an accession number by 16 characters; nothing stays nothing."""
    return _token(subkeys.accession, original)


def study_id(subkeys: Subkeys, original: str) -> str:
    """Replace a study id by 16 characters; nothing stays nothing."""
    return _token(subkeys.study, original)


def device(subkeys: Subkeys, original: str) -> str:
    """Replace a device's number by 16 characters; nothing stays nothing."""
    return _token(subkeys.device, original)


def weeks(subkeys: Subkeys, person: Person) -> int:
    """Give the person's shift: -26 to 26 whole weeks, never 0."""
    place = int.from_bytes(_keyed(subkeys.date, person.pseudonym)[:8], "big") % (2 * _WEEKS)
    return place - _WEEKS if place < _WEEKS else place - _WEEKS + 1


def _token(key: bytes, original: str) -> str:
    return b32encode(_keyed(key, original)[:10]).decode() if original else ""


def _keyed(key: bytes, message: str) -> bytes:
    return digest(key, message.encode(), "sha256")
