"""Lines of writing as alpha pictures: invented Swedish identities, any print, any angle."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Alpha = npt.NDArray[np.float32]

#: Heights of a capital letter, in pixels.
HEIGHTS = (12, 16, 20, 28, 40, 64, 110, 200)
#: Print: OpenCV's own faces with their weights, and a bitmap face of consoles, enlarged.
WEIGHTS = {"sans": 400, "bold": 700, "italic": 400, "uni": 400}
FACES = (*WEIGHTS, "bitmap")
#: Birth numbers end in 98x: the series of the Swedish Tax Agency's published test numbers.
IDENTITIES = (
    *("ÖHRSTRÖM, Åsa Märta", "Sjöström^Åsa", "BÄCKLÖF ANNA-LENA", "Åberg, Örjan", "Anna Öberg"),
    *("19570312-9808", "620314-9816", "19 470802-9824", "f. 1962-03-14 kvinna", "PNR 850101-9832"),
    *("2023-04-17 10:11", "17 APR 2023", "2019-11-07", "20230417", "Född: 1957-03-12"),
    *("Östra sjukhuset Lundberga", "Norrby sjukhus", "Mammografi Västerånga", "VÄSTERÅNGA LAS"),
    *("ACC SE2300012345", "Remiss 7788-23", "Acc#: PROV2300001", "Id 470802-9824"),
    *("Ekdahl", "ÅSA Ö", "850101-98", "SJÖ, ÅSA", "Lund E", "ÖBERG"),
)
_LONGEST = ((200, 7), (110, 12), (64, 20))  # from this height on, so many letters


def identity(random: np.random.Generator, height: int) -> str:
    """Choose an identity that fits a picture at this height."""
    most = next((letters for least, letters in _LONGEST if height >= least), 99)
    return str(random.choice([text for text in IDENTITIES if len(text) <= most]))


def draw(text: str, height: int, face: str = "sans", *, angle: float = 0) -> Alpha:
    """Draw a line tightly; 1 is ink. The angle is counter-clockwise in degrees."""
    drawn = _level(text, height, face)
    if angle % 90 == 0:
        return np.ascontiguousarray(np.rot90(drawn, int(angle) // 90))
    rows, columns = drawn.shape
    side = int(np.hypot(rows, columns)) + 4
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), angle, 1)
    turn[:, 2] += (side / 2 - columns / 2, side / 2 - rows / 2)
    return _tight(cv2.warpAffine(drawn, turn, (side, side)))


@lru_cache(maxsize=256)
def _level(text: str, height: int, face: str) -> Alpha:
    if face == "bitmap":
        small = _bitmap(text)
        scale = height / _cap("bitmap", 1)
        wide, high = max(1, round(small.shape[1] * scale)), max(1, round(small.shape[0] * scale))
        drawn = cv2.resize(small, (wide, high), interpolation=cv2.INTER_NEAREST)
        return _tight(drawn.astype(np.float32))
    return _tight(_smooth(text, max(1, round(100 * height / _cap(face, 100))), face))


@lru_cache(maxsize=8)
def _cap(face: str, size: int) -> float:
    """Measure the height of a capital letter at a nominal size."""
    if face == "bitmap":
        return float(_tight(_bitmap("H")).shape[0])
    return float(_tight(_smooth("H", size, face)).shape[0])


def _smooth(text: str, size: int, face: str) -> Alpha:
    canvas = np.zeros((3 * size, (len(text) + 2) * size), np.uint8)
    font = cv2.FontFace("sans" if face == "bold" else face)
    cv2.putText(canvas, text, (size // 2, 2 * size), (255,), font, size, WEIGHTS[face])
    return canvas.astype(np.float32) / 255


def _bitmap(text: str) -> Alpha:
    image = Image.new("L", (8 * len(text) + 8, 20))
    ImageDraw.Draw(image).text((2, 2), text, 255, font=ImageFont.load_default_imagefont())
    return (np.asarray(image) > 127).astype(np.float32)


def _tight(drawn: Alpha) -> Alpha:
    ink = drawn > 0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return np.asarray(drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32)
