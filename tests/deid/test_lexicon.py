import subprocess
import sys
from time import process_time

import pytest

from deid.language.inflection import FORMS, bases
from deid.language.lexicon import Kind, Lexicon, bare, load_lexicon, small
from tests.tables import words as terms


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon()


@pytest.mark.parametrize(
    "words",
    [
        "screening mammografi bröst brost vä hö mlo cc tomo selenia senographe mammomat pristina",
        "clip breast breasts calcification undersökningen förkalkningar körtlarna granskades",
        "oförändrat spikulerad fibroglandular recommended",
    ],
)
def test_words_of_breast_imaging_are_harmless(lexicon: Lexicon, words: str) -> None:
    assert all(lexicon.is_harmless(word) for word in words.split())


@pytest.mark.parametrize(
    "word",
    [
        *("bröstcancerscreening", "mammografiundersökning", "brostcancerscreening"),
        *("tomosyntesrekonstruktion", "ultraljudsledd", "kvinnosjukdom", "axillmetastas"),
    ],
)
def test_a_compound_of_known_parts_is_harmless(lexicon: Lexicon, word: str) -> None:
    assert lexicon.is_harmless(word)


@pytest.mark.parametrize(
    "word",
    [
        *("obegriplighet", "rekognosceringen", "xenografisk", "colocalization", "utdragna"),
        *("återkommit", "postprocessed", "multiparametrisk"),
    ],
)
def test_a_word_is_known_by_an_ending_or_a_beginning_that_no_name_has(
    lexicon: Lexicon, word: str
) -> None:
    assert lexicon.is_harmless(word)


@pytest.mark.parametrize(
    "word",
    [
        *("ballard", "barratt", "benton", "balford", "axelrod", "himmelmann", "kramfors"),
        *("johanning", "fernande", "kerrisk", "vainionpää", "tymoshenko", "okonkwo", "quach"),
    ],
)
def test_a_name_is_no_compound_and_not_derived(lexicon: Lexicon, word: str) -> None:
    assert not lexicon.is_harmless(word)


@pytest.mark.parametrize(
    "word",
    [
        "bröstxyz",
        "xyzbröst",
        "brö",
        "zzz",
        "bildström",
        "stjärnström",
        "fältskog",
        "fruandersson",
        "",
    ],
)
def test_a_compound_with_an_unknown_part_is_unknown_or_a_name(lexicon: Lexicon, word: str) -> None:
    assert lexicon.judge(word) in {Kind.UNKNOWN, Kind.NAME}


@pytest.mark.parametrize(
    "word",
    [
        *("andersson", "anderssons", "öberg", "oberg", "karin", "göran", "goran", "lindqvist"),
        *("mohamed", "fatima", "nguyen", "kowalska", "gebremedhinsson", "åkerblom", "lund", "berg"),
    ],
)
def test_names_are_names_however_spelled(lexicon: Lexicon, word: str) -> None:
    assert lexicon.judge(word) is Kind.NAME
    assert lexicon.is_name(word)


@pytest.mark.parametrize("word", ["stenqvist", "hallström", "ekmark", "sandgren", "ovesson"])
def test_surnames_are_known_by_their_parts(lexicon: Lexicon, word: str) -> None:
    assert lexicon.is_family(word)
    assert not lexicon.is_harmless(word)


@pytest.mark.parametrize("word", ["frisk", "stark", "mars", "maj", "april", "ström"])
def test_words_that_are_names_too_are_doubtful(lexicon: Lexicon, word: str) -> None:
    assert lexicon.judge(word) is Kind.DOUBTFUL
    assert not lexicon.is_harmless(word)


def test_a_form_that_is_a_name_is_a_name(lexicon: Lexicon) -> None:
    # "göra" and "han" are words; "Göran" and "Karl" (of "kärl") are people
    assert {lexicon.judge(word) for word in ("göran", "karl", "mats")} == {Kind.NAME}


def test_no_listed_name_is_harmless_but_firm_words(lexicon: Lexicon) -> None:
    firm = {word for word, sections in lexicon.bases.items() if "firm" in sections}
    names = lexicon.given | lexicon.family
    assert {word for word in names - firm if lexicon.is_harmless(word)} == set()


def test_words_and_names_are_many(lexicon: Lexicon) -> None:
    assert len(lexicon.listed) > 7_000
    assert len(lexicon.given) > 10_000
    assert len(lexicon.family) > 6_000


def test_unknown_words_are_not_remembered(lexicon: Lexicon) -> None:
    assert lexicon.judge("xyzzyström-okänd") is Kind.UNKNOWN
    assert not any("xyzzy" in word for word in (*lexicon.judged, *lexicon.split))
    assert "xyzzy" not in repr(lexicon)


def test_writings_are_folded() -> None:
    assert (small("ÖBERG"), small("O\u0308berg")) == ("öberg", "öberg")
    assert [bare(word) for word in ("Öberg", "ÅSA", "Søren", "ł", "MLO")] == [
        *("oberg", "asa", "soren", "l", "mlo"),
    ]


@pytest.mark.parametrize(
    ("section", "base"),
    [
        *(("nouns", "bröst"), ("nouns", "kvinna"), ("nouns", "märke"), ("nouns", "körtel")),
        *(("nouns", "program"), ("verbs", "granska"), ("verbs", "stå"), ("english", "biopsy")),
        *(("adjectives", "känd"), ("adjectives", "rundad"), ("adjectives", "öppen")),
        *(("adjectives", "dubbel"), ("english", "mass"), ("words", "pga"), ("firm", "och")),
    ],
)
def test_every_form_leads_back_to_its_word(section: str, base: str) -> None:
    assert all(base in set(bases(form)) for form in FORMS[section](base))


def test_terms_are_as_the_script_makes_them() -> None:
    # In a process of its own: pynetdicom adds names of its own to pydicom's.
    made = subprocess.run(
        [sys.executable, "-m", "tests.tables.words"], capture_output=True, text=True, check=True
    )
    assert terms.committed() == made.stdout


def test_loading_is_quick() -> None:
    load_lexicon.__wrapped__()
    start = process_time()
    load_lexicon.__wrapped__()
    assert process_time() - start < 1  # 0.03 on an idle core; the bound is for a busy one
