"""The reader of text in pictures: PP-OCRv6 detection and recognition, offline, on one thread.

The two networks come as files of the `rapidocr` wheel and are run with ONNX Runtime alone:
nothing is logged, nothing downloaded, and what is read never leaves as anything but a value.
"""

from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnxruntime

Grey = npt.NDArray[np.uint8]
Probability = npt.NDArray[np.float32]
Contour = npt.NDArray[Any]
Points = npt.NDArray[np.float32]

TILE = 640  # larger inputs cost memory, not time: 640² keeps the networks under 100 MB
_OVERLAP = 96
_MULTIPLE = 32  # the detection network halves its input five times
_LINE_HEIGHT = 48  # the recognition network reads lines of this height
_MAX_LINE = 1024
_SHORTEST = 64  # a letter reads as well on this as on wider canvases
_MIN_SIDE = 3.0
_LAST_THRESHOLD = 0.85
_DISCOUNT = 0.85  # a score over a higher threshold is higher for that alone
_UNCLIP = 1.6  # the network marks the core of a line; DB post-processing grows it back


@dataclass(frozen=True)
class Line:
    """A stretch of writing: a rectangle at any angle.

    Attributes:
        centre: x and y in pixels.
        length: Extent along the writing in pixels.
        height: Extent across it in pixels.
        angle: Direction of the writing in degrees, clockwise on the screen, in (-90, 90].
        score: Mean text probability inside.
    """

    centre: tuple[float, float]
    length: float
    height: float
    angle: float
    score: float

    def corners(self) -> Points:
        """Give the four corners as a 4 by 2 array of x and y."""
        rectangle = (self.centre, (self.length, self.height), self.angle)
        return np.asarray(cv2.boxPoints(rectangle), dtype=np.float32)

    def moved(self, scale: float, offset: tuple[float, float] = (0.0, 0.0)) -> "Line":
        """Express the line in the pixels of another picture."""
        centre = (self.centre[0] * scale + offset[0], self.centre[1] * scale + offset[1])
        return Line(centre, self.length * scale, self.height * scale, self.angle, self.score)

    def grown(self, along: float, across: float) -> "Line":
        """Add margins, in pixels, at both ends and on both sides."""
        length, height = self.length + 2 * along, self.height + 2 * across
        return Line(self.centre, length, height, self.angle, self.score)


@dataclass(frozen=True, repr=False)
class Reading:
    """What the recognition network reads; never to be shown (it may be a name).

    Attributes:
        text: What it says.
        confidence: Mean of all letters.
        each: How sure it is of each letter of the text; () where nobody asked.
    """

    text: str
    confidence: float
    each: tuple[float, ...] = ()


