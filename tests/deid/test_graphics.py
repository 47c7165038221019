"""What graphics of presentation states write, in whatever kind of line."""

import io
from itertools import pairwise

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from deid.deidentify import inspect
from deid.elements import DEFAULT_ENCODING, Bytes, Coding, read_dataset
from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.headers.journal import Done
from deid.pixels.drawn.graphics import drop_writing, graphics_left, has_graphics
from deid.pixels.drawn.strokes import MOST_POINTS
from deid.pixels.staying import Flag
from deid.serialise import encode
from tests.deid import documents
from tests.deid.headers import written as to_file
from tests.deid.lettering import Points, annotated, annotation, compound, graphic, lettered
from tests.deid.pictures import text_reader
from tests.deid.test_deidentify import walked

NAME = "SJOSTROM"
SEQUENCE = 0x00700001
TURN = np.linspace(0, 2 * np.pi, 200)
OUTLINE = np.round(np.stack((1500 + 400 * np.cos(TURN), 1800 + 300 * np.sin(TURN)), 1))
ARROW = ([(100, 100), (500, 700)], [(500, 700), (470, 680)], [(500, 700), (495, 660)])


def read(header: Dataset) -> Dataset:
    """Give a header as it is read from a file: raw."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    write_dataset(buffer, header)
    data = buffer.getvalue()
    coding = Coding(implicit=False, charset=DEFAULT_ENCODING)
    return read_dataset(Bytes(data, len(data)), 0, stop=len(data), coding=coding)[0]


def dropped(*annotations: Dataset) -> list[int]:
    """Give the numbers of the annotations whose graphics are dropped; nothing is left of them."""
    header = read(annotated(*annotations))
    paths = drop_writing(header, text_reader())
    assert all(path[:-1] == (SEQUENCE,) for path in paths)
    assert graphics_left(header, text_reader()) == ()
    left = header.get(SEQUENCE)
    assert len(annotations) - len(paths) == (len(left.value) if left is not None else 0)
    return [path[-1] for path in paths]


def written(text: str = NAME, height: float = 40, units: str = "PIXEL") -> list[Dataset]:
    at = (700, 900) if units == "PIXEL" else (0.2, 0.3)
    return [graphic(line, units=units) for line in lettered(text, at, height)]


def segments(text: str) -> Points:
    """Write as one compound graphic of lines from point to point."""
    lines = lettered(text, (100, 200), 40)
    return np.concatenate([pair for line in lines for pair in pairwise(line)]).reshape(-1, 2)


def dots(text: str) -> Points:
    lines = lettered(text, (100, 200), 60)
    pairs = [pair for line in lines for pair in pairwise(line)]
    return np.concatenate([np.linspace(start, end, 6) for start, end in pairs])


@pytest.mark.parametrize(
    "graphics",
    [
        [graphic(OUTLINE)],
        [graphic(line) for line in ARROW],
        [graphic([(900, 900), (950, 950)], "CIRCLE")],
        [graphic([(100, 100), (300, 100), (200, 50), (200, 150)], "ELLIPSE")],
        [graphic([(900, 900), (950, 950)]), graphic([(950, 900), (900, 950)])],
        [graphic([(5, 5)], "POINT")],
        [graphic([(900, 900), (1250, 950), (1000, 1400)])],
        [graphic([(0.1, 0.1), (0.5, 0.9)], units="DISPLAY")],
        [graphic([(10.0, 10.0)] * 4, "INTERPOLATED")],
    ],
    ids=["outline", "arrow", "circle", "ellipse", "cross", "point", "angle", "display", "nowhere"],
)
def test_what_marks_a_finding_stays_value_for_value(graphics: list[Dataset]) -> None:
    header = read(annotated(annotation(*graphics)))
    before = encode(header, implicit=False)
    assert drop_writing(header, text_reader()) == ()
    assert graphics_left(header, text_reader()) == ()
    assert encode(header, implicit=False) == before


@pytest.mark.parametrize("height", [5, 20, 150])
def test_letters_of_any_size_beside_an_outline_are_dropped_and_it_stays(height: float) -> None:
    assert dropped(annotation(graphic(OUTLINE)), annotation(*written(height=height))) == [1]


def test_small_letters_in_the_annotation_of_a_large_outline_are_found() -> None:
    assert dropped(annotation(graphic(OUTLINE), *written(height=8))) == [0]


def test_letters_in_units_of_the_display_are_found() -> None:
    small = annotation(*written(height=0.01, units="DISPLAY"))
    assert dropped(small, annotation(graphic(OUTLINE))) == [0]


@pytest.mark.parametrize(
    "spelled",
    [
        annotation(*(graphic(line, "INTERPOLATED") for line in lettered(NAME, (9, 9), 60))),
        annotation(compounds=[compound(segments("ANNA 4708"))]),
        annotation(graphic(dots("SJOSTROM"), "POINT")),
        annotation(graphic(np.concatenate(lettered(NAME, (100, 200), 60)))),
        annotation(*(graphic(line[:, ::-1] * (1, -1)) for line in lettered(NAME, (9, 9), 60))),
    ],
    ids=["curves", "compound", "dots", "one line", "on end"],
)
def test_letters_of_any_kind_of_line_are_found(spelled: Dataset) -> None:
    assert dropped(spelled) == [0]


def test_a_letter_in_each_annotation_is_a_word() -> None:
    letters = [annotation(graphic(line)) for line in lettered("NNASJO", (1, 2), 60)]
    assert len(dropped(*letters)) == len(letters)


def test_letters_in_zigzag_one_to_an_annotation_are_a_word() -> None:
    drawn = [
        annotation(*map(graphic, lettered(letter, (10 + 36 * place, 60 + 90 * (place % 2)), 16)))
        for place, letter in enumerate("KARIN")
    ]
    assert len(drop_writing(annotated(*drawn), text_reader())) == len(drawn)


def test_letters_under_a_scribble_are_found() -> None:
    hatch = [graphic([(690 + i * 10, 890), (670 + i * 10, 950)]) for i in range(45)]
    assert 0 in dropped(annotation(*written(height=40)), annotation(*hatch))


@pytest.mark.parametrize(
    "broken",
    [
        {"GraphicData": [1.0, 2.0, 3.0]},
        {"GraphicData": [1.0, float("nan"), 3.0, 4.0]},
        {"GraphicData": []},
        {"NumberOfGraphicPoints": 7},
        {"GraphicDimensions": 3},
    ],
)
def test_what_cannot_be_drawn_is_dropped(broken: dict[str, object]) -> None:
    wrong = graphic([(1, 2), (3, 4)])
    for keyword, value in broken.items():
        setattr(wrong, keyword, value)
    found = annotated(annotation(wrong), annotation(graphic(OUTLINE)))
    assert graphics_left(read(found), text_reader()) == (Finding("(0070,0001)[0]", "text"),)
    assert dropped(annotation(wrong), annotation(graphic(OUTLINE))) == [0]


def test_more_points_than_anybody_draws_are_dropped() -> None:
    many = [graphic([(n % 7, n) for n in range(8000)]) for _ in range(MOST_POINTS // 8000 + 1)]
    assert dropped(annotation(*many), annotation(graphic(OUTLINE))) == [0]


def test_more_annotations_than_anybody_makes_are_dropped() -> None:
    many = [annotation(graphic([(i, i), (i + 5, i)])) for i in range(65)]
    assert len(dropped(*many)) == 65


def test_text_beside_graphics_that_are_dropped_stays() -> None:
    header = read(annotated(annotation(*written())))
    kept = Dataset()
    kept.UnformattedTextValue = "mass"
    header[SEQUENCE].value[0].TextObjectSequence = Sequence([kept])
    assert len(drop_writing(header, text_reader())) == 1
    assert header[SEQUENCE].value[0].TextObjectSequence[0].UnformattedTextValue == "mass"
    assert not has_graphics(header)


def test_at_any_depth() -> None:
    inner = annotated(annotation(*written()), annotation(graphic(OUTLINE)))
    outer = Dataset()
    outer.ReferencedSeriesSequence = Sequence([Dataset(), inner])
    header = read(outer)
    assert graphics_left(header, text_reader()) == (
        Finding("(0008,1115)[1](0070,0001)[0]", "text"),
    )
    assert drop_writing(header, text_reader()) == ((0x00081115, 1, SEQUENCE, 0),)
    (left,) = header.ReferencedSeriesSequence[1].GraphicAnnotationSequence
    assert len(left.GraphicObjectSequence[0].GraphicData) == OUTLINE.size


def presentation(*graphics: Dataset) -> Dataset:
    made = dcmread(io.BytesIO(to_file(documents.presentation())))
    if graphics:
        made.GraphicAnnotationSequence[0].GraphicObjectSequence = Sequence(graphics)
    return made


def test_a_presentation_state_goes_without_what_it_writes() -> None:
    finished, clean, known = walked(presentation(*written()))
    assert not has_graphics(dcmread(io.BytesIO(finished)))
    assert Flag.DRAWN in clean.flags
    (entry,) = (it for it in clean.journal if it.path == (SEQUENCE, 0, 0x00700009))
    assert entry.done is Done.REMOVED
    assert not [it for it in clean.journal if it.path[:3] == (SEQUENCE, 0, 0x00700009)][1:]
    inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)


def test_a_presentation_state_keeps_what_marks() -> None:
    finished, clean, known = walked(presentation(graphic(OUTLINE)))
    (item,) = dcmread(io.BytesIO(finished)).GraphicAnnotationSequence
    assert np.array_equal(item.GraphicObjectSequence[0].GraphicData, OUTLINE.reshape(-1))
    assert clean.flags == ()
    inspect(io.BytesIO(finished), text_reader=text_reader(), applied=clean.applied, **known)
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(finished), text_reader=None, applied=clean.applied, **known)
    assert caught.value.reason is Reason.UNCHECKED


def test_without_a_reader_nothing_drawn_passes() -> None:
    finished, clean, _ = walked(presentation(graphic(OUTLINE)), look=False)
    assert not has_graphics(dcmread(io.BytesIO(finished)))
    assert clean.flags == ()


def test_writing_left_in_a_finished_object_is_suspect() -> None:
    name = np.concatenate(lettered("SJOSTROM", (100, 200), 60))
    round_ = np.linspace(0, 2 * np.pi, len(name))
    outline = np.stack((500 + 99 * np.cos(round_), 500 + 99 * np.sin(round_)), 1)
    finished, clean, known = walked(presentation(graphic(outline)))
    before, after = outline.astype("<f4").tobytes(), name.astype("<f4").tobytes()
    assert finished.count(before) == 1
    tampered = finished.replace(before, after)
    with pytest.raises(SuspectError) as caught:
        inspect(io.BytesIO(tampered), text_reader=text_reader(), applied=clean.applied, **known)
    assert caught.value.reason is Reason.TEXT_LEFT
    assert caught.value.findings == (Finding("(0070,0001)[0]", "text"),)


def test_patterns_of_lines_and_fillings_go() -> None:
    drawn = compound(np.array([[10.0, 10.0], [180.0, 200.0]]), "RECTANGLE")
    fill, line = Dataset(), Dataset()
    fill.FillMode, fill.FillPattern = "STIPPELED", bytes(range(128))
    line.LineDashingStyle, line.LinePattern = "DASHED", 0b1011
    drawn.FillStyleSequence, drawn.LineStyleSequence = [fill], [line]
    state = documents.presentation()
    state.GraphicAnnotationSequence = [annotation(compounds=[drawn])]
    _, clean, _ = walked(state)
    left = {element.keyword for element in clean.header.iterall()}
    assert "CompoundGraphicType" in left
    assert not left & {"FillPattern", "LinePattern"}
