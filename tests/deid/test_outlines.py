"""Outlines of reports that write are found, and those of findings are not."""

import io
from itertools import pairwise

import numpy as np
import pytest
from pydicom.dataset import Dataset

from deid.deidentify import inspect
from deid.errors import Reason, SuspectError
from deid.pixels.drawn.outlines import has_outlines, outlines_left
from tests.deid.documents import cad_report, code, item, reference
from tests.deid.lettering import Points, lettered
from tests.deid.pictures import text_reader
from tests.deid.test_deidentify import walked

NAME = "SJOSTROM"
TURN = np.linspace(0, 2 * np.pi, 24)


def outline(points: Points, kind: str = "POLYLINE", *, instance: str = "2.25.7") -> Dataset:
    made = item("HAS PROPERTIES", "SCOORD", code("111041", "DCM", "Outline"), GraphicType=kind)
    made.GraphicData = [float(value) for value in np.asarray(points).reshape(-1)]
    image = item("SELECTED FROM", "IMAGE", ReferencedSOPSequence=reference(instance))
    made.ContentSequence = [image]
    return made


def in_space(points: Points, kind: str = "POLYLINE") -> Dataset:
    made = outline(points, kind)
    made.ValueType, made.ReferencedFrameOfReferenceUID = "SCOORD3D", "2.25.8"
    return made


def found_in(*outlines: Dataset) -> int:
    made = cad_report()
    made.ContentSequence[1].ContentSequence.extend(outlines)
    finished, clean, known = walked(made)
    assert has_outlines(clean.header) is bool(outlines)
    found = outlines_left(clean.header, text_reader())
    if found:
        with pytest.raises(SuspectError) as caught:
            inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)
        assert caught.value.reason in {Reason.TEXT_LEFT, Reason.IDENTIFIER_LEFT}
    return len(found)


def of_a_finding(seed: int) -> list[Dataset]:
    random = np.random.default_rng(seed)
    centre, size = random.uniform(300, 2500, 2), random.uniform(20, 120)
    wave = 1 + 0.1 * np.cos(2 * TURN + seed) + 0.05 * random.standard_normal(len(TURN))
    line = centre + size * np.stack((wave * np.cos(TURN), wave * np.sin(TURN)), 1)
    line[-1] = line[0]
    return [outline(np.round(line)), outline(np.round(centre[None]), "POINT")]


@pytest.mark.parametrize("height", [8, 40, 900])
def test_letters_drawn_in_a_report_are_found(height: float) -> None:
    lines = [outline(line) for line in lettered(NAME, (300, 500), height)]
    assert found_in(*lines, *of_a_finding(1)) > len(NAME) // 2


def test_letters_that_go_to_and_fro_are_found() -> None:
    lines = lettered(NAME, (300, 500), 40)
    assert found_in(*(outline(np.concatenate((line, line[::-1]))) for line in lines)) > 4


def test_letters_in_dots_in_one_line_and_in_pairs_are_found() -> None:
    lines = lettered(NAME, (300, 500), 60)
    pairs = [pair for line in lines for pair in pairwise(line)]
    dots = np.concatenate([np.linspace(start, end, 6) for start, end in pairs])
    assert found_in(outline(dots, "MULTIPOINT")) == 1
    assert found_in(*(outline(np.array(pair)) for pair in pairs)) > len(NAME) // 2


@pytest.mark.parametrize("plane", ["xy", "yz", "tilted"])
def test_letters_in_space_are_found(plane: str) -> None:
    axes = {"xy": [(1, 0, 0), (0, 1, 0)], "yz": [(0, 1, 0), (0, 0, 1)]}
    along, down = np.array(axes.get(plane, [(0.6, 0.8, 0), (0, 0.6, 0.8)]), float)
    lines = lettered(NAME, (3, 5), 4)
    drawn = [line[:, :1] * along + line[:, 1:] * down + 40 for line in lines]
    assert found_in(*map(in_space, drawn)) > 0


def test_more_than_anybody_looks_at_is_suspect() -> None:
    random = np.random.default_rng(2)
    many = [outline(random.integers(0, 3000, (60, 2))) for _ in range(40)]
    assert found_in(*many) == len(many)


def test_findings_of_many_shapes_pass() -> None:
    assert found_in() == 0
    findings = [it for seed in range(12) for it in of_a_finding(seed)]
    specks = np.random.default_rng(5).uniform(900, 1000, (30, 2))
    findings += [
        outline(speck + 3 * np.array([[0, 0], [1, 0], [1, 1], [0, 0]])) for speck in specks
    ]
    findings += [outline(np.array([[1400, 400], [1450, 400]]), "CIRCLE")]
    assert found_in(*findings) == 0


def test_what_is_no_outline_is_suspect_and_without_an_eye_all_are() -> None:
    broken = outline(np.zeros((1, 2)))
    broken.GraphicData = [1.0, 2.0, 3.0]
    assert found_in(broken) == 1
    made = cad_report()
    made.ContentSequence[1].ContentSequence.append(outline(np.ones((1, 2)), "POINT"))
    finished, clean, known = walked(made)
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(finished), text_reader=None, applied=clean.applied, **known)
    assert caught.value.reason is Reason.UNCHECKED
