"""How identifiers are written in texts: what a removal has to find, in all its disguises.

A `Writing` is a text to put into a sentence and the literals of it that must be gone afterwards.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import escape
from urllib.parse import quote

from tests.corpus.people import STAFF, Number, Region, Woman, person_name, without_marks

MONTHS = ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti")
MONTHS += ("september", "oktober", "november", "december")
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Writing:
    """One way to write something that identifies.

    Attributes:
        kind: What it is, for the table of scores.
        text: What stands in the sentence.
        gone: Literals that may not be left where it stood; without them, the whole text.
        lead: Words that lead up to it in a sentence.
    """

    kind: str
    text: str
    gone: tuple[str, ...] = ()
    lead: str = ""

    @property
    def literals(self) -> tuple[str, ...]:
        """What may not be left."""
        return self.gone or (self.text,)


def of_her(woman: Woman, region: Region) -> Iterator[Writing]:
    """Write her name and numbers."""
    yield from _names(woman)
    yield from _numbers(woman)
    yield from _reached(woman)
    yield from _disguised(woman)


def around_her(woman: Woman, region: Region, day: date, accession: str) -> Iterator[Writing]:
    """Write who and what is around her: staff, relatives, places, requests, days."""
    doctor, nurse = (person_name(STAFF[(woman.order + step) % len(STAFF)]) for step in (0, 3))
    yield _named("staff", doctor, "remiss av dr")
    yield _named("staff", nurse.upper(), "sköterska")
    yield _named("staff", without_marks(doctor), "Läkare:")
    yield Writing("staff", doctor.split()[-1], lead="enl dr")
    yield Writing("relative", woman.relative, lead="dotter")
    yield _named("relative", f"{woman.relative} {woman.family}", "Närstående:")
    yield Writing("hsa", "SE2321000099-P00000098765", lead="HSA-id")
    yield Writing("hsa", "SE2321000099-1ZX7")
    yield Writing("accession", accession, lead="remissnr")
    yield Writing("accession", accession.lower())
    yield Writing("place", region.hospital, (region.hospital.split()[-2],), "us på")
    yield Writing("place", f"VC {region.town}", (region.town,), "från")
    yield from _days(day)
    yield Writing("uid", f"{region.root}.55.1", lead="se bild")
    yield Writing("url", f"https://ris.{region.slug}.exempel.se/{accession}", lead="länk")


def _named(kind: str, name: str, lead: str = "") -> Writing:
    return Writing(kind, name, tuple(_WORD.findall(name)) or (name,), lead)


def _names(woman: Woman) -> Iterator[Writing]:
    first, family = woman.first, woman.family
    for text in (
        f"{first} {family}",
        f"{family}, {first}",
        f"{family} {woman.given}",
        f"{first} {family}".upper(),
        f"{family} {first}".lower(),
        without_marks(f"{first} {family}"),
        without_marks(f"{family}^{woman.given}").upper(),
        f"{family}_{first}",
        f"{family}/{first}",
        f"{first[0]}. {family}",
        f"{family} {first[0]}",
        f"{first} {family}s",
    ):
        yield _named("name", text, "pat")
    yield Writing("name", family, lead="fru")
    yield Writing("name", family.replace("-", " "), lead="Fru")
    yield Writing("name", first, lead="pat heter")
    yield Writing("name", first.replace("-", " "))
    yield Writing("name", f"{first}{family}".replace(" ", ""))
    yield Writing("name", without_marks(f"{family}{first}").replace(" ", "").upper())
    yield Writing("initials", f"{first[0]}.{family[0].upper()}.", lead="pat")
    for part in re.split(r"[\s-]+", f"{woman.given} {family}"):
        if len(part) > 3:
            yield Writing("name", part, lead="obs")


def _numbers(woman: Woman) -> Iterator[Writing]:
    number = woman.number
    if woman.kind is Number.RESERVE:
        yield Writing("number", number, lead="reservnr")
        yield Writing("number", number.replace("-", ""))
        yield Writing("number", number.lower())
        yield Writing("number", number[2:])
        return
    century, six, four = number[:2], number[2:8], number[8:]
    yield Writing("number", f"{century}{six}-{four}", lead="pnr")
    yield Writing("number", f"{six}-{four}", lead="Personnr:")
    yield Writing("number", number)
    yield Writing("number", six + four)
    yield Writing("number", f"{six}+{four}")
    yield Writing("number", f"{six} {four}", lead="pnr")
    yield Writing("number", f"{century}{six} {four}")
    yield Writing("number", f"{six} - {four}")
    yield Writing("number", f"{century}{six[:2]}-{six[2:4]}-{six[4:]}-{four}")
    yield Writing("number", f"{six}_{four}")
    yield Writing("number", f"SE{number}")
    yield Writing("number", f"({six}-{four})")


def _reached(woman: Woman) -> Iterator[Writing]:
    seven = woman.phone[4:]
    yield Writing("phone", woman.phone, lead="tel")
    yield Writing("phone", f"070-{seven[:3]} {seven[3:5]} {seven[5:]}", lead="ring")
    yield Writing("phone", f"+46 70 {seven[:3]} {seven[3:5]} {seven[5:]}", lead="mobil")
    yield Writing("phone", f"0046{'70'}{seven}")
    yield Writing("phone", f"031-{seven[:2]} {seven[2:4]} {seven[4:6]}", lead="Hemtel")
    yield Writing("mail", woman.mail, (woman.mail, "@"), "e-post")
    yield Writing("mail", woman.mail.upper(), (woman.mail.upper(), "@"))
    road = max(woman.street.split(), key=len)
    yield Writing("address", woman.street, (road,), "bor på")
    post = f"{woman.street}, 123 45 {woman.town}"
    yield Writing("address", post, (woman.town, "123 45", road), "Adress:")


def _disguised(woman: Woman) -> Iterator[Writing]:
    """Write her as systems do that lost an encoding, or got one too many."""
    name = f"{woman.first} {woman.family}"
    number = woman.number.replace("-", "")
    tail = f"{number[2:8]}{{0}}{number[8:]}"
    for text in (
        unicodedata.normalize("NFD", name),
        name.replace(" ", "\u00a0"),
        "\u00ad".join((name[:3], name[3:])),
        "\u200b".join((name[:4], name[4:])),
        name.encode().decode("latin-1", "replace"),
        quote(name),
        escape(name).encode("ascii", "xmlcharrefreplace").decode(),
        without_marks(name).replace("A", "\u0410").replace("o", "\u043e"),
        " ".join(woman.family.upper()),
        transcribed(name),
        name.swapcase(),
    ):
        yield Writing("disguised name", text, (max(text.split(), key=len),))
    for text in (
        tail.format("\u2013"),
        tail.format("\u2212"),
        tail.format(" – "),
        tail.format("."),
        f"pnr{number}",
        f"P{number}X",
        f"{number[:4]} {number[4:6]} {number[6:8]} {number[8:]}",
        " ".join(number[2:]),
        "".join(chr(0xFF10 + int(digit)) if digit.isdigit() else digit for digit in number),
    ):
        yield Writing("disguised number", text)


def transcribed(name: str) -> str:
    """Write å, ä and ö as the machine-readable line of a passport does."""
    for letter, two in zip("åäöÅÄÖ", ("aa", "ae", "oe", "Aa", "Ae", "Oe"), strict=True):
        name = name.replace(letter, two)
    return name


def _days(day: date) -> Iterator[Writing]:
    month = MONTHS[day.month - 1]
    yield Writing("date", f"{day:%Y-%m-%d}", lead="jfr us")
    yield Writing("date", f"{day:%Y%m%d}")
    yield Writing(
        "date", f"{day.day}/{day.month} {day.year}", (f"{day.day}/{day.month}",), "tid us"
    )
    yield Writing("date", f"{day.day} {month} {day.year}", (month,), "den")
    yield Writing("date", f"{day:%y%m%d}", lead="us")
    yield Writing("date", f"{day.day}.{day.month}.{day.year}")
    yield Writing("date", f"{day:%d/%m/%Y}", lead="compared with")
    yield Writing("date", f"{day.day} {month[:3]} -{day:%y}", (f"{month[:3]} -{day:%y}",))


def is_latin(text: str) -> bool:
    """Tell whether Latin-1 has all letters of a text."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
