"""An invented breast as a detector of full field mammography gives it, with what lies in it."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from tests.bench.pixels.samples import Array, Mask

Field = npt.NDArray[np.float32]

#: Rows, columns, bits stored.
DETECTORS = (
    *((4096, 3328, 14), (3328, 2560, 12), (2294, 1914, 12), (4740, 3540, 16), (3062, 2394, 14)),
)
#: What may lie in a breast or beside it.
THINGS = ("clips", "specks", "beads", "implant", "vessels", "wire", "rings", "scar marker")
_SMALL = 8


@dataclass(frozen=True)
class Look:
    """How an image is made: noise as a share of the full signal, and what it is made for."""

    rows: int
    columns: int
    bits: int
    side: str = "L"
    view: str = "CC"
    noise: float = 0.01
    processing: bool = False  # FOR PROCESSING: linear in dose, bright air, nothing masked
    dark: bool = False  # MONOCHROME1
    things: tuple[str, ...] = ()
    borders: tuple[str, ...] = ()  # "paddle", "collimator", "white frame"
    masked: bool = True  # air is set to one value, as vendors do for presentation


def expose(look: Look, random: np.random.Generator) -> tuple[Array, Mask]:
    """Make one image and where its tissue is, rows by columns; the breast at its own side."""
    thickness = _thickness(look, random)
    tissue = thickness > 0.02
    dense = thickness * (0.45 + 0.9 * _clouds(look.rows, look.columns, random))
    for thing in look.things:
        _DRAWN[thing](dense, thickness, random)
    signal = _signal(dense, look, random)
    for border in look.borders:
        _BORDERS[border](signal, random)
    signal += _grain(signal, look, random)
    if look.masked and not look.processing:
        signal[~cv2.dilate(tissue.astype(np.uint8), np.ones((41, 41), np.uint8)).astype(bool)] = 0
    peak = (1 << look.bits) - 1
    stored = (np.clip(signal, 0, 1) * peak).astype(np.uint16)
    if look.dark:
        stored = (peak - stored).astype(np.uint16)
    if look.side == "R":
        return np.ascontiguousarray(stored[:, ::-1]), np.ascontiguousarray(tissue[:, ::-1])
    return stored, tissue


def _thickness(look: Look, random: np.random.Generator) -> Field:
    """Half an ellipse at the chest wall, thin at the skin; a pectoral muscle above an MLO."""
    rows, columns = look.rows // _SMALL, look.columns // _SMALL
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    wide, high = random.uniform(0.45, 0.8) * columns, random.uniform(0.32, 0.45) * rows
    middle = random.uniform(0.42, 0.58) * rows
    depth = 1 - (x / wide) ** 2 - ((y - middle) / high) ** 2
    body = np.clip(np.sqrt(np.maximum(depth, 0)) * 1.8, 0, 1)
    if look.view == "MLO":
        edge = random.uniform(0.3, 0.5) * columns * (1 - y / (0.6 * rows))
        body = np.maximum(body, np.clip((edge - x) / 12, 0, 1) * 0.95)
    return cv2.resize(
        body.astype(np.float32), (look.columns, look.rows), interpolation=cv2.INTER_LINEAR
    )


@lru_cache(maxsize=2)
def _frequencies(rows: int, columns: int) -> Field:
    radius = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    radius[0, 0] = 1
    return np.asarray(radius, np.float32)


def _clouds(rows: int, columns: int, random: np.random.Generator) -> Field:
    """Noise with the power spectrum of breast tissue, 1/f³, in 0 to 1."""
    small = rows // 4, columns // 4
    radius = _frequencies(*small)
    phase = np.fft.rfft2(random.standard_normal(small, np.float32))
    field = np.fft.irfft2(phase * radius**-1.5, small)
    field = (field - field.mean()) / (5 * field.std()) + 0.5
    return np.clip(
        cv2.resize(field.astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC), 0, 1
    )


def _signal(dense: Field, look: Look, random: np.random.Generator) -> Field:
    """From attenuation to brightness; FOR PROCESSING it is dose, and air is brightest."""
    if look.processing:
        light = np.exp(-3.0 * dense) * random.uniform(0.6, 0.9)
        # As a detector of raw data shows it: more dose, more counts; MONOCHROME1 turns it round.
        return np.asarray(1 - light, np.float32)
    blurred = cv2.GaussianBlur(dense, (0, 0), 12)
    return np.asarray(0.08 + 0.62 * dense + 0.5 * (dense - blurred), np.float32)


def _grain(signal: Field, look: Look, random: np.random.Generator) -> Field:
    """Quantum noise: its variance goes with the dose, and it is a little correlated."""
    grain = cv2.GaussianBlur(random.standard_normal(signal.shape, np.float32), (0, 0), 0.6) * 1.6
    dose = np.clip(1.05 - signal, 0.05, 1)
    depends = np.sqrt(dose) if look.processing else 1 / np.sqrt(dose + 0.3)
    return np.asarray(look.noise * grain * depends, np.float32)


def _inside(thickness: Field, random: np.random.Generator) -> tuple[int, int]:
    """Choose a point well in the breast as x and y."""
    thick = np.argwhere(thickness[::16, ::16] > 0.8)
    row, column = thick[random.integers(len(thick))] * 16 if len(thick) else (100, 100)
    return int(column), int(row)


def _clips(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """Titanium: short bent wires of 3 mm."""
    for _ in range(random.integers(1, 5)):
        x, y = _inside(thickness, random)
        turn = random.uniform(0, np.pi)
        along = np.array((np.cos(turn), np.sin(turn))) * random.integers(12, 24)
        across = np.array((-along[1], along[0])) * 0.35
        shape = np.array((across - along, -across - along, -across + along)) + np.array((x, y))
        cv2.polylines(dense, [shape.astype(np.int32)], False, 1.35, 4, cv2.LINE_AA)


def _specks(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """Microcalcifications in groups."""
    for _ in range(random.integers(1, 4)):
        x, y = _inside(thickness, random)
        for dx, dy in random.normal(0, 60, (random.integers(6, 30), 2)).astype(int):
            size = int(random.integers(1, 5))
            cv2.circle(dense, (x + dx, y + dy), size, float(random.uniform(0.9, 1.3)), -1)


def _beads(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """Lead beads on the skin, 2 mm."""
    for _ in range(random.integers(1, 4)):
        cv2.circle(dense, _inside(thickness, random), int(random.integers(10, 18)), 1.5, -1)


def _rings(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """Rim calcifications and moles marked with a ring, which look like an O."""
    for _ in range(random.integers(1, 4)):
        size = int(random.integers(10, 70))
        cv2.circle(dense, _inside(thickness, random), size, 1.1, max(2, size // 8), cv2.LINE_AA)


def _implant(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """Silicone: a large bright oval with a sharp, folded rim."""
    rows, columns = dense.shape
    centre = (int(0.12 * columns), int(random.uniform(0.42, 0.58) * rows))
    axes = (int(random.uniform(0.2, 0.34) * columns), int(random.uniform(0.14, 0.24) * rows))
    shape = np.zeros(dense.shape, np.uint8)
    cv2.ellipse(shape, centre, axes, 0, 0, 360, 1, -1, cv2.LINE_AA)
    dense[shape > 0] = 0.35 * dense[shape > 0] + 0.95
    cv2.ellipse(dense, centre, (axes[0] - 9, axes[1] - 9), 0, 0, 360, 1.4, 3, cv2.LINE_AA)


def _vessels(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """Winding vessels, some with calcified walls: two parallel broken lines."""
    for _ in range(random.integers(2, 6)):
        x, y = _inside(thickness, random)
        heading = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, 0.12, 90))
        steps = np.stack((np.cos(heading), np.sin(heading)), 1) * 12
        path = np.array((x, y)) + np.cumsum(steps, 0)
        drawn = np.zeros_like(dense)
        cv2.polylines(drawn, [path.astype(np.int32)], False, 0.14, 10, cv2.LINE_AA)
        dense += cv2.GaussianBlur(drawn, (0, 0), 3) * (thickness > 0.1)
        if random.random() < 0.4:
            side = np.stack((-steps[:, 1], steps[:, 0]), 1) * 0.4
            for wall in (path + side, path - side):
                for start in range(0, 88, 5):
                    piece = wall[start : start + int(random.integers(2, 5))].astype(np.int32)
                    cv2.polylines(dense, [piece], False, 1.0, 2, cv2.LINE_AA)


def _wire(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """A hook wire from the skin inwards."""
    x, y = _inside(thickness, random)
    cv2.line(dense, (x, y), (x + 700, y - int(random.integers(-400, 400))), 1.4, 4, cv2.LINE_AA)
    cv2.line(dense, (x, y), (x + 40, y + 30), 1.4, 4, cv2.LINE_AA)


def _scar(dense: Field, thickness: Field, random: np.random.Generator) -> None:
    """A wire taped on a scar: a long thin bent line."""
    x, y = _inside(thickness, random)
    bent = np.array([(x + 14 * i, y + 40 * np.sin(i / 9)) for i in range(50)], np.int32)
    cv2.polylines(dense, [bent], False, 1.3, 5, cv2.LINE_AA)


def _paddle(signal: Field, random: np.random.Generator) -> None:
    """The rim of the compression paddle: a faint straight band with rounded corners."""
    rows, columns = signal.shape
    at = int(random.uniform(0.85, 0.95) * columns)
    cv2.rectangle(signal, (-50, int(0.04 * rows)), (at, int(0.96 * rows)), 0.22, 14, cv2.LINE_AA)


def _collimator(signal: Field, random: np.random.Generator) -> None:
    """Shutters: what lies outside is white, with a sharp border a little askew."""
    rows, columns = signal.shape
    at, askew = int(random.uniform(0.9, 0.97) * columns), int(random.integers(-30, 30))
    outside = [(at, 0), (columns, 0), (columns, rows), (at + askew, rows)]
    cv2.fillPoly(signal, [np.array(outside, np.int32)], 0.95)


def _frame(signal: Field, random: np.random.Generator) -> None:
    """A white border of some pixels round the picture, as digitisers leave."""
    rows, columns = signal.shape
    cv2.rectangle(signal, (0, 0), (columns - 1, rows - 1), 1.0, int(random.integers(8, 40)))


_DRAWN = {
    "clips": _clips,
    "specks": _specks,
    "beads": _beads,
    "implant": _implant,
    "vessels": _vessels,
    "wire": _wire,
    "rings": _rings,
    "scar marker": _scar,
}
_BORDERS = {"paddle": _paddle, "collimator": _collimator, "white frame": _frame}
