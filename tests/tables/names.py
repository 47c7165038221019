"""Regenerate deid/data/names.txt from the packages `faker` and `mimesis` (both MIT licensed).

Neither is installed with this project. In a folder of one's own:

    python -m venv names && names/bin/pip install faker==40.54.0 mimesis==22.2.0
    names/bin/python tests/tables/names.py > deid/data/names.txt

What is taken are the given and family names of Sweden, of its neighbours and of the countries
that many of its people come from, in Latin letters, of two letters or more.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from re import compile as compile_pattern
from unicodedata import normalize

FAKER = [
    "az_AZ",
    "da_DK",
    "en_GB",
    "et_EE",
    "fi_FI",
    "hr_HR",
    "hu_HU",
    "lt_LT",
    "lv_LV",
    "no_NO",
    "pl_PL",
    "ro_RO",
    "sv_SE",
    "sw",
    "tr_TR",
]
FAKER_GIVEN = ["de_DE", "es_ES"]
MIMESIS = ["da", "fi", "hr", "hu", "no", "pl", "sv", "tr"]
NAME = compile_pattern(r"[^\W\d_]{2,}")
LATIN = compile_pattern("[A-Za-zÀ-ɏ]+")


def from_faker(kind: str) -> Iterator[str]:
    """Give every name of one kind (first or last) of faker's chosen countries."""
    countries = FAKER + (FAKER_GIVEN if kind == "first" else [])
    for country in countries:
        provider = import_module(f"faker.providers.person.{country}").Provider
        for field in dir(provider):
            found = getattr(provider, field)
            if field.startswith(f"{kind}_name") and not callable(found):
                yield from found


def from_mimesis(kind: str) -> Iterator[str]:
    """Give every name of one kind (names or surnames) of mimesis' chosen languages."""
    for language in MIMESIS:
        path = files("mimesis") / "datasets" / language / "person.json"
        found = json.loads(path.read_text("utf-8")).get(kind, [])
        for names in found.values() if isinstance(found, dict) else [found]:
            yield from names


def words(names: Iterator[str]) -> list[str]:
    """Split names into words, in small letters, each once."""
    small = (normalize("NFC", word.casefold()) for name in names for word in NAME.findall(name))
    return sorted({word for word in small if LATIN.fullmatch(word)})


def main() -> None:
    """Write the file."""
    given = words(name for found in (from_faker("first"), from_mimesis("names")) for name in found)
    family = words(
        name for found in (from_faker("last"), from_mimesis("surnames")) for name in found
    )
    print("# Given and family names of people in Sweden; made by tests/tables/names.py.")
    print(f"# source: PyPI faker {version('faker')}, (c) 2012 Daniele Faraglia, MIT licence")
    print(f"# source: PyPI mimesis {version('mimesis')}, (c) 2016 Isaak Uchakaev, MIT licence")
    for kind, found in (("given", given), ("family", family)):
        print(f"[{kind}]")
        line = ""
        for word in found:
            if len(line) + len(word) >= 99:
                print(line)
                line = ""
            line = f"{line} {word}".strip()
        print(line)


if __name__ == "__main__":
    main()
