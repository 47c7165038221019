"""What people are shown of an original that was held back: where writing stands, and pictures.

A picture shows whatever the original shows. It is for those who decide, and is kept sealed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from deid.errors import RefusedError
from deid.passage import Passage
from deid.pixels.coding.frames import Frames, locate_frames
from deid.pixels.coding.planes import is_native, load_frame
from deid.pixels.detection.colours import ColourEye
from deid.pixels.detection.gate import FIRST, SECOND
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.detection.writing import Kind, Writing, share
from deid.pixels.rewriting.blanking import plan_blank
from deid.pixels.rewriting.high_bits import settle
from deid.pixels.shown.proposed import Picture, Proposal, ProposedBox, Why
from deid.pixels.shown.showing import picture
from deid.profiles.profile import Profile
from deid.ruling import Corners
from deid.screen import screen
from deid.source import Parsed, parse

MOST_PICTURES = 20

UNREADABLE = "no picture: the object cannot be read"
WITHOUT = "no picture: the object has no pixels"
UNDECODABLE = "a frame cannot be decoded: no picture of it, and nobody looked for writing in it"
UNRULED = "the rules could not be asked: no box is theirs"
BROKEN = "not all could be shown: something went wrong that nobody foresaw; tell the developers"
MORE = f"more frames are concerned than the {MOST_PICTURES} drawn here; others are when asked for"

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

    Nothing stops this, no fault of ours either: what cannot be read, decoded or shown is said.
    Without a `text_reader` nobody looks for writing, and one frame is drawn.
    """
    empty = Proposal(why, f"{profile.name} {profile.version}", profile.digest)
    try:
        return _proposed(reader, empty, profile, text_reader)
    except Exception:  # noqa: BLE001 -- an original that breaks this must be kept all the same
        return replace(empty, said=(BROKEN,))


def _proposed(
    reader: BinaryIO, empty: Proposal, profile: Profile, text_reader: TextReader | None
) -> Proposal:
    try:
        parsed = parse(reader)
        if parsed.pixels is None:
            return replace(empty, said=(WITHOUT,))
        frames = locate_frames(reader, parsed)
    except Exception:  # noqa: BLE001 -- an original that breaks this must be kept all the same
        return replace(empty, said=(UNREADABLE,))
    layout = frames.layout
    sized = replace(empty, rows=layout.rows, columns=layout.columns, frames=layout.frames)
    sketch = _Sketch(reader, parsed, frames, empty.why)
    if text_reader is not None:
        sketch.look(text_reader, sketch.passage(profile))
    pictures = sketch.pictures()
    return replace(
        sized,
        boxes=tuple(sketch.boxes),
        pictures=pictures,
        blind=tuple(sorted(sketch.blind)),
        said=tuple(dict.fromkeys(sketch.said)),
    )


def draw(reader: BinaryIO, proposal: Proposal, frame: int) -> Picture | None:
    """Draw one more frame of an original, from 1, with the boxes that were proposed in it.

    It is None where there is no such frame, and where it cannot be decoded.
    """
    if not proposal.is_seen(frame):
        return None
    parsed = parse(reader)
    sketch = _Sketch(reader, parsed, locate_frames(reader, parsed), proposal.why)
    sketch.boxes += proposal.boxes
    return sketch.picture(frame)


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
        self.blind: set[int] = set()
        self.said: list[str] = []

    def passage(self, profile: Profile) -> Passage:
        """Ask the rules how closely to look, and what they blank; what they refuse is shown too."""
        try:
            return screen(self._parsed, profile)
        except RefusedError:
            return Passage()
        except Exception:  # noqa: BLE001 -- a fault in the rules is what may have held it back
            self.said.append(UNRULED)
            return Passage(closely=True)

    def look(self, text_reader: TextReader, passage: Passage) -> None:
        """Look for writing in every frame; with both eyes where something was found before."""
        header, closely = self._parsed.header, passage.closely
        eyes = [
            ColourEye(text_reader, sight, header=header, closely=closely)
            for sight in (FIRST, SECOND)
        ]
        for index, place in enumerate(self._frames.places):
            number = index + 1
            try:
                self._ruled(number, passage)
                frame = load_frame(self._reader, place, self._parsed, self._frames.layout)
                if is_native(self._parsed):
                    settle(frame, self._frames.layout)
                layout = self._frames.layout
                found = eyes[0].look(frame, layout)
                again = eyes[1].look(frame, layout) if number in self._named else ()
                self._found(number, found)
                self._found(number, _only(again, found), second=True)
            except Exception:  # noqa: BLE001 -- as above
                self._undecodable(number)

    def _undecodable(self, number: int) -> None:
        self.blind.add(number)
        self.said.append(UNDECODABLE)

    def _ruled(self, number: int, passage: Passage) -> None:
        """Add what a rule has blanked whatever is there: outside an ultrasound's regions."""
        for box in passage.blank:
            if box.frame == number:
                self._add(number, box.corners, RULED)

    def _found(self, frame: int, found: Iterable[Writing], *, second: bool = False) -> None:
        layout = self._frames.layout
        for writing in found:
            planned = plan_blank((writing,), layout) if writing.kind is Kind.TEXT else None
            if planned is not None:
                grown = planned.corners[0]
                text = grown if second else _whole(writing)
                self._add(frame, grown, writing.kind.value, text)
            elif writing.kind is not Kind.NOTHING:
                self._add(frame, _whole(writing), writing.kind.value)

    def _add(self, frame: int, corners: Corners, kind: str, text: Corners | None = None) -> None:
        number = len(self.boxes) + 1
        self.boxes.append(ProposedBox(number, frame, corners, kind, text or corners))

    def pictures(self) -> tuple[Picture, ...]:
        """Draw the frames in question: those that were named, then those with writing."""
        written = sorted(self.boxes, key=lambda box: (box.kind == Kind.MARKER.value, box.frame))
        wanted = list(dict.fromkeys([*self._named, *(box.frame for box in written)])) or [1]
        if len(wanted) > MOST_PICTURES:
            self.said.append(MORE)
        drawn = (self.picture(number) for number in sorted(wanted[:MOST_PICTURES]))
        return tuple(one for one in drawn if one is not None)

    def picture(self, number: int) -> Picture | None:
        """Draw a frame with its boxes; None, and said so, where it cannot be decoded."""
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
            self._undecodable(number)
            return None
        return Picture(number, width, height, data)


def _whole(writing: Writing) -> Corners:
    return tuple((round(float(x)), round(float(y))) for x, y in writing.line.corners())


def _only(second: Sequence[Writing], first: Sequence[Writing]) -> Iterator[Writing]:
    """Give what only the other eye saw."""
    for writing in second:
        if not any(share(writing.line, other.line) > _SEEN for other in first):
            yield writing
