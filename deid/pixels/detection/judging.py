"""What a line that was found is: text, a marker, a lone glyph, or nothing.

Only a whole line that reads as a marker of side and view stays. Lead numbers beside it (of a
cassette or of whoever took the image) are text like any other.
"""

import math
from functools import cached_property

from deid.pixels.detection.air import Inside, find_breast, lies_inside
from deid.pixels.detection.reading import Words, is_long, is_short
from deid.pixels.detection.relief import Relief
from deid.pixels.detection.text_reader import Line, TextReader
from deid.pixels.detection.whole import settle
from deid.pixels.detection.writing import Kind, Writing

# How sure the networks are: see docs/performance.md. Text of 4 times the noise and more scores
# 0.8 and more; what else scores that is a speck or a marker.
_CLEAR = 0.8
_BLURRED = 0.88
_LIKELY = 0.7
_PERHAPS = 0.5  # a letter of some size is read
_SURE = 0.8
_GLYPH = 24.0  # pixels high with margins: specks in air are lower
_FAINT = 0.6  # a speck may be read as an L; no lead letter is as faint
_SOME = 1.6
_PLAIN = 2.4
_THIN = 12.0  # pixels high with margins: print of 10 is 17; wires and vessels are as thin
_LEAST = 16.0  # pixels high with margins: what is lower is a calcification and no letter
_MANY = 6  # glyphs alone: print letter by letter, which needs no turning to be text
_FEW = 4.0  # times as long as high: what reads as one letter or none may be a clip


class Judge:
    """Judges the lines of one picture."""

    def __init__(self, relief: Relief, reader: TextReader) -> None:
        self._relief = relief
        self._reader = reader
        self._glyphs = 0

    @cached_property
    def _breast(self) -> Inside:
        return find_breast(self._relief)

    def judge(self, line: Line, *, lettering: bool) -> Writing:
        """Tell what a line is; read it where that decides.

        Args:
            line: In pixels of the picture.
            lettering: It was seen blurred and from afar, where the network is never sure.
        """
        faint = line.score < _LIKELY and not lettering
        least = _LEAST if not faint else _GLYPH if line.score >= _PERHAPS else math.inf
        if line.height < (least if is_short(line) else _THIN):
            return Writing(line, Kind.NOTHING)
        clear = line.score >= _CLEAR and not lettering
        if clear and is_long(line):
            return Writing(line, Kind.TEXT, letters=round(line.length / line.height))
        inside = is_short(line) and self._in_breast(line)
        many = self._glyphs >= _MANY
        words = Words(self._relief, line, self._reader, once=inside or faint, turned=not many)
        self._glyphs += is_short(line) and words.letters <= 1 and not inside
        single = words.single if is_short(line) and not lettering else ""
        side = words.marker.laterality if words.marker and not words.marker.view else ""
        if faint and is_short(line):
            return _glyph(line, single or side.lower())
        if words.marker is not None and (line.score >= _FAINT or not is_short(line)):
            marker = settle(self._relief, line, words.marker, self._reader)
            alone = "" if marker.cut else single or side.lower()
            return Writing(line, Kind.MARKER, marker, said=alone)
        glyph = is_short(line) and words.letters <= 1 and line.height >= _GLYPH
        glyph = glyph and line.score >= _BLURRED and not (lettering or inside)
        if not (glyph or _is_text(line, words.weight) or (clear and not is_short(line))):
            return _glyph(line, single)
        few = words.letters <= 1 and line.length < _FEW * line.height
        lone = is_short(line) or few
        inside = lone and not (clear and words.letters > 1) and self._in_breast(line)
        kind = Kind.LONE if inside else Kind.TEXT
        return Writing(line, kind, letters=words.letters, said=single)

    def _in_breast(self, line: Line) -> bool:
        return lies_inside(self._breast, line.centre)


def _glyph(line: Line, said: str) -> Writing:
    """Give what says too little alone."""
    return Writing(line, Kind.GLYPH if said else Kind.NOTHING, letters=len(said), said=said)


def _is_text(line: Line, weight: float) -> bool:
    """Weigh how much a line looks like text against how well it reads.

    Tissue, scratches and specks get a letter or two read into them and little probability;
    print gets both.
    """
    if line.score >= _BLURRED:
        return weight >= _SURE
    return weight >= (_SOME if line.score >= _LIKELY else _PLAIN)
