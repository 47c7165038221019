"""A picture against its own noise: how steep it is, and views of parts of it for a network.

Contrast is reckoned in the noise beside it, so that faint grey in quiet air counts as much as
white on tissue. The noise is what three quarters of a tile stay below: letters fill less.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from deid.pixels.coding.arrays import Grey, Plane

Half = npt.NDArray[np.uint16]
Map = npt.NDArray[np.float32]
Window = tuple[int, int, int, int]  # left, top, right, bottom

_TILE = 32  # pixels of the half picture over which noise is the same
_TILE_AFAR = 16  # the same at a quarter of the size: wider, and tissue hides the print in air
_EVERY = 2  # pixels of it that are looked at
_QUIET = 0.75  # of a tile is noise and no print
_DENSE = 0.6  # of a tile full of print is not
_RISE = 3.0  # times what that stays below; noise rises less from there to three quarters
_MIDDLE = 5  # tiles: one full of print takes the noise of those around it
_FLOOR = 0.0016  # of the range: fainter is nothing; a film has noise of half of that in its black
_BAND = 512  # rows of the half picture that are worked on at a time
_OVERLAP = 32
_NEAR = np.ones((3, 3), np.uint8)
_SPREAD = 4.0  # standard deviations from grey to black or white
_FAINT = 0.0015  # of the range: no less makes black or white
_NOISE = 1 / 1.21  # half of a tile stays below this part of what three quarters stay below
_FROM = 1.2  # times the noise: where an outline starts to show
_GAIN = 100.0
_AFAR = 1 / 4  # of the plane: so small, the half picture is as good


class Relief:
    """A plane, its half size and its noise.

    Attributes:
        plane: Rows by columns, luminance.
        half: The same at half the size in 16 bits, whatever the plane has.
    """

    def __init__(self, plane: Plane, *, tile: int = _TILE) -> None:
        """Measure a plane; its noise is the same over so many pixels of the half picture."""
        self.plane = plane
        self._tile = tile
        self.half = _halve(plane)
        self._span = max(1.0, float(self.half.max()) - float(self.half.min()))
        self._noise = np.maximum(_noise(self.half, tile), self._span * _FLOOR / 1.65)

    def noise(self, window: Window, times: float = 1.0) -> Half:
        """Give the gradients of the noise in a window of the half picture, so many times."""
        left, top, right, bottom = window
        tile = self._tile
        column, row = (max(0, it // tile - 1) for it in (left, top))
        tiles = self._noise[row : -(-bottom // tile) + 1, column : -(-right // tile) + 1]
        level = np.minimum(tiles * times, np.iinfo(np.uint16).max).astype(np.uint16)
        size = (level.shape[1] * tile, level.shape[0] * tile)
        wide = cv2.resize(level, size, interpolation=cv2.INTER_LINEAR)
        row, column = top - row * tile, left - column * tile
        return np.asarray(wide[row : row + bottom - top, column : column + right - left], np.uint16)

    def cell_noise(self, cells: tuple[int, ...]) -> Map:
        """Give the gradients of the noise for each of rows by columns of cells."""
        size = (cells[1], cells[0])
        return np.asarray(cv2.resize(self._noise, size, interpolation=cv2.INTER_LINEAR), np.float32)

    def filled(self, window: Window, scale: float, *, neighbourhood: int) -> Grey:
        """Show a part of the plane with each neighbourhood at the same brightness and contrast.

        Args:
            window: Left, top, right and bottom in pixels of the plane.
            scale: Of the result.
            neighbourhood: Its side in pixels of the result.
        """
        if scale <= _AFAR:
            left, top, right, bottom = (it // 2 for it in window)
            level = _resized(self.half[top:bottom, left:right], 2 * scale)
        else:
            level = _resized(_unsigned(self._part(window)), scale)
        size = (neighbourhood, neighbourhood)
        mean = cv2.blur(level, size)
        variance = cv2.blur(level * level, size) - mean * mean
        reach = np.maximum(_SPREAD * np.sqrt(np.maximum(variance, 0)), _FAINT * self._span)
        return np.clip((level - mean) / reach * 127 + 128, 0, 255).astype(np.uint8)

    def outlined(self, window: Window, scale: float) -> Grey:
        """Show what is steeper than the noise: the outlines of print, and no tissue."""
        left, top, right, bottom = (it // 2 for it in window)
        part = self.half[top:bottom, left:right]
        if not part.size:
            return np.zeros((0, 0), np.uint8)
        inside = (left, top, left + part.shape[1], top + part.shape[0])
        noise = np.maximum(self.noise(inside, _NOISE), 1).astype(np.float32)
        steep = (gradient(part) / noise - _FROM) * _GAIN
        return _resized(np.clip(steep, 0, 255).astype(np.float32), 2 * scale).astype(np.uint8)

    def afar(self) -> "Relief":
        """Give the picture at a quarter of its size, with less noise, and blurs sharp."""
        rows, columns = (max(1, side // 4) for side in self.half.shape)
        size = (2 * columns, 2 * rows)  # even, so that its own half has as many cells
        small = cv2.resize(self.half[: 4 * rows, : 4 * columns], size, interpolation=cv2.INTER_AREA)
        return Relief(np.asarray(small, np.uint16), tile=_TILE_AFAR)

    def _part(self, window: Window) -> Plane:
        left, top, right, bottom = window
        return self.plane[top:bottom, left:right]


def gradient(half: Half) -> Half:
    """Give the range of values around each pixel."""
    return np.asarray(cv2.morphologyEx(half, cv2.MORPH_GRADIENT, _NEAR), np.uint16)


def bands(rows: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut rows into bands: start and stop, and top and bottom with what overlaps."""
    for start in range(0, rows, _BAND):
        stop = min(start + _BAND, rows)
        yield start, stop, max(0, start - _OVERLAP), min(rows, stop + _OVERLAP)


