"""Invented images of detectors: every vendor's way of annotating, or markers alone, or nothing."""

from collections.abc import Iterator

import cv2
import numpy as np

from tests.bench.pixels.breast import DETECTORS, THINGS, Look, expose
from tests.bench.pixels.lettering import FACES, HEIGHTS, IDENTITIES, Alpha, draw, identity
from tests.bench.pixels.samples import SOLID, Canvas, Item, Kind, Mask, Sample

#: How vendors and people annotate.
STYLES = ("corner", "banner", "label", "upright banner", "scattered", "faint")
NOISES = (0.004, 0.01, 0.02)
_TECHNIQUE = ("28 kV 85 mAs W/Rh", "53 mm 112 N AGD 1.2 mGy")
_CONTRASTS = (4.0, 8.0, 16.0)


def with_text(seed: int, count: int) -> Iterator[Sample]:
    """Give images with identities in them, and most with a marker."""
    for number in range(count):
        random = np.random.default_rng((seed, number, 1))
        look = _look(number, random)
        canvas, tissue = _canvas(look, random)
        marked = number % 4 != 3
        if marked:
            _mark(canvas, look, random)
        style = STYLES[number % len(STYLES)]
        _annotate(canvas, style, tissue, random)
        yield _sample(f"synthetic {seed} {number} {style}", canvas, tissue, look)


def without_text(seed: int, count: int) -> Iterator[Sample]:
    """Give images without an identity: of three, two have a marker."""
    for number in range(count):
        random = np.random.default_rng((seed, number, 2))
        look = _look(number, random)
        canvas, tissue = _canvas(look, random)
        if number % 3:
            _mark(canvas, look, random)
        yield _sample(f"clean synthetic {seed} {number}", canvas, tissue, look)


def _look(number: int, random: np.random.Generator) -> Look:
    rows, columns, bits = DETECTORS[number % len(DETECTORS)]
    processing = number % 5 == 2
    return Look(
        rows,
        columns,
        bits,
        side=str(random.choice(["L", "R"])),
        view=str(random.choice(["CC", "MLO"])),
        noise=NOISES[number % len(NOISES)],
        processing=processing,
        dark=processing or number % 7 == 3,
        things=tuple(random.choice(THINGS, 3, replace=False)),
        borders=((), ("paddle",), ("collimator",), ("white frame",))[number % 4],
        masked=bool(number % 3),
    )


def _canvas(look: Look, random: np.random.Generator) -> tuple[Canvas, Mask]:
    picture, tissue = expose(look, random)
    return Canvas(picture, look.bits, _is_dark(look)), tissue


def _is_dark(look: Look) -> bool:
    """Tell whether large values are dark; half of the raw images are shown with white air."""
    return look.dark and not (look.processing and look.bits == 12)


def _sample(name: str, canvas: Canvas, tissue: Mask, look: Look) -> Sample:
    changes = {
        "BitsStored": look.bits,
        "PhotometricInterpretation": "MONOCHROME1" if canvas.dark else "MONOCHROME2",
        "PresentationIntentType": "FOR PROCESSING" if look.processing else "FOR PRESENTATION",
    }
    view = look.side, look.view
    return Sample(name, canvas.picture, canvas.clean, tuple(canvas.items), tissue, changes, view)


def _mark(canvas: Canvas, look: Look, random: np.random.Generator) -> None:
    """Put a marker on the side away from the chest wall, near the top."""
    style = str(random.choice(["text", "lead", "lead turned", "lead cut"]))
    joint = str(random.choice(["", " ", "-"])) if style == "text" else ""
    words = [look.side + joint + look.view]
    if style == "text":
        words += [look.side]
    text = str(random.choice(words))
    height = int(random.choice([28, 40, 64, 110] if style == "text" else [110, 150, 190]))
    turn = int(random.choice([45, -45, 20, -30])) if style in ("lead turned", "lead cut") else 0
    face = "bold" if "lead" in style else str(random.choice(FACES))
    alpha = draw(text, height, face, angle=turn)
    if "lead" in style:
        alpha = cv2.GaussianBlur(np.pad(alpha, 12), (0, 0), 3)  # lead is not flat
    rows, columns = canvas.picture.shape
    wide = alpha.shape[1]
    top = int(random.uniform(0.02, 0.12) * rows) + 20
    left = columns - wide - int(random.uniform(0.06, 0.14) * columns)
    if look.side == "R":
        left = columns - wide - left
    kind = Kind.MARKER
    if style == "lead cut":
        kind = Kind.CUT
        hidden = int(random.uniform(0.15, 0.35) * wide)
        alpha = alpha[:, hidden:] if look.side == "R" else alpha[:, : wide - hidden]
        left = 0 if look.side == "R" else columns - alpha.shape[1]
    around = _around(canvas, alpha.shape, (top, left), height)
    brightest = canvas.picture[around].min() if canvas.dark else canvas.picture[around].max()
    if abs(int(brightest) - (0 if canvas.dark else 1 << canvas.bits)) < 1 << canvas.bits - 3:
        kind = Kind.CUT  # something white runs through it
    item = Item(text, kind, 0, 0, alpha > 1, height, SOLID, "air", turn, True, style)
    canvas.keep_free(around)
    canvas.burn(alpha * random.uniform(0.6, 1) if "lead" in style else alpha, (top, left), item)


