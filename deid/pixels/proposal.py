"""What people are shown of an original that was held back: where writing stands, and pictures.

A picture shows whatever the original shows. It is for those who decide, and is kept sealed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import BinaryIO

from deid.errors import DeidError
from deid.pixels.blanking import plan_blank
from deid.pixels.frames import Frames, locate_frames
from deid.pixels.gate import FIRST, SECOND
from deid.pixels.high_bits import settle
from deid.pixels.looking import Eye
from deid.pixels.planes import is_native, load_frame, luminance
from deid.pixels.proposed import Picture, Proposal, ProposedBox, Why
from deid.pixels.showing import picture
from deid.pixels.text_reader import TextReader
from deid.pixels.writing import Kind, Writing, share
from deid.profiles.profile import Profile
from deid.ruling import Corners
from deid.screen import Passage, screen
from deid.source import Parsed, parse

MOST_PICTURES = 20

UNREADABLE = "no picture: the object cannot be read"
WITHOUT = "no picture: the object has no pixels"
UNDECODABLE = "a frame cannot be decoded: no picture of it, and nobody looked for writing in it"
MORE = f"more frames are concerned than the {MOST_PICTURES} that are shown"

_SEEN = 0.7  # of a line: the other eye saw the same
RULED = "ruled"
_COLOURS = {
    "text": (0, 176, 255),
    "marker": (96, 208, 64),
    "lone": (255, 144, 64),
    RULED: (64, 64, 224),
}
_OTHER = (208, 96, 208)


def propose(
    reader: BinaryIO, why: Why, *, profile: Profile, text_reader: TextReader | None
) -> Proposal:
    """Look at an original that was held back, and draw what is to be decided.

    Nothing stops this: what cannot be read or decoded is said. Without a `text_reader` nobody
    looks for writing, and one frame is drawn.
    """
    empty = Proposal(why, f"{profile.name} {profile.version}")
    try:
        parsed = parse(reader)
        if parsed.pixels is None:
            return replace(empty, said=(WITHOUT,))
        frames = locate_frames(reader, parsed)
    except Exception:  # noqa: BLE001 -- an original that breaks this must be kept all the same
        return replace(empty, said=(UNREADABLE,))
    layout = frames.layout
    sized = replace(empty, rows=layout.rows, columns=layout.columns, frames=layout.frames)
    sketch = _Sketch(reader, parsed, frames, why)
    if text_reader is not None:
        sketch.look(text_reader, _passage(parsed, profile))
    pictures = sketch.pictures()
    return replace(
        sized, boxes=tuple(sketch.boxes), pictures=pictures, said=tuple(dict.fromkeys(sketch.said))
    )


class _Sketch:
    def __init__(self, reader: BinaryIO, parsed: Parsed, frames: Frames, why: Why) -> None:
        self._reader = reader
        self._parsed = parsed
        self._frames = frames
        self._named = [
            number
            for number in range(1, frames.layout.frames + 1)
            if any(finding.where == f"frame {number}" for finding in why.findings)
        ]
        self.boxes: list[ProposedBox] = []
        self.said: list[str] = []

    def look(self, text_reader: TextReader, passage: Passage) -> None:
        """Look for writing in every frame; with both eyes where something was found before."""
        eyes = [Eye(text_reader, sight, closely=passage.closely) for sight in (FIRST, SECOND)]
        for index, place in enumerate(self._frames.places):
            number = index + 1
            self._ruled(number, passage)
            try:
                frame = load_frame(self._reader, place, self._parsed, self._frames.layout)
                if is_native(self._parsed):
                    settle(frame, self._frames.layout)
                plane = luminance(frame, self._frames.layout)
                found = eyes[0].look(plane)
                if number in self._named:
                    found = _with_second(found, eyes[1].look(plane))
            except Exception:  # noqa: BLE001 -- as above
                self.said.append(UNDECODABLE)
                continue
            self._found(number, found)

    def _ruled(self, number: int, passage: Passage) -> None:
        """Add what a rule has blanked whatever is there: outside an ultrasound's regions."""
        for box in passage.blank:
            if box.frame == number:
                self._add(number, box.corners, RULED)

    def _found(self, frame: int, found: Sequence[Writing]) -> None:
        layout = self._frames.layout
        for writing in found:
            planned = plan_blank((writing,), layout) if writing.kind is Kind.TEXT else None
            if planned is not None:
                self._add(frame, planned.corners[0], writing.kind.value)
            elif writing.kind is not Kind.NOTHING:
                whole = tuple((round(float(x)), round(float(y))) for x, y in writing.line.corners())
                self._add(frame, whole, writing.kind.value)

    def _add(self, frame: int, corners: Corners, kind: str) -> None:
        self.boxes.append(ProposedBox(len(self.boxes) + 1, frame, corners, kind))

    def pictures(self) -> tuple[Picture, ...]:
        """Draw the frames in question: those that were named, then those with writing."""
        written = sorted(self.boxes, key=lambda box: (box.kind == Kind.MARKER.value, box.frame))
        wanted = list(dict.fromkeys([*self._named, *(box.frame for box in written)])) or [1]
        if len(wanted) > MOST_PICTURES:
            self.said.append(MORE)
        drawn = (self._picture(number) for number in sorted(wanted[:MOST_PICTURES]))
        return tuple(one for one in drawn if one is not None)

    def _picture(self, number: int) -> Picture | None:
        boxes = [
            (f"{box.number}", box.corners, _COLOURS.get(box.kind, _OTHER))
            for box in self.boxes
            if box.frame == number
        ]
        try:
            place = self._frames.places[number - 1]
            frame = load_frame(self._reader, place, self._parsed, self._frames.layout)
            data, width, height = picture(
                frame, self._frames.layout, self._parsed.header, number - 1, boxes
            )
        except Exception:  # noqa: BLE001 -- as above
            self.said.append(UNDECODABLE)
            return None
        return Picture(number, width, height, data)


def _passage(parsed: Parsed, profile: Profile) -> Passage:
    try:
        return screen(parsed, profile)
    except DeidError:
        return Passage()


def _with_second(first: Sequence[Writing], second: Iterable[Writing]) -> tuple[Writing, ...]:
    """Add what only the other eye saw."""
    more = (
        writing
        for writing in second
        if not any(share(writing.line, other.line) > _SEEN for other in first)
    )
    return (*first, *more)
