from struct import pack

import numpy as np
import pytest
from pydicom.dataset import Dataset

from deid.errors import SuspectError
from deid.pixels.detection.steep import Steep
from tests.deid.pictures import Array, glyphs


def faint() -> tuple[Array, Array]:
    """A bright half, a black half, and 60 of 65535 levels written on black."""
    plane = np.zeros((200, 600), np.uint16)
    plane[100:] = np.linspace(0, 65535, 600).astype(np.uint16)
    ink = glyphs("KARIN 9808", 40)
    area = np.zeros(plane.shape, bool)
    area[20 : 20 + ink.shape[0], 40 : 40 + ink.shape[1]] = ink > 0
    plane[area] = 60
    return plane, area


def windowed(center: str, width: str) -> Dataset:
    header = Dataset()
    header.WindowCenter, header.WindowWidth = center.split("\\"), width.split("\\")
    return header


def tabled(entries: Array) -> Dataset:
    table = Dataset()
    table.add_new(0x00283002, "UN", pack("<3H", len(entries) & 0xFFFF, 0, 16))
    table.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    return table


def views(header: Dataset) -> list[Array]:
    return list(Steep(header, signed=False).views(faint()[0]))


def contrast(view: Array) -> float:
    _, area = faint()
    return float(view[area].mean() - view[:100][~area[:100]].mean()) / 65535


def test_what_a_narrow_window_shows_is_looked_at() -> None:
    (view,) = views(windowed("32768\\40", "65536\\80"))
    assert contrast(view) > 0.7


def test_a_window_in_a_functional_group_counts() -> None:
    header, group = Dataset(), Dataset()
    group.FrameVOILUTSequence = [windowed("40", "80")]
    header.SharedFunctionalGroupsSequence = [group]
    (view,) = views(header)
    assert contrast(view) > 0.7


@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
def test_what_a_steep_table_shows_is_looked_at(sequence: str) -> None:
    header = Dataset()
    rise = np.concatenate((np.linspace(0, 40000, 60), np.linspace(40000, 65535, 65476)))
    setattr(header, sequence, [tabled(rise)])
    (view,) = views(header)
    assert contrast(view) > 0.5


@pytest.mark.parametrize("width", ["65536", "20000", "9000"])
def test_an_ordinary_window_costs_no_look(width: str) -> None:
    assert views(windowed("4000", width)) == []


def test_more_steep_windows_than_anyone_shows_are_suspect() -> None:
    with pytest.raises(SuspectError):
        views(windowed("\\".join(map(str, range(40, 60))), "\\".join(["80"] * 20)))


def test_signed_values_are_shown() -> None:
    plane, area = faint()
    signed = (plane.astype(np.int32) - 32768).astype(np.int16)
    header = windowed("-32728", "80")
    (view,) = Steep(header, signed=True).views(signed)
    assert view[area].mean() > 0.7 * 65535
