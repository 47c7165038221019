"""Polygons that could write are dropped at every depth; those of real shutters stay."""

import pytest
from pydicom.dataset import Dataset

from deid.pixels.drawn.polygons import drop_polygons, polygons_left
from tests.deid.test_deidentify import walked
from tests.objects import mammogram

RECTANGLE = [10, 10, 10, 500, 700, 500, 700, 10]
LETTERS = [20 + 7 * (place * place % 11) for place in range(40)]


@pytest.mark.parametrize(
    "name", ["VerticesOfThePolygonalShutter", "VerticesOfThePolygonalCollimator"]
)
def test_outlines_of_many_sides_are_dropped(name: str) -> None:
    for values, stays in ((RECTANGLE, True), (LETTERS, False)):
        level, header = Dataset(), Dataset()
        for made in (level, header):
            setattr(made, name, values)
        header.FrameDisplayShutterSequence = [level]
        assert len(polygons_left(header)) == (0 if stays else 2)
        assert len(drop_polygons(header)) == (0 if stays else 2)
        assert (name in header) is (name in level) is stays
        assert polygons_left(header) == ()


def test_an_image_leaves_without_what_its_shutter_writes() -> None:
    made = mammogram(ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=LETTERS)
    _, clean, _ = walked(made)
    assert "VerticesOfThePolygonalShutter" not in clean.header
