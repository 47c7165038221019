"""How the scorer reads a result: its words, and every printable thing in its bytes."""

import re
import unicodedata
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO

from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

_WORD = re.compile(r"[^\W_]+")
_ESCAPE = re.compile(rb"\x1b[\x20-\x2f]+[\x30-\x7e]")
_LONE = str.maketrans(
    {"\N{LATIN SMALL LETTER DOTLESS I}": "i", "đ": "d", "ø": "o", "ł": "l", "æ": "ae", "ß": "ss"}
)
_SHORT, _SHORT_WORD = 5, 8


def words_of(text: str) -> tuple[str, ...]:
    """Give the words and numbers of a text, in order."""
    return tuple(_WORD.findall(text))


def in_order(needed: tuple[str, ...], said: tuple[str, ...]) -> int:
    """Count how many of the needed words are said, in their order."""
    place, found = 0, 0
    for word in needed:
        try:
            place = said.index(word, place) + 1
        except ValueError:
            continue
        found += 1
    return found


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """Write a text as it is compared: no case, no marks."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LONE))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=100_000)
def _alone(folded: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(folded)}s?(?![^\W_])")


def says(folded_text: str, literal: str) -> bool:
    """Tell whether a folded text says a literal; a short one counts only as a word of its own."""
    needle = fold(literal)
    if len(needle) < (_SHORT_WORD if needle.isalpha() else _SHORT):
        return _alone(needle).search(folded_text) is not None
    return needle in folded_text


@contextmanager
def as_it_is() -> Iterator[None]:
    """Let pydicom read and write what is not legal, without a word."""
    with warnings.catch_warnings(), disable_value_validation():
        warnings.simplefilter("ignore")
        yield


class Result:
    """One finished file, read by pydicom and by its bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.dataset: FileDataset = dcmread(BytesIO(data), force=False)
        self.pixels: bytes = self.dataset.get("PixelData") or b""
        self._texts: tuple[str, ...] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """All the file's bytes but its pixels, folded, in every encoding they may be read in."""
        if self._texts is None:
            rest = self._inflated()
            if len(self.pixels) > 64:
                rest = rest.replace(self.pixels, b"\0", 1)
            plain = _ESCAPE.sub(b"", rest)
            readings = {
                plain.decode("latin-1"),
                plain.decode("utf-8", "replace"),
                rest[len(rest) % 2 :].decode("utf-16-le", "replace"),
                rest[: len(rest) // 2 * 2].decode("utf-16-le", "replace"),
                rest[: len(rest) // 2 * 2].decode("utf-16-be", "replace"),
            }
            self._texts = tuple(_fold_all(text) for text in readings)
        return self._texts

    def _inflated(self) -> bytes:
        if self.dataset.file_meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            return self.data
        start = 144 + self.dataset.file_meta.FileMetaInformationGroupLength
        return self.data[:start] + zlib.decompress(self.data[start:], -zlib.MAX_WBITS)

    def leaks(self, literal: str) -> bool:
        """Tell whether a literal is anywhere in the file but its pixels."""
        return any(says(text, literal) for text in self.texts)


def _fold_all(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LONE))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words_said(dataset: Dataset) -> frozenset[str]:
    """Give every folded word that any text of a dataset says."""
    return frozenset(
        word for element in dataset.iterall() for word in words_of(fold(str(element.value)))
    )
