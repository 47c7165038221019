"""Read values of raw elements without pydicom's conversion, which warns and quotes."""

from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from struct import unpack_from

from pydicom._uid_dict import UID_dictionary
from pydicom.charset import CODES_TO_ENCODINGS
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid.elements import DEFAULT_ENCODING, known_vr

_ESCAPE = 0x1B
_FIRST = itemgetter(0)

Leaf = DataElement | RawDataElement
Path = tuple[int, ...]


def elements(dataset: Dataset) -> Iterator[tuple[int, Leaf]]:
    """Give the elements of one level in tag order, unconverted."""
    found = [(int(tag), element) for tag, element in dataset.items()]
    found.sort(key=_FIRST)  # as numbers: pydicom's tags compare slowly
    return iter(found)


def items(element: Leaf) -> Sequence | None:
    """Give the items of a sequence; None for everything else."""
    value = element.value
    if type(value) is bytes:
        return None
    return value if isinstance(value, Sequence) else None


def walk(dataset: Dataset, above: Path = ()) -> Iterator[tuple[Path, Leaf, Dataset]]:
    """Give every element at every depth with its path (tags and item numbers) and dataset."""
    for tag, element in elements(dataset):
        path = (*above, tag)
        yield path, element, dataset
        for index, item in enumerate(items(element) or ()):
            yield from walk(item, (*path, index))


def where(path: Path) -> str:
    """Write a path as text, such as "(0040,0275)[0](0008,0050)"."""
    steps = [
        f"[{step}]" if place % 2 else f"({step >> 16:04X},{step & 0xFFFF:04X})"
        for place, step in enumerate(path)
    ]
    return "".join(steps)


def vrs(element: Leaf) -> frozenset[str]:
    """Give what an element may be: what it says, and what PS3.6 says of its tag."""
    return kinds_of(int(element.tag), element.VR)


@lru_cache(maxsize=16384)
def kinds_of(tag: int, said: str | None) -> frozenset[str]:
    """Give what an element of a tag may be that says it is of one VR, or of none."""
    return frozenset(vr for vr in (known_vr(tag), said) if vr and vr != "UN") or frozenset({"UN"})


def raw(element: Leaf) -> bytes:
    """Give the value's bytes; an element someone converted is written out again."""
    value = element.value
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Sequence):
        return b""
    many = value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
    return "\\".join(str(part) for part in many).encode()


def is_registered(uid: str) -> bool:
    """Tell whether a UID is one of the standard's own (PS3.6 Annex A)."""
    return uid in UID_dictionary


def charset_of(dataset: Dataset) -> str | list[str]:
    """Give the codecs a dataset was read with."""
    charset = dataset.original_character_set or DEFAULT_ENCODING
    return charset if isinstance(charset, str) else list(charset)


def decode(value: bytes, charset: str | list[str]) -> str:
    """Decode text as it most likely was meant: UTF-8 if it is, else as declared."""
    if value.isascii():
        return value.decode("ascii")
    declared = [charset] if isinstance(charset, str) else charset
    for codec in ("utf-8", *declared):
        try:
            return value.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    return value.decode("latin-1")


def readings(value: bytes, charset: str | list[str]) -> tuple[str, ...]:
    """Give what a value may say: as UTF-8, as declared, as Latin-1, without zero bytes.

    Code extensions (ISO 2022, PS3.5 §6.1.2.5) are followed. What reads alike is given once.
    """
    if value.isascii() and not {0, _ESCAPE} & {*value}:
        return (value.decode("ascii"),)
    declared = [charset] if isinstance(charset, str) else charset
    bare = value.replace(b"\0", b"").replace(b"\xff\xfe", b" ")  # as in UTF-16
    found = [decode(value, declared) if _ESCAPE not in value else _escaped(value, declared[0])]
    found += [_lenient(value, codec) for codec in (*declared, "latin-1")]
    lax = value.decode("utf-8", "ignore")
    return tuple(dict.fromkeys((*found, lax, bare.decode("latin-1"))))


def _escaped(value: bytes, first: str) -> str:
    """Decode stretches between escape sequences, each by the set its sequence calls."""
    plain, *stretches = value.split(b"\x1b")
    said = [_lenient(plain, first)]
    for stretch in stretches:
        for size in (3, 2):
            codec = CODES_TO_ENCODINGS.get(b"\x1b" + stretch[:size])
            if codec is not None:
                whole = codec.startswith(("iso2022", "iso_ir"))
                said.append(_lenient(b"\x1b" + stretch if whole else stretch[size:], codec))
                break
        else:
            said.append(stretch.decode("latin-1"))
    return "".join(said)


def _lenient(value: bytes, codec: str) -> str:
    try:
        return value.decode(codec, "replace")
    except LookupError:
        return value.decode("latin-1")


def text(element: Leaf, charset: str | list[str]) -> str:
    """Give a value as text without its padding."""
    return decode(raw(element), charset).strip(" \0")


def value_of(dataset: Dataset, tag: int) -> str:
    """Give an element of a dataset as text; empty if there is none."""
    element = dataset.get_item(tag) if tag in dataset else None
    if element is None:
        return ""
    return text(element, charset_of(dataset))


def number(dataset: Dataset, tag: int) -> int:
    """Give an element (US, UL or IS) as a non-negative integer; 0 if there is none."""
    element = dataset.get_item(tag) if tag in dataset else None
    if element is None:
        return 0
    if isinstance(element.value, int):
        return max(int(element.value), 0)
    value = raw(element)
    if "IS" in vrs(element):
        digits = value.split(b"\\")[0].strip(b" \0+")
        return int(digits) if digits.isdigit() and len(digits) <= 9 else 0  # noqa: PLR2004 -- nine digits fit
    return int(unpack_from("<H", value)[0]) if len(value) >= 2 else 0  # noqa: PLR2004 -- US
