"""Peak memory of a process of its own for the largest inputs, beside that of the model alone."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from flows.demo.encode import part10
from tests.bench.pixels.speed import BITS, SYNTAXES, detector_film, slices, with_lines
from tests.deid.pictures import Array, film
from tests.objects import mammogram, tomosynthesis, write_tomosynthesis

#: The whole walk of a folder of one object; peaks in MB. The model alone has read a full tile.
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from flows import deidentifier
from flows.keys import sides
from flows.offline.folder import deidentify_folder
def peak():  # not ru_maxrss: that begins with the size of whoever started us
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
loaded = deidentifier.load(sides.offline_keys(None))
reader = loaded.text_reader
print(f"loaded_megabytes={peak():.0f}")
reader.probability(np.zeros((640, 640), np.uint8))
reader.read(np.zeros((48, 1024), np.uint8))
model = peak()
print(f"model_megabytes={model:.0f}")
lines = deidentify_folder(Path(sys.argv[1]), Path(sys.argv[2]), loaded, workers=1)
print(f"peak_megabytes={peak():.0f}")
print(f"beside_model_megabytes={peak() - model:.0f}")
print("outcome=" + " ".join(f"{line.outcome}" for line in lines))
"""
_LARGEST = 6464  # squared, 42 million pixels: about the most that one frame may have


def run(*, quick: bool) -> Iterator[str]:
    """Walk each of the largest inputs in a fresh process."""
    inputs: dict[str, Callable[[Path], object]] = {
        "ffdm_uncompressed": lambda path: _ffdm(path, "uncompressed"),
        "ffdm_jpeg_ls": lambda path: _ffdm(path, "jpeg_ls"),
    }
    if not quick:
        inputs |= {
            "ffdm_jpeg_2000": lambda path: _ffdm(path, "jpeg_2000"),
            "largest_frame_uncompressed": lambda path: _largest(path, "uncompressed"),
            "largest_frame_jpeg_ls": lambda path: _largest(path, "jpeg_ls"),
            "dbt_60_frames_with_text": _all_slices,
            "dbt_1_gigabyte": lambda path: write_tomosynthesis(path, 1000),
        }
    for name, make in inputs.items():
        with tempfile.TemporaryDirectory(prefix="mammo-bench-") as folder:
            source = Path(folder) / "source"
            source.mkdir()
            make(source / "IM00001")
            size = (source / "IM00001").stat().st_size / 1e6
            yield f"bench.pixels.memory.{name}.object_megabytes={size:.0f}"
            for line in _measured(source, Path(folder) / "clean"):
                yield f"bench.pixels.memory.{name}.{line}"


def _measured(source: Path, target: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, source, target], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()


def _ffdm(path: Path, syntax: str) -> None:
    _write(path, detector_film(), syntax, BITS)


def _largest(path: Path, syntax: str) -> None:
    tile = film("1-131")[300:4396, :2731]
    picture = np.tile(tile, (2, 3))[:_LARGEST, :_LARGEST]
    _write(path, np.ascontiguousarray(picture), syntax, 16)


def _write(path: Path, picture: Array, syntax: str, bits: int) -> None:
    kept = SYNTAXES[syntax] or ExplicitVRLittleEndian
    written = with_lines(picture, bits)
    made = mammogram(view="lmlo", syntax=kept, pixels=written, BitsStored=bits)
    path.write_bytes(part10(made))


def _all_slices(path: Path) -> None:
    source = path.with_name("slices")
    source.write_bytes(slices(60, text=True))
    held = dcmread(source)
    source.unlink()
    made = tomosynthesis(60, syntax=JPEGLSLossless)
    for keyword in ("Rows", "Columns", "PixelData", "BitsStored", "HighBit"):
        setattr(made, keyword, getattr(held, keyword))
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    path.write_bytes(part10(made))
