"""Cleaning takes time in proportion to the text, whatever stands in it."""

from collections.abc import Callable
from time import process_time

import pytest

from deid.identity.identifying import Role
from deid.identity.needles import MOST, traces
from deid.language.cleaning import LONGEST, TextCleaner
from deid.language.lexicon import load_lexicon
from tests.deid.identified import identified

LESS, MORE = 10_000, 40_000
FORMS = {
    "one doubtful word beside another": "klara * Xqzwv",
    "one long word": "aaaaaa*",
    "a long word without an address": "@ aaaaaa*",
    "addresses": "a@b *",
    "fractions": "12/3 *",
    "comments that do not end": "<!-- *",
    "dots behind a backslash": "\\ ......*",
    "words": "a *",
    "known abbreviations": "fr.o.m *",
    "labels": "nr:* 12",
    "hosts": "se.*!",
    "stations": "rum11.*",
    "brackets": "anna((((((*))))))*anna",
    "groups of RTF": "{\\rtf{{{{{{*}}}}}}*",
    "days": "17-04 *",
    "numbers": "1 *",
}


def grown(form: str, size: int) -> str:
    *repeated, end = form.split("*")
    return "".join(part + part[-6:] * (size // 6 // len(repeated)) for part in repeated) + end


def seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_four_times_the_text_takes_some_four_times_as_long(form: str) -> None:
    def least(size: int) -> float:
        text = grown(form, size)
        cleaners = (TextCleaner(load_lexicon(), identified("anna")) for _ in range(3))
        return min(seconds(lambda one=one: one.clean(text)) for one in cleaners)

    short, long = least(LESS), least(MORE)
    assert long < max(9 * short, 0.03)  # of a square it would be 16 times


@pytest.mark.parametrize("role", [Role.PHONE, Role.COMMENT, Role.IDENTIFIER, Role.ADDRESS])
@pytest.mark.parametrize("form", ["aaaaaa*", "@ aaaaaa*", "a@b.se *", "1 *"])
def test_what_to_look_for_is_found_in_such_time_too(role: Role, form: str) -> None:
    def least(size: int) -> float:
        text = grown(form, size)
        return min(seconds(lambda: traces.__wrapped__(role, text)) for _ in range(3))

    short, long = least(LESS), least(MORE)
    assert long < max(9 * short, 0.03)


def test_many_numbers_of_hers_are_sought_at_once() -> None:
    numbers = tuple(str(7_000_000 + 37 * place) for place in range(10_000))
    text = " ".join(f"{number[:3]} {number[3:]}" for number in numbers)[:LONGEST]
    cleaner = TextCleaner(load_lexicon(), identified(numbers=numbers))
    assert seconds(lambda: cleaner.clean(text)) < 5  # 0.5 on an idle core; each by each, 60


@pytest.mark.parametrize("text", ["a " * 2_000_000, "klara " * 700_000, "\ufdfa" * LONGEST])
def test_a_text_that_is_too_long_is_taken_out_whole(text: str) -> None:
    cleaner = TextCleaner(load_lexicon(), identified())
    assert seconds(lambda: cleaner.clean(text)) < 3
    assert cleaner.clean(text) == ("", 1)
    assert not cleaner.harmless(text)


def test_needles_are_no_longer_made_when_there_are_too_many() -> None:
    words = (
        f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}qx" for n in range(9000)
    )
    assert len(traces.__wrapped__(Role.NAME, "^".join(words)).needles) == MOST + 1
