"""How much is found, and how much is kept, of phrases that were written before the vocabulary."""

import re
from collections import Counter
from pathlib import Path

import pytest

from deid.language.cleaning import TextCleaner
from deid.language.lexicon import load_lexicon
from tests.deid.identified import identified

FOLDER = Path(__file__).parent
WORD = re.compile(r"[^\W_]+")
PLANTED = re.compile(r"\{(.*?)\}")
TAG = re.compile(r"<[^>]*>")
# A title goes with its name
TITLED = re.compile(r"\b(?:dr|doktor|docent|prof|fru|herr|öl|mrs?)\.?\s(?=\{)", re.IGNORECASE)


def phrases(file: str) -> list[str]:
    lines = (FOLDER / file).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def cleaner() -> TextCleaner:
    return TextCleaner(load_lexicon(), identified())


@pytest.mark.parametrize("half", [0, 1])
def test_harmless_words_are_kept(cleaner: TextCleaner, half: int) -> None:
    said = kept = 0
    for phrase in phrases("harmless_phrases.txt")[half::2]:
        words, left = (Counter(WORD.findall(text)) for text in (phrase, cleaner.clean(phrase).text))
        said += words.total()
        kept += (words & left).total()
    print(f"harmless_words_kept_half_{half}={kept / said:.4f}")
    assert said > 500
    assert kept / said >= 0.995


@pytest.mark.parametrize("half", [0, 1])
def test_planted_identifiers_are_gone(cleaner: TextCleaner, half: int) -> None:
    leaking = []
    for phrase in phrases("planted_phrases.txt")[half::2]:
        around = Counter(WORD.findall(TAG.sub("", PLANTED.sub("\0", phrase))))
        left = Counter(WORD.findall(cleaner.clean(re.sub("[{}]", "", phrase)).text))
        leaking += [phrase] if left - around else []
    assert leaking == []


def test_words_of_later_texts_are_kept(cleaner: TextCleaner) -> None:
    said = kept = 0
    for phrase in phrases("harmless_texts.txt"):
        words, left = (Counter(WORD.findall(text)) for text in (phrase, cleaner.clean(phrase).text))
        said += words.total()
        kept += (words & left).total()
    assert said > 1_500
    assert kept / said >= 0.995


def test_identifiers_of_later_texts_are_gone(cleaner: TextCleaner) -> None:
    leaking = []
    for phrase in phrases("planted_texts.txt"):
        around = Counter(WORD.findall(PLANTED.sub("\0", phrase)))
        left = Counter(WORD.findall(cleaner.clean(re.sub("[{}]", "", phrase)).text))
        leaking += [phrase] if left - around else []
    assert leaking == []


@pytest.mark.parametrize("half", [0, 1])
def test_words_around_planted_identifiers_are_kept(cleaner: TextCleaner, half: int) -> None:
    said = kept = 0
    for phrase in phrases("planted_phrases.txt")[half::2]:
        untitled = TITLED.sub("", phrase)
        around = Counter(WORD.findall(TAG.sub("", PLANTED.sub("\0", untitled))))
        left = Counter(WORD.findall(cleaner.clean(re.sub("[{}]", "", phrase)).text))
        said += around.total()
        kept += (around & left).total()
    print(f"words_around_kept_half_{half}={kept / said:.4f}")
    assert kept / said >= 0.95
