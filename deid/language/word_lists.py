"""The files of words that the first eye reads with: words in sections (`data/*_words.txt`)."""

from collections.abc import Iterator, Mapping
from importlib.resources import files

# Sections whose words make compounds
JOINED = frozenset({"nouns", "verbs", "adjectives"})
_EMPTY: frozenset[str] = frozenset()


def harmless_words() -> tuple[dict[str, frozenset[str]], set[str], set[str]]:
    """Give the harmless words with their sections, those that are joined, and mere prefixes."""
    found: dict[str, frozenset[str]] = {}
    joints: set[str] = set()
    prefixes: set[str] = set()
    for section, words in sections("harmless_words.txt"):
        if section == "prefixes":
            prefixes.update(words)
            continue
        alone = frozenset({section})
        for word in words:
            known = found.get(word)
            found[word] = alone if known is None else known | alone
        if section in JOINED:
            joints.update(words, *(_joints(section, word) for word in words))
    return found, joints, prefixes


def context_words() -> Mapping[str, frozenset[str]]:
    """Give words by what they mean for those beside them."""
    found: dict[str, frozenset[str]] = {}
    for section, words in sections("context_words.txt"):
        found[section] = found.get(section, _EMPTY).union(words)
    return found


def _joints(section: str, word: str) -> Iterator[str]:
    """Give the forms of a word that other words are joined to: "kvinno-", "mät-"."""
    if word[-1] in "ae":
        yield word[:-1]
        if section == "nouns":
            yield from (word[:-1] + "o", word[:-1] + "e", word[:-1] + "u")


def sections(file: str) -> Iterator[tuple[str, list[str]]]:
    """Give the words of a file by line, with the section each line stands in."""
    section = ""
    for line in (files("deid") / "data" / file).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#"):
            yield section, line.split()