class TextReader:
    """Finds and reads text; safe to use from several threads."""

    def __init__(self, detector: bytes, recogniser: bytes) -> None:
        self._detector = _session(detector)
        self._recogniser = _session(recogniser)
        letters = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._letters = ["", *letters, " "]

    def find(self, picture: Grey, *, threshold: float, score: float) -> tuple[Line, ...]:
        """Find lines of text in a grey picture of any size.

        Args:
            picture: Rows by columns.
            threshold: Text probability from which a pixel counts.
            score: Mean probability from which a line counts.
        """
        probability = np.zeros(picture.shape, np.float32)
        for top, bottom in spans(picture.shape[0]):
            for left, right in spans(picture.shape[1]):
                part = probability[top:bottom, left:right]
                np.maximum(part, self.probability(picture[top:bottom, left:right]), out=part)
        return lines(probability, threshold=threshold, score=score)

    def probability(self, tile: Grey) -> Probability:
        """Give the probability of text for each pixel of a tile."""
        height, width = tile.shape
        below, right = -height % _MULTIPLE, -width % _MULTIPLE
        padded = cv2.copyMakeBorder(tile, 0, below, 0, right, cv2.BORDER_REPLICATE)
        plane = padded.astype(np.float32) / 127.5 - 1
        batch = np.ascontiguousarray(np.broadcast_to(plane, (1, 3, *plane.shape)))
        output = self._detector.run(None, {"x": batch})[0]
        return np.asarray(output[0, 0, :height, :width], dtype=np.float32)

    def read(self, line: Grey) -> Reading:
        """Read one line, upright and cropped."""
        height, width = line.shape
        wide = int(np.clip(round(width * _LINE_HEIGHT / height), 16, _MAX_LINE))
        canvas = np.zeros((_LINE_HEIGHT, max(_SHORTEST, -(-wide // 8) * 8)), np.float32)
        resized = cv2.resize(line, (wide, _LINE_HEIGHT), interpolation=cv2.INTER_AREA)
        canvas[:, :wide] = resized.astype(np.float32) / 127.5 - 1
        batch = np.broadcast_to(canvas, (1, 3, *canvas.shape))
        scores = self._recogniser.run(None, {"x": np.ascontiguousarray(batch)})[0][0]
        best = scores.argmax(axis=1)
        # CTC: a letter stands once for each run of it, and 0 is the gap between letters.
        kept = (best != 0) & (np.diff(best, prepend=0) != 0)
        if not kept.any():
            return Reading("", 0.0)
        sure = scores[kept, best[kept]]
        text = "".join(self._letters[i] for i in best[kept])
        return Reading(text, float(sure.mean()), tuple(float(it) for it in sure))


def load_text_reader() -> TextReader:
    """Load the two networks from the installed wheel; takes about half a second.

    OpenCV is set to one thread for the whole process: workers scale by processes.
    """
    cv2.setNumThreads(1)
    models = resources.files("rapidocr") / "models"
    detector = (models / "PP-OCRv6_det_small.onnx").read_bytes()
    recogniser = (models / "PP-OCRv6_rec_small.onnx").read_bytes()
    return TextReader(detector, recogniser)


def spans(length: int, tile: int = TILE, overlap: int = _OVERLAP) -> tuple[tuple[int, int], ...]:
    """Cut a length into overlapping stretches of at most a tile."""
    if length <= tile:
        return ((0, length),)
    count = -(-(length - overlap) // (tile - overlap))
    step = (length - tile) / (count - 1)
    starts = (round(i * step) for i in range(count))
    return tuple((start, start + tile) for start in starts)


def lines(
    probability: Probability, *, threshold: float, score: float, tallest: float = float("inf")
) -> tuple[Line, ...]:
    """Turn a probability map into rectangles (differentiable binarisation).

    What is taller than a line can be is looked at again with a higher threshold: the network
    takes textured tissue for text, weakly, and true text may lie in the middle of it.
    """
    mask = (probability > threshold).astype(np.uint8)
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Line] = []
    for index, contour in enumerate(contours):
        if hierarchy[0][index][3] >= 0:  # the rim of a hole
            continue
        line = _line(contour, probability)
        if line is None:
            continue
        if line.height <= tallest:
            found += [line] * (line.score >= score)
        elif threshold < _LAST_THRESHOLD:
            found += _inside(contour, probability, threshold + 0.2, score, tallest)
    return tuple(found)


def _inside(
    contour: Contour,
    probability: Probability,
    threshold: float,
    score: float,
    tallest: float,
) -> list[Line]:
    """Look inside one contour with a higher threshold."""
    x, y, w, h = cv2.boundingRect(contour)
    inside = np.zeros((h, w), np.float32)
    cv2.drawContours(inside, [contour - (x, y)], -1, 1.0, cv2.FILLED)
    part = probability[y : y + h, x : x + w] * inside
    again = lines(part, threshold=threshold, score=score, tallest=tallest)
    found = (replace(line, score=_DISCOUNT * line.score) for line in again)
    return [line.moved(1.0, (x, y)) for line in found]


def _line(contour: Contour, probability: Probability) -> Line | None:
    centre, (length, height), angle = cv2.minAreaRect(contour)
    if min(length, height) < _MIN_SIDE:
        return None
    x, y, w, h = cv2.boundingRect(contour)
    inside = np.zeros((h, w), np.uint8)
    cv2.fillPoly(inside, [contour - (x, y)], 1)
    score = cv2.mean(probability[y : y + h, x : x + w], inside)[0]
    if height > length:
        length, height, angle = height, length, angle + 90
    angle = (angle + 90) % 180 - 90
    # DB's growth: area over perimeter, times a ratio, on every side.
    margin = _UNCLIP * length * height / (2 * (length + height))
    return Line((float(centre[0]), float(centre[1])), length, height, angle, score).grown(
        margin, margin
    )


def _session(model: bytes) -> "onnxruntime.InferenceSession":
    import onnxruntime  # noqa: PLC0415 -- 20 MB that work on headers does without

    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # or it keeps its peak for ever
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
