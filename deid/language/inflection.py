"""Forms of Swedish and English words, so that a word list need only name each word once.

More forms are made than the languages have: what matters is that no name passes for one, and
that is for `deid.language.lexicon` to see to.
"""

from collections.abc import Callable, Iterator, Mapping
from re import compile as compile_pattern

_VOWELS = "aeiouyåäö"
_AFTER_CONSONANT = (
    *("", "s", "en", "ens", "et", "ets", "ar", "ars", "arna", "arnas", "er", "ers", "erna"),
    *("ernas", "n", "ns", "na", "nas"),
)
_AFTER_VOWEL = (
    "",
    "s",
    "n",
    "ns",
    "t",
    "ts",
    "r",
    "rs",
    "rna",
    "rnas",
    "na",
    "nas",
    "er",
    "erna",
    "ar",
    "arna",
)
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


# Endings that make words of words and that names hardly have: of 147 000 names on no list of ours,
# from all countries of faker, mimesis and names, 16 have such an ending and so many letters
_LEAST_DERIVED = 8
_DERIVED = compile_pattern(
    r"[^\W\d_]{3,}(?:"
    # Swedish nouns
    "ning(?:en|ar|arna)s?|ering(?:en|ar|arna|ens)|ningens|ningsbar"
    "|itet(?:en|er)?s?|(?:lig|bar|sam|ad|isk)het(?:en|er|s)?"
    "|iser(?:ing|ingen|ad|ade|at|ats|as|ar)|er(?:ad|ade|at|ats|ar|ades|ande|andet)|tion(?:en"
    "|er|erna)s?"
    "|graf(?:i|in|ier|isk|iskt|iska)|ologi(?:n|sk|skt|ska)?|skopi(?:n|er|sk|skt|ska)?"
    "|ektomi(?:n|er)?"
    "|metri(?:n|sk|skt|ska)?|plastik(?:en|er)?|ektasi(?:er)?|patisk(?:t|a)?"
    "|trofi(?:n|sk|skt|ska)?|trop(?:isk|iskt|iska)"
    "|ton(?:isk|iskt|iska)|lyt(?:isk|iskt|iska)"
    "|peni(?:sk|skt|ska)|plasi(?:n|er)|osis|cytos|centes|grammet|desis"
    # Swedish adjectives
    "|[tngrmsd]isk(?:t|a)|[tngrm]isk|lig(?:t|are|ast|en)|smässig(?:t|a)?|aktig(?:t|a)?"
    "|form(?:ig|igt|iga|ad|ade|at)"
    "|känslig(?:t|a)?|bunden|bundet|bundna|fullt|fulla|iellt|ellt|ativ|ativa|ativt|ivt|löst"
    "|lösa|rikt|sidig(?:t|a)?"
    "|årig(?:t|a)?|delad(?:e)?|[ts]ande(?:t|ts)?|kande|dande|isering(?:s)?"
    # English
    "|iz(?:ed|es|ing|ation|ations)|is(?:ed|ation|ations)|[tlcdgpvs]ations?|rations?|nations"
    "|ational|itional|(?:uc|ec|ic|lu|o)tions?"
    "|(?:os)?itions?|[sru]sions?|ssions?|[ao]bility|ib?ilit(?:y|ies)|ivit(?:y|ies)|[on]sity"
    "|osities|idity|ality|acity"
    "|ologic(?:al|ally)?|ologists?|ology|graph(?:y|ic|ical|ically)|oscop(?:y|ic|ically)"
    "|ectom(?:y|ies)|[aeio]tomies|otomy|ostomy"
    "|plasty|pathic|emic|itic|genic|oidal|ically|[a-z]tively|antly|ently|ously|ially|ionally"
    "|lessly|ulous|inous|enous|neous"
    "|[ai]tive|[ou]tive|ective|uctive|ptive|nsive|ssive|[aour]sive|[aeino]tical|aphical"
    "|metrical|[dn]ment|ments|lness|ifi(?:ed|es)"
    "|ifying|ating|ated"
    ")"
)


# Swedish strong verbs and participles behind their particles: "utdragna", "återkommit"
_STRONG = compile_pattern(
    "(?:an|av|be|bi|bort|efter|fast|fram|från|för|förbi|före|genom|hem|hop|ihop|in|isär|kring"
    "|kvar|lös|med|mot|ned"
    "|ner|om|på|runt|sam|samman|till|undan|under|upp|ut|vidare|åter|över|ny|själv|hel|halv|fel"
    "|rätt|väl|o|miss){1,2}"
    "(?:drag(?:en|et|na|it|its)|drogs?|komm(?:en|et|it)|komna|kom|tag(?:en|et|na|it|its)|togs?|tas"
    "|giv(?:en|et|na|it|its)|gavs?|gett|getts|gång(?:en|et|na)|gått|gick|går|gås"
    "|skriv(?:en|et|na|it|its)|skrevs?|lag(?:d|da|t|ts)|lade|lades|satt|satta|satte|satts|sattes"
    "|ställ(?:d|da|t|ts|de|des)|håll(?:en|et|na|it|its)|hölls?|fall(?:en|et|na|it)|föll"
    "|slag(?:en|et|na|it|its)|slogs?|slut(?:en|et|na|it)|brut(?:en|et|na|it|its)|bröts?"
    "|bur(?:en|et|na|it|its)"
    "|skur(?:en|et|na|it|its)|bund(?:en|et|na|it|its)|funn(?:en|et|it|its)|funna|vunn(?:en|et"
    "|it)|vunna|stig(?:en|it)"
    "|skjut(?:en|et|na|it|its)|sköts?|flut(?:en|et|na|it)|vrid(?:en|et|na|it|its)|vik(?:en|et"
    "|na|it|its)"
    "|riv(?:en|et|na|it|its)|bjud(?:en|et|na|it|its)|bjöds?|sänd(?:a|e|es)?|sänts?|förd(?:a|e"
    "|es)?|förts?"
    "|gjord(?:a|e|es)?|gjorts?|sedd(?:a)?|setts?|sågs?|stått|stod|stådd|lämna(?:d|de|t|ts|des)"
    "|växt|vuxit|vux(?:en|et|na)"
    "|ring(?:d|t|de|des)|läst(?:a|e|es)?|lästs|lyft(?:a|e|es)?|flytta(?:d|de|t|ts|des)"
    "|kalla(?:d|de|t|ts|des)|bokats?"
    "|byggd(?:a)?|byggt|köpts?|köpt(?:a|e)?|löpt|lyst(?:a|e)?|mäts?|mätt(?:a|e|es)?|mätts"
    "|ansatt|pekats?|pressa(?:d|de|t)"
    "|räkna(?:d|de|t|ts)|remittera(?:d|de|t|ts)|söka|sök(?:er|te|tes|ts)|talat?|täckt(?:a|e"
    "|es)?|täckts|tryckt(?:a|e)?"
    "|tänkt(?:a|e)?|vald(?:a|e|es)?|valts?|vänd(?:a|e|es)?|vänts?|värderat?|visats?|vägt|ökats?)"
)


def is_derived(word: str) -> bool:
    """Tell whether a word is made by an ending that names do not have, as "-ering" with a form."""
    if len(word) >= _LEAST_DERIVED and _DERIVED.fullmatch(word):
        return True
    return _STRONG.fullmatch(word) is not None


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
