"""One look at a picture of any size: small ones twice, empty ones not at all."""

from dataclasses import replace

import numpy as np

from deid.pixels.gate import Plane, Sight
from deid.pixels.text_reader import TextReader
from deid.pixels.writing import Writing, find_writing, share

#: Names the detector of burned-in text in records; raised when what it finds changes.
DETECTOR = "text 2 (PP-OCRv6)"

# Pixels: as many as a screen has. Text on it is set in ten rows or fewer, which the sights of a
# film would halve: on ultrasound of 320 by 240, looking closely too found 18 lines for 1.
SMALL = 1 << 20
_INSIDE = 0.9  # of the line: what juts out of one seen before is seen better now
_TALLEST = 40.0  # pixels: what is taller was seen without looking closely


def look(plane: Plane, text_reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    """Find all writing in a plane (rows by columns of luminance, white on black)."""
    if (plane == plane.flat[0]).all():  # such as the empty frames of a segment
        return ()
    found = find_writing(plane, text_reader, sight)
    if plane.size > SMALL:
        return found
    close = look_closely(plane, text_reader, sight)
    return (*found, *(it for it in close if not _is_seen(it, found)))


def look_closely(plane: Plane, text_reader: TextReader, sight: Sight) -> tuple[Writing, ...]:
    """Find small writing in a plane, or part of one, at twice its size."""
    twice = np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1)
    moved = (
        replace(writing, line=writing.line.moved(1 / 2))
        for writing in find_writing(twice, text_reader, sight)
    )
    return tuple(writing for writing in moved if writing.line.height <= _TALLEST)


def _is_seen(writing: Writing, found: tuple[Writing, ...]) -> bool:
    return any(share(writing.line, other.line) > _INSIDE for other in found)
