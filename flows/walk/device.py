"""Which machine made an object, by a pseudonym of the region's: for recalls, and nothing else.

De-identification takes serial numbers away or replaces them; a defect of one detector is recalled
by this pseudonym, which stands in no header and in no answer to a researcher.
"""

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from catalog.publishing.describe import vendor_of
from deid.identity.numbers import plain
from deid.values import value_of
from flows.keys.sides import RegionKeys

_MANUFACTURER: Final = 0x00080070
_MODEL_NAME: Final = 0x00081090
_SERIAL_NUMBER: Final = 0x00181000


@dataclass(frozen=True)
class Machine:
    """What a machine calls itself: maker, model and serial number (PS3.3 C.7.5.1)."""

    maker: str
    model: str
    serial: str


def machine_of(header: Dataset) -> Machine:
    """Read an original header: what is not there is empty."""
    tags = (_MANUFACTURER, _MODEL_NAME, _SERIAL_NUMBER)
    return Machine(*(value_of(header, tag) for tag in tags))


def pseudonym_of(machine: Machine, keys: RegionKeys) -> str:
    """Give a machine's pseudonym; empty where it has no serial number.

    However its maker, and the spaces and capitals in its names, are written, it is the same.
    """
    model, serial = (_same(text) for text in (machine.model, machine.serial))
    return keys.device(f"{vendor_of(machine.maker)}\x1f{model}\x1f{serial}") if serial else ""


def _same(text: str) -> str:
    return " ".join(plain(text).split()).strip("\0 ").casefold()
