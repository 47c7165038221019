"""Time on one core, beside decoding alone: a look, blanking and writing back, a second look."""

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from statistics import median

import cv2
import numpy as np
from pydicom.uid import UID, HTJ2KLossless, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.encoding import encode
from deid.pixels.coding.frames import locate_frames
from deid.pixels.coding.planes import load_frame
from deid.pixels.redact import read_again, redact
from deid.pixels.staying import ViewTag
from deid.source import parse
from tests.bench.pixels.breast import Look, expose
from tests.bench.pixels.lettering import draw
from tests.bench.pixels.samples import Canvas, Item, Kind
from tests.bench.pixels.stages import stages
from tests.deid.pictures import (
    Array,
    described,
    encapsulated,
    film,
    joined,
    native,
    text_reader,
)

SYNTAXES: dict[str, UID | None] = {
    "uncompressed": None,
    "jpeg_lossless": JPEGLosslessSV1,
    "jpeg_ls": JPEGLSLossless,
    "htj2k": HTJ2KLossless,
    "jpeg_2000": JPEG2000Lossless,
}
ROWS, COLUMNS, BITS = 4096, 3328, 14
_SLICES = (2457, 1890, 14)
LINES = ("ÖHRSTRÖM, Åsa Märta", "19570312-9808", "2023-04-17 10:11", "Norrby sjukhus")


def run(rounds: int) -> Iterator[str]:
    """Time an invented image and a real film of 4096 by 3328, 14 bits."""
    with one_core():
        for name, picture in (("synthetic", _synthetic()), ("film", detector_film())):
            yield from _images(f"bench.pixels.speed.{name}", picture, rounds)


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def with_lines(picture: Array, bits: int) -> Array:
    """Burn four lines of an identity into a corner."""
    canvas = Canvas(picture.copy(), bits)
    write_lines(canvas)
    return canvas.picture


def write_lines(canvas: Canvas) -> None:
    """Burn four lines of an identity into the lower right corner."""
    rows, columns = canvas.picture.shape
    for number, line in enumerate(LINES):
        alpha = draw(line, 28)
        at = (rows - 300 + 60 * number, columns - alpha.shape[1] - 30)
        canvas.burn(alpha, at, Item(line, Kind.IDENTITY, 0, 0, alpha > 1, 28))


def stored(picture: Array, syntax: UID | None, bits: int) -> bytes:
    """Give one image in a transfer syntax."""
    if syntax is None:
        return native(picture, BitsStored=bits)
    layout = read_layout(described(picture, BitsStored=bits))
    return encapsulated(picture, [encode(picture, layout, syntax)], syntax, BitsStored=bits)


def _images(name: str, picture: Array, rounds: int) -> Iterator[str]:
    written = with_lines(picture, BITS)
    for syntax_name, syntax in SYNTAXES.items():
        clean, text = stored(picture, syntax, BITS), stored(written, syntax, BITS)
        finished = _redacted(text)
        works = {
            "decode": partial(decoded, clean),
            "first_pass": partial(_redacted, clean),
            "with_text_redact": partial(_redacted, text),
            "with_text_second_eye": partial(_seen, finished),
        }
        spent = {stage: [] for stage in works}
        for _ in range(rounds):
            for stage, work in works.items():
                spent[stage].append(cpu(work))
        prefix = f"{name}.{syntax_name}"
        for stage, seconds in spent.items():
            yield f"{prefix}.{stage}_ms={1000 * median(seconds):.0f}"
        both = median(spent["with_text_redact"]) + median(spent["with_text_second_eye"])
        yield f"{prefix}.with_text_all_ms={1000 * both:.0f}"
        with stages() as counted:
            _redacted(text)
        for stage, seconds in counted.items():
            yield f"{prefix}.stage_{stage}_ms={1000 * seconds:.0f}"


def run_slices(frames: int) -> Iterator[str]:
    """Time tomosynthesis in JPEG-LS, whose decoding depends on how noisy its air is."""
    with one_core():
        yield f"bench.pixels.dbt.frames={frames}"
        for air, text in product(("masked", "noisy"), (False, True)):
            source = slices(frames, text=text, masked=air == "masked")
            prefix = f"bench.pixels.dbt.air_{air}.{'text_in_all_frames' if text else 'clean'}"
            before, looked = cpu(partial(decoded, source)), cpu(partial(_redacted, source))
            yield f"{prefix}.megabytes={len(source) / 1e6:.0f}"
            yield f"{prefix}.decode_ms={1000 * before:.0f}"
            yield f"{prefix}.redact_ms={1000 * looked:.0f}"
            yield f"{prefix}.redact_by_decode={looked / before:.2f}"
            if text:
                again = cpu(partial(_seen, _redacted(source)))
                yield f"{prefix}.second_eye_ms={1000 * again:.0f}"


def slices(frames: int, *, text: bool, masked: bool = True) -> bytes:
    """Give a tomosynthesis object in JPEG-LS: its structure drifts, its marker and text stay."""
    rows, columns, bits = _SLICES
    random = np.random.default_rng(5)
    look = Look(
        rows, columns, bits, noise=0.002, things=("specks", "clips", "vessels"), masked=masked
    )
    first, _ = expose(look, np.random.default_rng(3))
    marker = draw("LCC", 64)
    last, _ = expose(look, np.random.default_rng(3))
    last = np.roll(cv2.GaussianBlur(last, (0, 0), 6), 20, axis=0)
    streams = []
    for number in range(frames):
        share = number / max(1, frames - 1)
        noise = random.normal(0, 40, first.shape).astype(np.float32) * (first > 0)
        mixed = np.clip((1 - share) * first + share * last + noise, 0, (1 << bits) - 1)
        canvas = Canvas(mixed.astype(np.uint16), bits)
        at = 120, columns - marker.shape[1] - 120
        canvas.burn(marker, at, Item("LCC", Kind.MARKER, 0, 0, marker > 1, 64))
        if text:
            write_lines(canvas)
        picture = canvas.picture
        layout = read_layout(described(picture, BitsStored=bits))
        streams.append(encode(picture, layout, JPEGLSLossless))
    pictures = np.broadcast_to(picture, (frames, *picture.shape))
    return encapsulated(pictures, streams, JPEGLSLossless, BitsStored=bits)


def cpu(work: Callable[[], object]) -> float:
    """Give the seconds of processor time a piece of work takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def decoded(source: bytes) -> None:
    """Decode all frames, one after another, and do nothing with them."""
    reader = io.BytesIO(source)
    parsed = parse(reader)
    located = locate_frames(reader, parsed)
    for place in located.places:
        load_frame(reader, place, parsed, located.layout)


def _redacted(source: bytes) -> bytes:
    reader = io.BytesIO(source)
    done = redact(reader, parse(reader), text_reader(), view=ViewTag("", ""))
    return joined(source, done.pieces) if done.boxes else source


def _seen(finished: bytes) -> None:
    reader = io.BytesIO(finished)
    read_again(reader, parse(reader), text_reader())


def _synthetic() -> Array:
    look = Look(ROWS, COLUMNS, BITS, noise=0.006, things=("specks", "vessels", "clips"))
    picture, _ = expose(look, np.random.default_rng(11))
    canvas = Canvas(picture, BITS)
    alpha = draw("L CC", 64)
    canvas.burn(alpha, (200, COLUMNS - 500), Item("L CC", Kind.MARKER, 0, 0, alpha > 1, 64))
    return canvas.picture


def detector_film() -> Array:
    """Give a real film in the size and depth of a detector."""
    sized = cv2.resize(film("1-131"), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(sized >> (16 - BITS), np.uint16)
