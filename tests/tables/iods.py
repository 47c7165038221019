"""Which attributes an IOD has, and of which Type, from the tables that highdicom carries."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from pydicom.datadict import DicomDictionary, RepeatersDictionary

# From the strictest (PS3.5 §7.4)
TYPES = ("1", "1C", "2", "2C", "3")
SOURCE = f"highdicom {version('highdicom')} (MIT)"

_SC = "secondary-capture-image"
_MULTI_FRAME_SC = ("single-bit", "grayscale-byte", "grayscale-word", "true-color")
# Columns of the table, and the IODs of PS3.3 Annex A that each stands for
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "mg": ("digital-mammography-x-ray-image",),
    "dbt": ("breast-tomosynthesis-image",),
    "bpx": ("breast-projection-x-ray-image",),
    "sc": (_SC, *(f"multi-frame-{kind}-{_SC}" for kind in _MULTI_FRAME_SC)),
    "cr": ("computed-radiography-image",),
    "cad_sr": ("mammography-cad-sr",),
    "sr": ("basic-text-sr", "enhanced-sr", "comprehensive-sr", "comprehensive-3d-sr"),
    "ko": ("key-object-selection-document",),
    "pr": ("grayscale-softcopy-presentation-state", "color-softcopy-presentation-state"),
    "seg": ("segmentation",),
}
_PIXELS = {"image-pixel", "floating-point-image-pixel", "double-floating-point-image-pixel"}


@dataclass(frozen=True)
class Attribute:
    """One attribute as PS3.6 has it; a repeating group goes by its first, such as 6000."""

    tag: str
    vr: str
    name: str
    keyword: str


def attribute_types() -> dict[Attribute, dict[str, str]]:
    """Give the strictest Type of each attribute by column; `nested_*` is below a sequence."""
    modules, iods = _load("module_attribute_map"), _load("iod_module_map")
    known = {attribute.keyword: attribute for attribute in dictionary()}
    columns = {**COLUMNS, "image": tuple(_other_images(iods))}
    types: dict[Attribute, dict[str, str]] = {}
    for column, names in columns.items():
        for line in _lines(names, iods, modules):
            cell = types.setdefault(known[line["keyword"]], {})
            place = f"nested_{column}" if line["path"] else column
            cell[place] = min(line["type"], cell.get(place, "3"), key=TYPES.index)
    return types


def columns() -> list[str]:
    """Give the names of the columns in order."""
    tops = [*COLUMNS, "image"]
    return tops + [f"nested_{top}" for top in tops]


def dictionary() -> Iterator[Attribute]:
    """Give every attribute of PS3.6 that pydicom knows."""
    for number, (vr, _, name, _, keyword) in DicomDictionary.items():
        yield Attribute(f"{number:08X}", vr, name, keyword)
    for mask, (vr, _, name, _, keyword) in RepeatersDictionary.items():
        yield Attribute(mask.upper().replace("X", "0"), vr, name, keyword)


def _lines(
    names: Iterable[str], iods: Mapping[str, Any], modules: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Give the lines of all modules; those without a Type are of no composite IOD."""
    for name in names:
        for module in iods[name]:
            yield from (line for line in modules[module["key"]] if line["type"] in TYPES)


def _other_images(iods: Mapping[str, Any]) -> Iterator[str]:
    own = {name for names in COLUMNS.values() for name in names}
    for name, modules in iods.items():
        if name not in own and _PIXELS & {module["key"] for module in modules}:
            yield name


def _load(name: str) -> Any:
    source = files("highdicom") / "_standard" / f"{name}.json"
    return json.loads(source.read_text(encoding="utf-8"))
