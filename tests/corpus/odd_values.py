"""Traps of every VR: identifiers where they may stand, where only numbers may, and in bytes."""

import struct
from functools import partial

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tests.corpus.key import Action, Answer, Expected
from tests.corpus.paths import put
from tests.corpus.people import Number
from tests.corpus.planting import Planter
from tests.corpus.trap import Finish, Odd, claim
from tests.corpus.writings import Writing, is_latin

# VR, place, kind of identifier, whether it may be refused since no such value is legal
_BY_VR = (
    ("AE", "00400241", "initials", False),
    ("AE", "00080054", "initials", False),
    ("CS", "00180015", "name", True),
    ("CS", "00102203", "name", True),
    ("SH", "00081010", "name", False),
    ("LT", "00187006", "number", False),
    ("LT", "00187062", "mail", False),
    ("PN", "00081048", "staff", False),
    ("PN", "00321032", "name", False),
    ("SH", "00400009", "number", False),
    ("SH", "00102160", "phone", False),
    ("ST", "00080081", "address", False),
    ("ST", "00400280", "date", False),
    ("UC", "00080119", "name", False),
    ("UR", "00081190", "url", False),
    ("UR", "0040E010", "url", False),
    ("UT", "0040A160", "name", False),
    ("ST", "00700006", "number", False),
    ("CS", "00280302", "name", True),
    ("LO", "00281055", "relative", False),
    ("LO", "00080070", "name", True),
    ("LO", "00081090", "name", True),
    ("LO", "00181020", "name", False),
    ("CS", "00185101", "name", True),
    ("SH", "00181250", "name", False),
    ("CS", "00181315", "name", True),
    ("CS", "00080008", "name", True),
    ("LO", "00400275/0/00321060", "staff", False),
    ("SH", "00080094", "phone", False),
    ("LO", "00102000", "hsa", False),
)


def _of_vr(
    made: Dataset, planter: Planter, answer: Answer, *, vr: str, where: str, kind: str
) -> None:
    writing = planter.some(kind, latin=vr in {"AE", "CS", "UR"})
    planter.hidden(made, answer, where, f"VR={vr}", writing=writing)


def _digits(made: Dataset, planter: Planter, answer: Answer, *, vr: str, where: str) -> None:
    """Her number where only numbers stand."""
    woman = planter.visit.woman
    number = woman.phone.replace("-", "") if woman.kind is Number.RESERVE else woman.number
    number = number[-10:] if vr == "IS" and int(number[-10:]) < 1 << 31 else number
    _force(made, int(where, 16), vr, number.encode())
    answer.add(Action.TEXT_REMOVED, where, "number", f"VR={vr}", (number,))


def _force(made: Dataset, tag: int, vr: str, value: bytes) -> None:
    """Have a value written that no library would write with this VR."""
    element = DataElement(Tag(tag), "OB", value + b" " * (len(value) % 2))
    made[tag] = element
    made.__dict__.setdefault("_forced", {})[tag] = vr


def _forced(made: Dataset) -> Finish | None:
    """Rename the VR of forced elements in the bytes; all are of VRs with a short header."""
    forced: dict[int, str] = made.__dict__.get("_forced", {})
    if not forced:
        return None

    def finish(data: bytes) -> bytes:
        for tag, vr in forced.items():
            value = made[tag].value
            head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
            written = head + b"OB\0\0" + struct.pack("<I", len(value)) + value
            assert data.count(written) == 1
            data = data.replace(written, head + vr.encode() + struct.pack("<H", len(value)) + value)
        return data

    return finish


def _illegal(
    made: Dataset, planter: Planter, answer: Answer, *, vr: str, where: str, kind: str
) -> Finish | None:
    """An identifier where its VR allows no such letters."""
    writing = planter.some(kind)
    _force(made, int(where, 16), vr, writing.text.encode("utf-8"))
    claim(answer, where, f"VR={vr}", writing)
    return _forced(made)


def _number(
    made: Dataset, planter: Planter, answer: Answer, *, vr: str, where: str
) -> Finish | None:
    _digits(made, planter, answer, vr=vr, where=where)
    return _forced(made)


def _uid_with_number(made: Dataset, planter: Planter, answer: Answer) -> None:
    woman = planter.visit.woman
    number = woman.phone[4:] + "77" if woman.kind is Number.RESERVE else woman.number
    put(made, "00083010", f"1.2.752.99996.{number}.1")
    answer.add(Action.TEXT_REMOVED, "00083010", "number", "VR=UI", (number,))


def _bytes(
    made: Dataset, planter: Planter, answer: Answer, *, where: str, encoding: str, vr: str
) -> None:
    """A name in bytes of no text VR."""
    writing = planter.some("name")
    value = writing.text.encode(encoding, "replace")
    literals = writing.literals if encoding != "latin-1" else _encodable(writing)
    put(made, where, b"\x01\x00" + value + b"\0" * (len(value) % 2), vr)
    answer.add(Action.TEXT_REMOVED, where, "name", f"VR={vr} {encoding}", literals)


def _encodable(writing: Writing) -> tuple[str, ...]:
    return tuple(literal for literal in writing.literals if is_latin(literal)) or ("\x01none",)


VALUES: tuple[Odd, ...] = (
    *(
        Odd(
            f"vr-{vr.lower()}-{where[-8:]}",
            "engine",
            partial(_of_vr, vr=vr, where=where, kind=kind),
            Expected.EITHER if either else Expected.ADMITTED,
        )
        for vr, where, kind, either in _BY_VR
    ),
    *(
        Odd(f"digits-{vr.lower()}", "engine", partial(_number, vr=vr, where=where), Expected.EITHER)
        for vr, where in (
            ("DS", "00181110"),
            ("IS", "00181152"),
            ("AS", "00101010"),
            ("DA", "00181200"),
            ("TM", "00080032"),
            ("DT", "00181202"),
            ("CS", "00187004"),
            ("UI", "00083010"),
        )
    ),
    *(
        Odd(
            f"illegal-{vr.lower()}",
            "engine",
            partial(_illegal, vr=vr, where=where, kind=kind),
            Expected.EITHER,
        )
        for vr, where, kind in (
            ("AS", "00101010", "initials"),
            ("DA", "00080021", "name"),
            ("DS", "00180060", "name"),
            ("DT", "0008002A", "name"),
            ("IS", "00181150", "name"),
            ("TM", "00080031", "name"),
            ("UI", "00083010", "name"),
            ("CS", "00281040", "name"),
            ("AE", "00400241", "name"),
        )
    ),
    Odd("uid-with-number", "engine", _uid_with_number),
    Odd("bytes-ob", "engine", partial(_bytes, where="00420011", encoding="utf-8", vr="OB")),
    Odd(
        "bytes-ow",
        "engine",
        partial(_bytes, where="00283006", encoding="latin-1", vr="OW"),
        Expected.EITHER,
    ),
    Odd("bytes-un", "engine", partial(_bytes, where="00181F21", encoding="utf-8", vr="UN")),
    Odd("bytes-utf16", "engine", partial(_bytes, where="00420011", encoding="utf-16-le", vr="OB")),
)
