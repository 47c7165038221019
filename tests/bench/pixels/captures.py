"""Secondary captures and screens with text: how many would be released with nobody looking."""

import io
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from deid.deidentify import deidentify, identity, inspect
from deid.errors import RefusedError, SuspectError
from deid.identity.identifiers import harvest
from deid.profiles.profile import load_profile
from deid.screen import screen
from deid.source import parse
from flows.demo.encode import part10, set_meta, set_pixels
from flows.files.spool import write
from flows.keys import sides
from tests.bench.pixels.lettering import FACES, draw
from tests.bench.pixels.lettering import identity as some_identity
from tests.bench.pixels.score import MISSED
from tests.deid.pictures import Array, film, pixels_of, text_reader
from tests.objects import mammogram

_MG = DigitalMammographyXRayImageStorageForPresentation
_SC = SecondaryCaptureImageStorage
#: How a header describes a screen; the last is a picture of a screen that says it is an image.
HEADERS: dict[str, dict[str, Any]] = {
    "screen save": {"SOPClassUID": _SC, "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
    "bare capture": {"SOPClassUID": _SC, "ImageType": None, "BurnedInAnnotation": "NO"},
    "colour capture": {"SOPClassUID": MultiFrameTrueColorSecondaryCaptureImageStorage},
    "digitised film": {"SOPClassUID": _SC, "ConversionType": "DF", "ImageType": None},
    "scanned page": {"SOPClassUID": _MG, "ConversionType": "SD"},
    "secondary mammogram": {"SOPClassUID": _MG, "ImageType": ["DERIVED", "SECONDARY"]},
    "burned in": {"SOPClassUID": _MG, "BurnedInAnnotation": "YES"},
    "unknown device": {
        "SOPClassUID": _MG,
        "Manufacturer": "Skärmbild AB",
        "ManufacturerModelName": "Klipp 3",
    },
    "passes for an image": {"SOPClassUID": _MG, "BurnedInAnnotation": "NO"},
}
PICTURES = ("table", "coloured", "paper", "workstation")
DISGUISED = "passes for an image"


def run(seed: int, *, rounds: int = 1) -> Iterator[str]:
    """Walk captures through the gate, de-identification and the second eye."""
    ends: Counter[str] = Counter()
    plain, disguised, left = Counter[str](), 0, 0
    for number, (header, kind) in enumerate(list(product(HEADERS, PICTURES)) * rounds):
        random = np.random.default_rng((seed, number, 3))
        picture, strokes = _picture(kind, random)
        end, finished = walk(_object(header, picture))
        ends[end] += 1
        if finished is None:
            continue
        if header == DISGUISED:
            disguised += 1
            left += (pixels_of(finished) != picture).any(axis=-1)[strokes].mean() < MISSED
        else:
            plain[header] += 1
    yield f"bench.pixels.captures.objects={sum(ends.values())}"
    for end, number in sorted(ends.items()):
        yield f"bench.pixels.captures.{end.replace(' ', '_')}={number}"
    yield f"bench.pixels.captures.released_unreviewed={plain.total()}"
    for header, number in plain.items():
        yield f"bench.pixels.captures.released_unreviewed.{header.replace(' ', '_')}={number}"
    yield f"bench.pixels.captures.disguised_as_images_released={disguised}"
    yield f"bench.pixels.captures.disguised_as_images_released_with_text={left}"


def walk(source: bytes) -> tuple[str, bytes | None]:
    """Walk one object with the mammography profile; give its end, and its bytes if released."""
    profile, held = load_profile(), sides.offline_keys(None)
    reader = io.BytesIO(source)
    try:
        parsed = parse(reader)
        identifiers = harvest(parsed)
        passage = screen(parsed, profile)
        person = held.pseudonyms.person(identity(parsed))
        clean = deidentify(
            reader,
            parsed,
            profile=profile,
            person=person,
            subkeys=held.subkeys(),
            identifiers=identifiers,
            text_reader=text_reader(),
            passage=passage,
        )
        with TemporaryDirectory() as name:
            target = Path(name) / "finished"
            write(clean.pieces, reader, target)
            finished = target.read_bytes()
        inspect(
            io.BytesIO(finished),
            profile,
            person,
            identifiers=identifiers,
            text_reader=text_reader(),
            applied=clean.applied,
            pixels_changed=bool(clean.boxes),
            blanked=clean.boxes,
            passage=passage,
        )
    except RefusedError as error:
        return f"refused.{error.reason}", None
    except SuspectError as error:
        return f"held back.{error.reason}", None
    return "released", finished


def _object(header: str, picture: Array) -> bytes:
    made = mammogram(BitsStored=8)
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    for keyword, value in HEADERS[header].items():
        if value is None:
            made.pop(keyword, None)
        else:
            setattr(made, keyword, value)
    set_pixels(made, [picture], ExplicitVRLittleEndian)
    set_meta(made, ExplicitVRLittleEndian)
    return part10(made)


def _picture(kind: str, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw a screen of 1024 by 1280 in colour; give it and its glyph pixels."""
    paper = kind == "paper"
    screen_ = np.full((1024, 1280, 3), 245 if paper else 12, np.uint8)
    if kind == "workstation":
        small = (film("1-131")[::5, ::5] >> 8).astype(np.uint8)[:880, :560]
        screen_[120 : 120 + small.shape[0], 60 : 60 + small.shape[1]] = small[..., None]
    strokes = np.zeros(screen_.shape[:2], bool)
    rows = 3 if kind == "workstation" else 18
    for row in range(rows):
        height = int(random.choice([10, 12, 16, 22]))
        left = 20
        while left < 900:
            alpha = draw(some_identity(random, height), height, str(random.choice(FACES)))
            top = 20 + row * (32 if kind == "workstation" else 54)
            high, wide = alpha.shape
            if left + wide > 1260:
                break
            colour = _colour(kind, random)
            part = screen_[top : top + high, left : left + wide].astype(np.float32)
            inked = part * (1 - alpha[..., None]) + np.array(colour) * alpha[..., None]
            screen_[top : top + high, left : left + wide] = np.rint(inked)
            strokes[top : top + high, left : left + wide] |= alpha > 1 / 2
            left += wide + 60
    return screen_, strokes


def _colour(kind: str, random: np.random.Generator) -> tuple[int, int, int]:
    if kind == "paper":
        return 20, 20, 20
    if kind == "coloured":
        return tuple(int(value) for value in random.permutation([255, 190, 40]))
    return 255, 255, 255
