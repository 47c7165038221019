"""A peer side by side: dentdeid, on images of 17 MB, one after another on one core."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from flows.demo.encode import part10
from tests.bench.pixels.breast import Look, expose
from tests.bench.pixels.lettering import draw
from tests.bench.pixels.samples import SOLID, Canvas, Item, Kind
from tests.bench.pixels.score import MISSED
from tests.bench.pixels.speed import write_lines
from tests.deid.pictures import Array
from tests.objects import mammogram

ENVIRONMENT = Path(__file__).parents[3] / "var" / "bench" / "dentdeid"
PEER = ("dentdeid==0.1.0", "pydicom==3.0.2", "numpy==2.4.6")
LOOP = Path(__file__).with_name("peer_loop.py")
ROUNDS = 5
_SIZE = (3328, 2560, 12)


def run() -> Iterator[str]:
    """Time both on an image without text, and on one with lines of every contrast."""
    tools = {"ours": Path(sys.executable), "dentdeid": _python()}
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        for kind, (picture, items) in _pictures().items():
            source = Path(name) / kind
            source.mkdir()
            made = mammogram(syntax=ExplicitVRLittleEndian, pixels=picture, BitsStored=_SIZE[2])
            (source / "IM00001.dcm").write_bytes(part10(made))
            size = (source / "IM00001.dcm").stat().st_size / 1e6
            yield f"bench.pixels.peer.{kind}.object_megabytes={size:.1f}"
            for tool, python in tools.items():
                rounds = _rounds(python, tool, source, Path(name) / f"{kind} {tool}")
                cpu, wall = (1000 * median(one[what] for one in rounds) for what in ("cpu", "wall"))
                yield f"bench.pixels.peer.{kind}.{tool}.cpu_ms={cpu:.0f}"
                yield f"bench.pixels.peer.{kind}.{tool}.wall_ms={wall:.0f}"
                yield f"bench.pixels.peer.{kind}.{tool}.outcome={rounds[-1]['outcome']}"
                yield f"bench.pixels.peer.{kind}.{tool}.peak_megabytes={rounds[-1]['peak']:.0f}"
                yield from _scored(f"bench.pixels.peer.{kind}.{tool}", rounds[-1], picture, items)


def _scored(prefix: str, last: dict[str, str], picture: Array, items: list[Item]) -> Iterator[str]:
    if not last["written"]:
        return
    changed = dcmread(last["written"]).pixel_array != picture
    texts = [item for item in items if item.kind is Kind.IDENTITY]
    missed = sum(changed[item.part][item.strokes].mean() < MISSED for item in texts)
    yield f"{prefix}.items={len(texts)}"
    yield f"{prefix}.missed={missed}"
    lost = [it for it in items if it.kind is Kind.MARKER and changed[it.part][it.strokes].any()]
    yield f"{prefix}.markers_lost={len(lost)}"
    yield f"{prefix}.picture_changed_percent={100 * changed.mean():.2f}"


def _pictures() -> dict[str, tuple[Array, list[Item]]]:
    rows, columns, bits = _SIZE
    look = Look(rows, columns, bits, noise=0.006, things=("specks", "vessels", "clips"))
    picture, tissue = expose(look, np.random.default_rng(21))
    canvas = Canvas(picture, bits)
    alpha = draw("L CC", 64)
    canvas.burn(alpha, (150, columns - 400), Item("L CC", Kind.MARKER, 0, 0, alpha > 1, 64))
    clean = canvas.picture.copy(), list(canvas.items)
    corner = Canvas(clean[0].copy(), bits, items=list(canvas.items))
    write_lines(corner)
    random = np.random.default_rng(22)
    small = tissue[::8, ::8]
    for number, contrast in enumerate((SOLID, 16.0, 8.0, 4.0) * 3):
        text = ("Anna Öberg", "470802-9824", "Norrby sjukhus")[number % 3]
        alpha = draw(text, (20, 40)[number % 2], angle=(0, 90)[number // 6])
        at = canvas.place(alpha, small if number % 2 else ~small, random, gap=80)
        if at is not None:
            item = Item(text, Kind.IDENTITY, 0, 0, alpha > 1, 20, contrast)
            canvas.burn(alpha, at, item)
    return {
        "clean": clean,
        "corner_block": (corner.picture, corner.items),
        "lines": (canvas.picture, list(canvas.items)),
    }


def _rounds(python: Path, tool: str, source: Path, target: Path) -> list[dict[str, str]]:
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, LOOP, tool, source, target, str(ROUNDS)],
        env={**os.environ, **one},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _python() -> Path:
    """Give the peer's interpreter; its environment is made on first use, beside our own data."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, ENVIRONMENT], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PEER], check=True)
    return python
