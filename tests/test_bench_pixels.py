"""The generator of labelled evidence is right about what it draws, and its scorer can fail."""

import io

import cv2
import numpy as np
import pytest

from deid.pixels.staying import ViewTag
from deid.ruling import Box
from tests.bench.pixels import captures, films, synthetic
from tests.bench.pixels.lettering import FACES, HEIGHTS, draw
from tests.bench.pixels.page import page
from tests.bench.pixels.samples import FLOOR_LEVELS, Kind, Sample, local_noise
from tests.bench.pixels.score import Outcome, Redactor, judge
from tests.bench.pixels.stages import STAGES, holder_of
from tests.bench.pixels.strata import said, said_clean
from tests.deid.pictures import native, pixels_of


@pytest.fixture(scope="module")
def sample() -> Sample:
    return next(films.with_text(seed=5, few=24))


def everything(source: bytes, view: ViewTag) -> tuple[bytes, tuple[Box, ...], tuple[str, ...]]:
    picture = pixels_of(source)
    rows, columns = picture.shape
    corners = ((0, 0), (columns, 0), (columns, rows), (0, rows))
    return native(np.zeros_like(picture)), (Box(1, corners),), ()


def nothing(source: bytes, view: ViewTag) -> tuple[bytes, tuple[Box, ...], tuple[str, ...]]:
    return source, (), ()


def figures(outcome: Outcome) -> dict[str, str]:
    return dict(line.split("=") for line in (*said("a", [outcome]), *said_clean("b", [outcome])))


def scored(sample: Sample, redactor: Redactor) -> dict[str, str]:
    return figures(judge(sample, redactor, twice=False))


def test_every_stage_that_is_timed_is_there():
    for places in STAGES.values():
        for place, function in places:
            assert callable(getattr(holder_of(place), function))


def test_the_strata_are_all_there():
    assert len(films.STRATA) == len(set(films.STRATA)) == 8 * 4 * 3 * 3 * 2
    assert HEIGHTS[0] == 12
    assert HEIGHTS[-1] == 200
    drawn = [item for one in films.with_text(seed=5, few=40) for item in one.items]
    assert sum(item.kind is Kind.IDENTITY for item in drawn) == 40
    assert {item.where for item in drawn} == {"air", "tissue", "edge"}


@pytest.mark.parametrize("face", FACES)
def test_letters_are_as_high_as_they_say(face):
    assert abs(draw("H", 40, face).shape[0] - 40) <= 2
    assert draw("HH", 40, face, angle=90).shape == draw("HH", 40, face).shape[::-1]
    assert draw("Ö", 40, face).shape[0] > 1.1 * draw("O", 40, face).shape[0]  # no empty box


def test_glyphs_are_where_the_truth_says(sample):
    changed = sample.picture != sample.clean
    outside = np.ones(changed.shape, bool)
    for item in sample.items:
        if item.kind is not Kind.IDENTITY:
            continue
        assert changed[item.part][item.strokes].all()
        outside[item.part] = False
    assert not changed[outside].any()
    (own,) = [item for item in sample.items if item.kind is not Kind.IDENTITY]
    assert sample.picture[own.part][own.strokes].min() > np.median(sample.picture)


def test_the_contrast_is_what_it_says(sample):
    for item in sample.items:
        if item.kind is not Kind.IDENTITY:
            continue
        noise = local_noise(sample.clean, item.part, margin=item.height)
        part = sample.picture[item.part].astype(int) - sample.clean[item.part]
        middle = cv2.erode(item.strokes.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        step = np.median(part[middle if middle.any() else item.strokes])
        assert (step > 0) == item.light
        assert abs(step) == pytest.approx(item.contrast * noise, rel=0.35)


def test_noise_is_measured_and_never_nothing():
    noisy = np.random.default_rng(1).normal(20000, 300, (400, 400)).astype(np.uint16)
    part = slice(100, 200), slice(100, 300)
    assert local_noise(noisy, part, margin=20) == pytest.approx(300, rel=0.08)
    flat = np.zeros((400, 400), np.uint16)
    assert local_noise(flat, part, margin=20) == FLOOR_LEVELS * 16
    assert local_noise(flat, part, margin=20, bits=12) == FLOOR_LEVELS


def test_who_does_nothing_misses_everything(sample):
    said = scored(sample, nothing)
    assert int(said["a.from_4_sd.items"]) >= 10
    assert said["a.from_4_sd.missed"] == said["a.from_4_sd.items"]
    assert said["a.at_2_sd.missed"] == said["a.at_2_sd.items"]
    assert float(said["a.from_4_sd.glyph_pixels_percent"]) < 1
    assert said["a.markers_complete_kept"] == said["a.markers_complete"] == "1"
    assert float(said["b.tissue_blanked_percent"]) == 0


def test_who_blanks_everything_loses_the_marker_and_the_breast(sample):
    said = scored(sample, everything)
    assert said["a.from_4_sd.missed"] == said["a.at_2_sd.missed"] == "0"
    assert said["a.from_4_sd.glyph_pixels_percent"] == "100.00"
    assert said["a.markers_complete"] == "1"
    assert said["a.markers_complete_kept"] == "0"
    assert float(said["b.tissue_blanked_percent"]) > 99
    assert said["b.boxes"] == "1"


def test_who_blanks_beside_the_boxes_is_seen(sample):
    def beside(source: bytes, view: ViewTag) -> tuple[bytes, tuple[Box, ...], tuple[str, ...]]:
        picture = pixels_of(source)
        picture[2000:2010, 300:310] += 1
        return native(picture), (), ()

    assert scored(sample, beside)["a.pixels_changed_outside_boxes"] == "100"


def test_the_page_shows_what_was_missed(sample):
    outcome = judge(sample, nothing, twice=False)
    shown = page("command", ["a=1"], {"films": [outcome]})
    missed = sum(item.missed for item in outcome.items)
    assert shown.count("data:image/png") == 2 * missed
    assert "<td>a</td><td>1</td>" in shown


def test_invented_images_have_their_truth_too():
    (made,) = synthetic.with_text(seed=1, count=1)
    assert {item.kind for item in made.items} >= {Kind.IDENTITY}
    for item in made.items:
        changed = made.picture[item.part] != made.clean[item.part]
        assert changed[item.strokes].all()
    assert 0.1 < made.tissue.mean() < 0.9
    assert pixels_of(made.dicom()).shape == made.picture.shape
    (clean,) = synthetic.without_text(seed=1, count=1)
    assert not [item for item in clean.items if item.kind is Kind.IDENTITY]


def test_a_capture_has_text_and_says_what_it_is():
    picture, strokes = captures._picture("table", np.random.default_rng(1))
    assert strokes.mean() > 0.01
    assert (picture[strokes] > 120).all()
    source = captures._object("screen save", picture)
    assert np.array_equal(pixels_of(source), picture)
    assert b"SCREEN SAVE" in io.BytesIO(source).getvalue()
