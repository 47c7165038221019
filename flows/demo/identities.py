"""Invented women, care providers and staff of the demonstration. Nobody here exists.

The birth numbers lie between 980 and 999, the series that the Swedish Tax Agency uses in its
published list of test numbers, and every check digit is right, so that software that validates
personnummer accepts them. Whether a given number is in that list has not been checked.
"""

from dataclasses import dataclass

from flows.demo.mammogram import Machine

REGION = "Region Österskog"


def check_digit(nine_digits: str) -> int:
    """Return the Luhn check digit of a personnummer's first nine digits."""
    products = (int(digit) * (2 - place % 2) for place, digit in enumerate(nine_digits))
    return -sum(product // 10 + product % 10 for product in products) % 10


@dataclass(frozen=True, repr=False)
class Woman:
    """An invented woman, with what hospitals know of her."""

    family: str
    given: str
    birth_name: str
    born: str  # YYYYMMDD
    birth_number: str  # three digits, even for a woman
    address: str
    telephone: str
    history: str
    coordination: bool = False

    @property
    def twelve(self) -> str:
        """Her personnummer or samordningsnummer (day + 60), twelve digits without a hyphen."""
        day = int(self.born[6:]) + (60 if self.coordination else 0)
        digits = f"{self.born[:6]}{day:02d}{self.birth_number}"
        return f"{digits}{check_digit(digits[2:])}"

    @property
    def long(self) -> str:
        """The same as YYYYMMDD-NNNN."""
        return f"{self.twelve[:8]}-{self.twelve[8:]}"

    @property
    def short(self) -> str:
        """The same as YYMMDD-NNNN."""
        return self.long[2:]

    @property
    def person_name(self) -> str:
        """Her name as a DICOM PN value."""
        return f"{self.family}^{self.given}"

    @property
    def banner(self) -> str:
        """Her name as a workstation shows it."""
        return f"{self.family.upper()}, {self.given}"

    def age(self, date: str) -> str:
        """Her age on a date as a DICOM AS value."""
        years = int(date[:4]) - int(self.born[:4]) - (date[4:] < self.born[4:])
        return f"{years:03d}Y"


@dataclass(frozen=True, repr=False)
class Provider:
    """An invented care provider (vårdgivare), its unit, its staff and its machines."""

    slug: str
    name: str
    organisation_number: str
    hsa_id: str
    unit: str
    address: str
    department: str
    accession_prefix: str
    charset: str
    referrer: str
    radiologist: str
    operator: str
    application: str
    machines: tuple[Machine, ...]


ASA = Woman(
    "Öhrström",
    "Åsa Märta",
    "Sjöberghielm",
    "19570312",
    "980",
    "Lärkvägen 14, 999 14 Österskoga",
    "070-555 01 57",
    "Modern Ingegärd Sjöberghielm hade bröstcancer, 48 år",
)
BIRGITTA = Woman(
    "Ängquist-Lööf",
    "Birgitta",
    "Ängquist",
    "19490805",
    "982",
    "Norra Ågatan 3 B, 999 20 Österskoga",
    "070-555 01 49",
    "Tidigare lumpektomi höger bröst",
)
MARTA = Woman(
    "Västerhåll",
    "Märta-Greta",
    "Hjältevad",
    "19301127",
    "984",
    "Äldreboendet Björkdungen, 999 31 Älvdala",
    "070-555 01 30",
    "Remitterad pga knöl, kommer med dottern Gun-Marie Västerhåll",
)
ZOFIA = Woman(
    "Wójcik-Sandgärde",
    "Zofia",
    "Wójcik",
    "19680923",
    "986",
    "Prästgårdsbacken 7, 999 33 Älvdala",
    "070-555 01 68",
    "Behöver polsk tolk",
    coordination=True,
)
WOMEN = (ASA, BIRGITTA, MARTA, ZOFIA)

OSTERSKOG = Provider(
    slug="osterskog",
    name="Österskogs universitetssjukhus",
    organisation_number="232199-0018",
    hsa_id="SE2321990018-1001",
    unit="Österskogs universitetssjukhus, Mammografin",
    address="Lasarettsgatan 1, 999 01 Österskoga",
    department="Bröstradiologen Österskoga",
    accession_prefix="OSK",
    charset="ISO_IR 100",
    referrer="Remissgård^Örjan^^Dr",
    radiologist="Granskarö^Lovisa^^Dr",
    operator="Skötergren^Berit",
    application="OSKMG_STORE",
    machines=(
        Machine("HOLOGIC, Inc.", "Selenia Dimensions", "OSK81006001", "1.9.1", "OSKMG01",
                "DIRECT", 0.07),
        Machine("SIEMENS", "Mammomat Inspiration", "OSK2417", "VB30P", "OSKMG02",
                "DIRECT", 0.085),
        Machine("Philips Digital Mammography Sweden AB", "L30", "OSKP352", "9.0.1",
                "OSKMG03", "DIRECT", 0.05),
    ),
)  # fmt: skip
ALVDALA = Provider(
    slug="alvdala",
    name="Bröstmottagningen Älvdala AB",
    organisation_number="559999-0123",
    hsa_id="SE5599990123-2001",
    unit="Bröstmottagningen Älvdala",
    address="Stationstorget 5, 999 30 Älvdala",
    department="Screeningenheten Älvdala",
    accession_prefix="ALV",
    charset="ISO_IR 192",
    referrer="Husläkarsson^Göran^^Dr",
    radiologist="Dubbelgransk^Yvonne^^Dr",
    operator="Rönthagen^Åke",
    application="ALVPACS",
    machines=(
        Machine("GE MEDICAL SYSTEMS", "Senographe Essential", "ALV3390077", "ADS_55.40",
                "ALVMG1", "SCINTILLATOR", 0.1),
        Machine("FUJIFILM Corporation", "AMULET Innovality", "ALV65410012", "V9.0",
                "ALVMG2", "DIRECT", 0.05),
    ),
)  # fmt: skip
PROVIDERS = (OSTERSKOG, ALVDALA)
