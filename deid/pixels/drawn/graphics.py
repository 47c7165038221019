"""Graphics of presentation states: lines that write are dropped (PS3.3 §C.10.5, PS3.15 §E.3.3).

The lines are drawn as pictures, and the pictures looked at as any other: all annotations together,
and each alone, at the scales at which somebody might have written.
"""

from collections.abc import Iterable, Iterator, MutableSequence, Sequence

from pydicom.dataset import Dataset

from deid.findings import Finding
from deid.pixels.detection.gate import FIRST, SECOND, Sight
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.drawn.drawing import Spare, find_lines
from deid.pixels.drawn.strokes import COMPOUND_GRAPHICS, GRAPHIC_OBJECTS, draws, read_strokes
from deid.profiles.rules import Action, Rule
from deid.values import Path, items, walk, where

_ANNOTATIONS, _TEXT_OBJECTS = 0x00700001, 0x00700008
_MOST_ANNOTATIONS = 64
_GRAPHICS = (GRAPHIC_OBJECTS, COMPOUND_GRAPHICS)
RULE = Rule(Action.REMOVE, Action.REMOVE, "lines that write, or nobody looked at", "PS3.15 E.3.3")


def has_graphics(header: Dataset) -> bool:
    """Tell whether anything is drawn, at any depth."""
    return any(map(draws, (it for _, found in _sequences(header) for it in found)))


def drop_writing(header: Dataset, text_reader: TextReader | None) -> tuple[Path, ...]:
    """Drop the graphics of every annotation that writes; of all, where nobody looks.

    Args:
        header: Changed, at every depth. An annotation with nothing left in it goes too.
        text_reader: Looks at what they draw.

    Returns:
        The paths of the annotations whose graphics were dropped.
    """
    dropped: list[Path] = []
    spare = Spare()
    for path, annotations in list(_sequences(header)):
        drawn = {place for place, it in enumerate(annotations) if draws(it)}
        writing = (
            drawn
            if text_reader is None
            else _writing(annotations, text_reader, (FIRST, SECOND), spare)
        )
        for place in sorted(writing):
            for tag in _GRAPHICS:
                annotations[place].pop(tag, None)
        dropped += ((*path, place) for place in sorted(writing))
        _tidy(header, path)
    return tuple(dropped)


def lost(annotations: Iterable[Path]) -> frozenset[Path]:
    """Give the elements that annotations lose with their graphics."""
    return frozenset((*path, tag) for path in annotations for tag in _GRAPHICS)


def graphics_left(header: Dataset, text_reader: TextReader) -> tuple[Finding, ...]:
    """Look at the graphics of a finished object once more; report what writes."""
    spare = Spare()
    return tuple(
        Finding(where((*path, place)), "text")
        for path, annotations in _sequences(header)
        for place in sorted(_writing(annotations, text_reader, (SECOND,), spare))
    )


def _sequences(header: Dataset) -> Iterator[tuple[Path, Sequence[Dataset]]]:
    for path, element, _ in walk(header):
        within = items(element)
        if path[-1] == _ANNOTATIONS and within is not None:
            yield path, within


def _tidy(header: Dataset, path: Path) -> None:
    """Take out annotations that annotate nothing any more, and a sequence without any."""
    level = header
    for tag, place in zip(path[:-1:2], path[1::2], strict=True):
        level = (items(level.get_item(tag)) or [])[place]
    annotations: MutableSequence[Dataset] = items(level.get_item(path[-1])) or []
    for place in reversed(range(len(annotations))):
        if not draws(annotations[place]) and _TEXT_OBJECTS not in annotations[place]:
            del annotations[place]
    if not annotations:
        del level[path[-1]]


def _writing(
    annotations: Sequence[Dataset],
    text_reader: TextReader,
    sights: Sequence[Sight],
    spare: Spare,
) -> frozenset[int]:
    """Give annotations that write, or that nobody can look at."""
    read = {place: read_strokes(it) for place, it in enumerate(annotations) if draws(it)}
    blind = frozenset(place for place, strokes in read.items() if strokes is None)
    if len(read) > _MOST_ANNOTATIONS:
        return frozenset(read)
    drawn = {place: strokes for place, strokes in read.items() if strokes}
    return blind | find_lines(drawn, text_reader, sights, spare)
