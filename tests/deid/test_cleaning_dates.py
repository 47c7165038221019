"""What tells when somebody was born or seen goes from free text; what only looks so stays."""

import pytest

from deid.language.cleaning import TextCleaner
from deid.language.lexicon import load_lexicon
from tests.deid.identified import identified


@pytest.fixture(scope="module")
def cleaner() -> TextCleaner:
    return TextCleaner(load_lexicon(), identified())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        *(("kvinna 97", "kvinna"), ("ålder 97", "ålder"), ("age 97", "age"), ("97 bast", "")),
        *(
            ("97 - årig", ""),
            ("97 ar", ""),
            ("kvinna, 97, knöl", "kvinna, knöl"),
            ("97y knöl", "knöl"),
        ),
        *(("nittiosju år, knöl", "knöl"), ("hundratre år", ""), ("ninety-one years", "")),
    ],
)
def test_ages_that_few_reach_go(cleaner: TextCleaner, text: str, left: str) -> None:
    assert cleaner.clean(text).text == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        *(("1947 8 2", ""), ("8-2-47", ""), ("47 mm 08 mm 02", ""), ("47x08x02", "")),
        *(("kvinna från 47", "kvinna från"), ("året 1947", "året"), ("född -47", "född")),
        *(("den andra augusti", ""), ("årgång 47", ""), ("anamnes 1947 knöl", "anamnes knöl")),
    ],
)
def test_days_and_years_of_birth_go(cleaner: TextCleaner, text: str, left: str) -> None:
    assert cleaner.clean(text).text == left


@pytest.mark.parametrize(
    "date",
    [
        *(
            "vecka 16",
            "v 16",
            "v.16",
            "v16",
            "V16",
            "week 16",
            "v 16-17",
            "17-04",
            "04-17",
            "24-12",
        ),
        *(
            "04 17 23",
            "17 04 23",
            "påsk",
            "jul",
            "midsommar",
            "kvartal 2 2023",
            "Q2 2023",
            "Q2-2023",
        ),
        *(
            "kvartal 2",
            "dag 107",
            "2023-107",
            "mars",
            "april",
            "Maj",
            "October",
            "augusti 2023",
            "tredje maj 2019",
            "the third of March",
        ),
        *("majkontroll", "julhelgen", "novemberkontroll", "2 mars 2021", "_2 mars 2021"),
    ],
)
def test_what_tells_how_far_a_date_was_moved_goes(cleaner: TextCleaner, date: str) -> None:
    assert cleaner.clean(f"klipp {date} hö").text in {"klipp hö", "klipp_hö"}


def test_a_date_between_underlines_goes_whole(cleaner: TextCleaner) -> None:
    assert cleaner.clean("R_CC_2 mars 2021_2 mars 2021").text == "R_CC"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "v 10 mm",
            "gravid vecka 20",
            "gravid v 20",
            "kontroll om 6 v",
            "version v 1.2",
            "V-grad",
        ),
        *(
            "kl 10-12",
            "kl 11-12 hö",
            "bild 10-12",
            "10-12 mm",
            "Q2 hö",
            "dag 5",
            "it may be benign",
        ),
        *("12 x 10 x 8 mm", "28 kV 97 mAs", "97 mm", "kv 97", "kvinna 57", "57 år", "2019"),
        *("cysta 12 mm 10 mm 11 mm", "1950 g", "från 40 till 50 mm", "age 57"),
    ],
)
def test_measures_and_intervals_stay(cleaner: TextCleaner, text: str) -> None:
    assert cleaner.clean(text) == (text, 0)