def _around(canvas: Canvas, shape: tuple[int, ...], at: tuple[int, int], gap: int) -> Mask:
    area = np.zeros(canvas.picture.shape, bool)
    top, left = max(0, at[0] - gap), max(0, at[1] - gap)
    area[top : at[0] + shape[0] + gap, left : at[1] + shape[1] + gap] = True
    return area


def _annotate(canvas: Canvas, style: str, tissue: Mask, random: np.random.Generator) -> None:
    face = str(random.choice(FACES))
    if style in ("scattered", "faint"):
        _scatter(canvas, style, tissue, random)
        return
    if style == "label":
        _label(canvas, face, random)
        return
    height = int(random.choice([16, 20, 28, 40]))
    if style == "corner":
        lines = [str(text) for text in random.choice(IDENTITIES, 4, replace=False)]
        lines += _TECHNIQUE
    else:
        lines = ["   ".join(str(text) for text in random.choice(IDENTITIES, 3, replace=False))]
    turn = 90 if style == "upright banner" else 0
    rows, columns = canvas.picture.shape
    at_right, at_bottom = random.random() < 0.5, random.random() < 0.7
    top = rows - (len(lines) + 1) * 2 * height if at_bottom else 2 * height
    for number, line in enumerate(lines):
        alpha = draw(line, height, face, angle=turn)[: rows - 40, : columns - 40]
        high, wide = alpha.shape
        row = min(top + number * round(1.8 * height), rows - high - 10) if not turn else 20
        column = columns - wide - 20 if at_right else 20
        item = Item(line, Kind.IDENTITY, 0, 0, alpha > 1, height)
        _burn(canvas, alpha, (row, column), item, (turn, style, tissue))


def _burn(
    canvas: Canvas, alpha: Alpha, at: tuple[int, int], item: Item, how: tuple[int, str, Mask]
) -> None:
    """Burn a line in unless it would cover another; solid print is white, or black on white."""
    turn, style, tissue = how
    high, wide = alpha.shape
    part = slice(at[0], at[0] + high), slice(at[1], at[1] + wide)
    if canvas.taken[part].any():
        return
    share = tissue[part].mean()
    where = "air" if share < 0.05 else "tissue" if share > 0.95 else "edge"
    known = {**item.__dict__, "turn": turn, "style": style, "where": where}
    for light in (True, False):
        if canvas.burn(alpha, at, Item(**{**known, "light": light})):
            return


def _label(canvas: Canvas, face: str, random: np.random.Generator) -> None:
    """Burn a film's label in: black on a white plate."""
    rows, columns = canvas.picture.shape
    height, peak = 28, (1 << canvas.bits) - 1
    top, left = rows - 14 * height, int(random.uniform(0.3, 0.6) * columns)
    plate = slice(top, top + 10 * height), slice(left, left + 30 * height)
    if canvas.taken[plate].any():
        return
    white = 0 if canvas.dark else peak
    canvas.picture[plate] = white
    for number in range(4):
        line = identity(random, height)
        alpha = draw(line, height, face)
        at = top + height + number * 2 * height, left + height
        canvas.burn(
            alpha,
            at,
            Item(line, Kind.IDENTITY, 0, 0, alpha > 1, height, light=False, style="label"),
        )


def _scatter(canvas: Canvas, style: str, tissue: Mask, random: np.random.Generator) -> None:
    """Burn single lines anywhere: in full white, or at some times the noise."""
    small = cv2.resize(tissue.astype(np.uint8), None, fx=1 / 8, fy=1 / 8).astype(bool)
    areas = {"air": ~small, "tissue": small}
    for number in range(16):
        height = HEIGHTS[number % len(HEIGHTS)]
        where = ("air", "tissue")[number // 8]
        contrast = SOLID if style == "scattered" else float(random.choice(_CONTRASTS))
        turn, face = int(random.choice([0, 0, 90, 270])), str(random.choice(FACES))
        text = identity(random, height)
        alpha = draw(text, height, face, angle=turn)
        at = canvas.place(alpha, areas[where], random, gap=round(1.6 * height) + 8)
        if at is None:
            continue
        item = Item(text, Kind.IDENTITY, 0, 0, alpha > 1, height, contrast)
        _burn(canvas, alpha, at, item, (turn, style, tissue))
