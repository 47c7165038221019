"""Forms of Swedish and English words, so that a word list need only name each word once.

More forms are made than the languages have: what matters is that no name passes for one, and
that is for `deid.lexicon` to see to.
"""

from collections.abc import Callable, Iterator, Mapping

_VOWELS = "aeiouyåäö"
_AFTER_CONSONANT = (
    *("", "s", "en", "ens", "et", "ets", "ar", "ars", "arna", "arnas", "er", "ers", "erna"),
    *("ernas", "n", "ns", "na", "nas"),
)
_AFTER_VOWEL = ("", "s", "n", "ns", "t", "ts", "r", "rs", "rna", "rnas", "er", "erna", "ar", "arna")
_WEAK = ("or", "ors", "orna", "ornas", "ar", "ars", "arna", "arnas", "en", "an", "ans")
_VERB = (
    *("a", "as", "ar", "ade", "ades", "at", "ats", "ad", "ande", "an", "er", "te", "tes", "t"),
    *("ts", "s", "d", "da", "de", "des", "dd", "dda", "tt", "tts", "ning", "ningen", "ningar"),
    *("ningarna", "nings", "bar", "bara", "bart"),
)
_ADJECTIVE = ("", "t", "a", "e", "are", "ast", "aste", "s", "as", "het", "heten", "heter")
_ENGLISH = ("", "s", "es", "ed", "d", "ing", "ly")
_LEAST_ENGLISH, _LEAST_SHORTENED = 4, 4
_LONGEST_ENDING = 8


def noun(word: str) -> Iterator[str]:
    """Give the forms of a noun: numbers, definiteness and genitives."""
    if word[-1] not in _VOWELS:
        yield from (word + ending for ending in _AFTER_CONSONANT)
        if word.endswith("m"):
            yield from (word + "m" + ending for ending in _AFTER_CONSONANT[2:])
        if word.endswith(("el", "er", "en")) and len(word) > _LEAST_SHORTENED:
            yield from (word[:-2] + word[-1] + ending for ending in _AFTER_CONSONANT[2:])
        return
    yield from (word + ending for ending in _AFTER_VOWEL)
    if word[-1] in "ae":
        yield from (word[:-1] + ending for ending in _WEAK)


def verb(word: str) -> Iterator[str]:
    """Give the forms of a verb, named by its infinitive, and the nouns made of it."""
    yield word
    base = word.removesuffix("a")
    yield from (base + ending for ending in _VERB)
    if base.endswith(("mm", "nn")):
        yield from (base[:-1] + ending for ending in ("de", "des", "d", "da", "t", "ts"))
    if base != word:
        return
    yield from (base + ending for ending in ("r", "rs", "ende", "tt", "dda"))


def adjective(word: str) -> Iterator[str]:
    """Give the forms of an adjective or a participle."""
    yield from (word + ending for ending in _ADJECTIVE)
    base = word[:-1]
    if word.endswith("ad"):
        yield from (base + ending for ending in ("t", "de", "des", "ts"))
    elif word.endswith("d"):
        yield from (base + "t", base + "tt")
    elif word.endswith("en"):
        yield from (base + "t", word[:-2] + "na", word[:-2] + "nare")
    elif word.endswith(("al", "el", "er")) and len(word) > _LEAST_SHORTENED:
        yield from (word[:-2] + word[-1] + ending for ending in ("a", "are", "ast"))


def english(word: str) -> Iterator[str]:
    """Give the forms of an English word of any class."""
    yield word
    if len(word) < _LEAST_ENGLISH:
        return
    yield from (word + ending for ending in _ENGLISH)
    if word.endswith("e"):
        yield from (word[:-1] + "ing", word + "d")
    if word.endswith("y"):
        yield from (word[:-1] + "ies", word[:-1] + "ied")


def alone(word: str) -> Iterator[str]:
    """Give a word as it stands."""
    yield word


def bases(word: str) -> Iterator[str]:
    """Give what a word may be a form of; whether it is, its forms tell."""
    yield word
    for end in range(len(word) - 1, max(1, len(word) - _LONGEST_ENDING - 1), -1):
        base = word[:end]
        yield base
        yield base + "a"
        yield base + "e"
        yield base + "y"
        yield base + "d"
        yield base + "en"
        yield f"{base[:-1]}e{base[-1]}"
        yield f"{base}{base[-1]}a"


FORMS: Mapping[str, Callable[[str], Iterator[str]]] = {
    "nouns": noun,
    "verbs": verb,
    "adjectives": adjective,
    "english": english,
    "words": alone,
    "equipment": alone,
    "firm": alone,
}
