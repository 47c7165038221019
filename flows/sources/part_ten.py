"""The header of a DICOM file, PS3.10 §7.1, before a data set that came over the network.

The same object always gets the same header, however it came and whoever sent it, so that it is
known again.
"""

import struct

from deid.headers.statements import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION


def file_header(sop_class: str, sop_uid: str, transfer_syntax: str) -> bytes:
    """Give preamble, prefix and File Meta Information of an object."""
    meta = b"".join(
        (
            struct.pack("<HH2s2xL2s", 0x0002, 0x0001, b"OB", 2, b"\0\1"),
            _ui(0x0002, sop_class),
            _ui(0x0003, sop_uid),
            _ui(0x0010, transfer_syntax),
            _ui(0x0012, IMPLEMENTATION_CLASS),
            _short(0x0013, b"SH", IMPLEMENTATION_VERSION.encode(), b" "),
        )
    )
    length = struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, len(meta))
    return bytes(128) + b"DICM" + length + meta


def _ui(element: int, uid: str) -> bytes:
    return _short(element, b"UI", uid.encode("latin-1"), b"\0")


def _short(element: int, vr: bytes, value: bytes, pad: bytes) -> bytes:
    value += pad * (len(value) % 2)
    return struct.pack("<HH2sH", 0x0002, element, vr, len(value)) + value
