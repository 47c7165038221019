"""Invented Swedish women, those around them, and two regions that write them in their own ways.

Birth numbers 980 to 989 are the Swedish Tax Agency's published test numbers: nobody has one.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

DOTLESS_I = "\N{LATIN SMALL LETTER DOTLESS I}"
GIVEN = (
    "Åsa Märta",
    "Britt-Marie",
    "Ängla",
    "Anna-Karin Öllegård",
    "Zeynep",
    "Gunilla",
    "Kerstin Görel",
    "Inga-Lill",
    "Svetlana",
    "Ann-Sofie Elisabet",
    "Fatuma",
    "Märit",
    "Tove",
    "Birgitta",
    "Solveig Åslög",
    "Yvonne",
)
FAMILY = (
    "Sjöström",
    "Hallgren-Sjödin",
    "Åkesson",
    "af Klintberg",
    f"K{DOTLESS_I}l{DOTLESS_I}ç",
    "Ölander",
    "Wåhlstrand",
    "Frisk",
    "Kowalczyk",
    "von Ängsö",
    "Abdirahman Hassan",
    "Lindqvist Öhman",
    "Ek",
    "Björkenstam",
    "Hägglöf",
    "Đorđević",
)
RELATIVES = ("Torbjörn", "Linnéa", "Per-Åke", "Ludmila", "Sigvard", "Ebba-Stina", "Håkan", "Maryam")
STAFF = (
    "Ljungkvist^Örjan",
    "Bergqvist^Stina",
    "Wikander^Tove Louise",
    "Söderblom^Göran",
    "Ståhlgren^Annmari",
    "Papadopoulos^Níkos",
    "Ekelöf^Märtha",
    "Zetterqvist^Jöns",
)
TOWNS = ("Lundberga", "Ödestugan", "Hjälmköping", "Vissnäs", "Ånäsby")
STREETS = ("Sjukvägen 12 B", "Östra Kråkgatan 7", "Björnbärsstigen 114", "Prästgårdsgränd 3 C")


class Number(StrEnum):
    """What kind of number a woman is known by."""

    PERSONAL = "personnummer"
    COORDINATION = "samordningsnummer"
    RESERVE = "reservnummer"


@dataclass(frozen=True)
class Region:
    """How one region writes."""

    slug: str
    charset: str
    root: str
    issuer: str
    hospital: str
    town: str
    station: str
    makers: tuple[tuple[str, str], ...]
    upper: bool
    digits: int
    sign: str
    accession: str


REGIONS = (
    Region(
        slug="vastra",
        charset="ISO_IR 100",
        root="1.2.752.99998.1.20180604",
        issuer="SE-PNR",
        hospital="Östra Vissnäs sjukhus",
        town="Vissnäs",
        station="VSNMG01",
        makers=(
            ("HOLOGIC, Inc.", "Selenia Dimensions"),
            ("LORAD", "Lorad Selenia"),
            ("SECTRA Imtec AB", "MicroDose"),
        ),
        upper=False,
        digits=12,
        sign="-",
        accession="SEVV{0:09d}",
    ),
    Region(
        slug="norra",
        charset="ISO_IR 192",
        root="1.2.752.99997.4711",
        issuer="1.2.752.129.2.1.3.1",
        hospital="Ånäsby lasarett",
        town="Ånäsby",
        station="ANAS_MAMMO_2",
        makers=(
            ("SIEMENS", "Mammomat Inspiration"),
            ("GE MEDICAL SYSTEMS", "Senographe Pristina"),
        ),
        upper=True,
        digits=10,
        sign="",
        accession="N{0:07d}-7",
    ),
)


def check_digit(nine: str) -> int:
    """Give the tenth digit of a personal identity number (Luhn)."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(nine))
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def without_marks(text: str) -> str:
    """Write a text in plain letters, as a system without å, ä, ö does."""
    plain = text.replace(DOTLESS_I, "i").replace("đ", "d").replace("Đ", "D")
    apart = unicodedata.normalize("NFKD", plain)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@dataclass(frozen=True)
class Woman:
    """One woman as the answer key knows her."""

    order: int
    kind: Number
    born: date
    number: str
    given: str
    family: str
    street: str
    town: str
    phone: str
    relative: str

    @property
    def first(self) -> str:
        """The name she is called by."""
        return self.given.split()[0]

    @property
    def mail(self) -> str:
        """Her e-mail address."""
        return without_marks(f"{self.first}.{self.family}").replace(" ", "").lower() + "@exempel.se"

    def pn(self, region: Region) -> str:
        """Write her name as a region does, as PN."""
        name = f"{self.family}^{self.given}"
        return name.upper() if region.upper else name

    def patient_id(self, region: Region) -> str:
        """Write her number as a region does."""
        if self.kind is Number.RESERVE:
            return self.number
        return self.number[-region.digits : -4] + region.sign + self.number[-4:]

    def issuer(self, region: Region) -> str:
        """Who gave the number."""
        return f"RES-{region.slug}" if self.kind is Number.RESERVE else region.issuer

    def age(self, day: date) -> int:
        """Her age on a day."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


def women(count: int, random: Random) -> Iterator[Woman]:
    """Invent women; every fifth has a coordination number, every seventh a reserve number."""
    numbers = set()
    order = 0
    while order < count:
        born = date(1934, 1, 1) + timedelta(days=random.randrange(365 * 49))
        kind = (
            Number.RESERVE
            if order % 7 == 6
            else Number.COORDINATION
            if order % 5 == 4
            else Number.PERSONAL
        )
        day = born.day + 60 * (kind is Number.COORDINATION)
        nine = f"{born:%y%m}{day:02d}98{random.choice('02468')}"
        number = f"{born:%Y}"[:2] + nine + str(check_digit(nine))
        if kind is Number.RESERVE:
            number = f"{born:%Y%m%d}-TF{random.randrange(10, 99)}"
        if number in numbers:
            continue
        numbers.add(number)
        turn = order // len(GIVEN)
        yield Woman(
            order=order,
            kind=kind,
            born=born,
            number=number,
            given=GIVEN[order % len(GIVEN)],
            family=FAMILY[(order + 5 * turn) % len(FAMILY)],
            street=STREETS[order % len(STREETS)],
            town=TOWNS[order % len(TOWNS)],
            phone=f"070-{random.randrange(1000000, 9999999)}",
            relative=RELATIVES[order % len(RELATIVES)],
        )
        order += 1


def person_name(pn: str) -> str:
    """Write a PN as a sentence does."""
    family, _, given = pn.partition("^")
    return f"{given} {family}".strip()