def _halve(plane: Plane) -> Half:
    rows, columns = plane.shape
    half = np.empty((max(1, rows // 2), max(1, columns // 2)), np.uint16)
    for start in range(0, half.shape[0], _BAND):
        stop = min(start + _BAND, half.shape[0])
        part = _unsigned(plane[2 * start : max(2 * stop, 1), : max(2 * half.shape[1], 1)])
        size = (half.shape[1], stop - start)
        half[start:stop] = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return half


def _unsigned(plane: Plane) -> Half:
    """Give 16 bits without sign in the same order; 8 bits get room below the point."""
    if plane.dtype == np.uint8:
        return np.left_shift(plane, 8, dtype=np.uint16)
    if plane.dtype == np.int16:
        return np.bitwise_xor(np.ascontiguousarray(plane).view(np.uint16), 1 << 15, dtype=np.uint16)
    return np.asarray(plane, np.uint16)


def _noise(half: Half, tile: int) -> Map:
    """Give the gradients of the noise, tile by tile."""
    rows, columns = (-(-it // tile) for it in half.shape)
    found = np.empty((rows, columns), np.float32)
    side = tile // _EVERY
    for start, stop, top, bottom in bands(half.shape[0]):
        steep = gradient(half[top:bottom])[start - top : stop - top : _EVERY, ::_EVERY]
        high, wide = -(-(stop - start) // tile), columns
        below, right = high * side - steep.shape[0], wide * side - steep.shape[1]
        full = cv2.copyMakeBorder(steep, 0, below, 0, right, cv2.BORDER_REFLECT)
        tiles = full.reshape(high, side, wide, side).swapaxes(1, 2).reshape(high, wide, -1)
        most, least = (int(share * side * side) for share in (_QUIET, _DENSE))
        ordered = np.partition(tiles, (least, most), axis=2)
        quiet = np.minimum(ordered[..., most], _RISE * ordered[..., least])
        found[start // tile : start // tile + high] = quiet
    # A film's rim is noisy and one tile wide: turned over, it is one row in five, not three.
    around = _MIDDLE // 2
    wide = cv2.copyMakeBorder(found, around, around, around, around, cv2.BORDER_REFLECT_101)
    middle = cv2.medianBlur(wide, _MIDDLE)[around : around + rows, around : around + columns]
    return np.asarray(middle, np.float32)


def _resized(part: Half | Map, scale: float) -> Map:
    height, width = part.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    level = part if scale == 1 else cv2.resize(part, size, interpolation=way)
    return np.asarray(level, np.float32)
