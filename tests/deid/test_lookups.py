"""Lookup tables that show what nobody saw are dropped; those that only brighten stay."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deid.errors import SuspectError
from deid.headers.made import made
from deid.pixels.drawn.lookups import crooked_left, drop_crooked
from tests.deid.headers import dataset

STRAIGHT = np.arange(256, dtype="<u2")
TURNED = STRAIGHT[::-1].copy()
PARITY = np.where(STRAIGHT % 2, 65535, 0).astype("<u2")
DIPPED = np.where(STRAIGHT == 9, 0, STRAIGHT).astype("<u2")


def table(entries: np.ndarray, count: int = 256) -> Dataset:
    item = Dataset()
    item[0x00283002] = made(0x00283002, "US", np.array([count, 0, 16], "<u2").tobytes())
    item[0x00283006] = made(0x00283006, "OW", entries.tobytes())
    return item


@pytest.mark.parametrize("entries", [STRAIGHT, TURNED, np.zeros(256, "<u2")])
def test_a_table_that_goes_one_way_stays(entries: np.ndarray) -> None:
    header = dataset(VOILUTSequence=Sequence([table(entries)]))
    assert drop_crooked(header, pixels=True) == ()
    assert crooked_left(header) == ()
    assert 0x00283010 in header


@pytest.mark.parametrize("item", [table(PARITY), table(DIPPED), table(STRAIGHT, 255), Dataset()])
def test_a_table_that_goes_up_and_down_or_is_none_is_dropped(item: Dataset) -> None:
    if not item:
        item[0x00283006] = made(0x00283006, "OW", PARITY.tobytes())
    header = dataset(VOILUTSequence=Sequence([table(STRAIGHT), item]))
    assert crooked_left(header)
    assert drop_crooked(header, pixels=True) == ((0x00283010,),)
    assert 0x00283010 not in header


def test_a_presentation_state_is_left_without_them_at_any_depth() -> None:
    softcopy = dataset(VOILUTSequence=Sequence([table(PARITY)]))
    header = dataset(
        SoftcopyVOILUTSequence=Sequence([softcopy]),
        PresentationLUTSequence=Sequence([table(PARITY)]),
        ModalityLUTSequence=Sequence([table(PARITY)]),
    )
    assert len(drop_crooked(header, pixels=False)) == 3
    assert len(header) == 0


def test_an_image_does_not_lose_what_its_values_mean() -> None:
    header = dataset(ModalityLUTSequence=Sequence([table(PARITY)]))
    with pytest.raises(SuspectError):
        drop_crooked(header, pixels=True)
