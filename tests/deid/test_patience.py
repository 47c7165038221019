"""A small file does not keep anybody looking for ever, and ends the same way everywhere."""

import numpy as np
import pytest

from deid.errors import Reason, SuspectError
from deid.pixels.detection.patience import PatientReader, patient
from tests.deid.headers import dataset
from tests.deid.pictures import glyphs, text_reader


class Blind:
    """Sees nothing, at once."""

    def probability(self, tile: np.ndarray) -> np.ndarray:
        return np.zeros(tile.shape, np.float32)


def looks(header: object) -> int:
    reader = PatientReader(Blind(), header)  # type: ignore[arg-type]
    tile = np.zeros((8, 8), np.uint8)
    for number in range(1 << 20):
        try:
            reader.probability(tile)
        except SuspectError as error:
            assert error.reason is Reason.UNCHECKED  # noqa: PT017 -- how many came before counts
            assert error.findings  # noqa: PT017 -- as above
            return number
    pytest.fail("it never ends")


def test_patience_grows_with_the_picture() -> None:
    assert looks(dataset(Rows=64, Columns=48)) == looks(dataset()) == 1024
    assert looks(dataset(Rows=4096, Columns=3328)) == 1024 + 8 * 4096 * 3328 // 640**2


def test_it_reads_as_the_reader_does() -> None:
    line = glyphs("Sjostrom", 40).astype(np.uint8) * 255
    reader = patient(text_reader(), dataset())
    assert reader is not None
    assert reader.read(line).text == text_reader().read(line).text
    found = reader.find(np.pad(line, 40), threshold=0.3, score=0.6)
    assert found == text_reader().find(np.pad(line, 40), threshold=0.3, score=0.6)
    assert patient(None, dataset()) is None
