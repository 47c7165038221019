"""One stack with two sides, started once for all tests that need it, with a small export in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.apart import Apart
from tests.objects import INSTANCE, mammogram, part10, with_private
from tests.servers import free_block

STUDIES = 2


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    made = Apart(tmp_path_factory.mktemp("apart") / "var", free_block(40))
    try:
        made.mammo("up", "--two-sides")
        yield made
    finally:
        made.mammo("reset", "--yes")


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four images of two examinations of a known person, and a file that is none."""
    folder = tmp_path_factory.mktemp("export")
    for study in range(1, STUDIES + 1):
        for number, view in enumerate(("lcc", "rcc"), 1):
            made = mammogram(
                view=view,
                SOPInstanceUID=f"{INSTANCE}.{study}.{number}",
                StudyInstanceUID=f"{INSTANCE}.9.{study}",
                SeriesInstanceUID=f"{INSTANCE}.9.{study}.1",
                AccessionNumber=f"PROV{study}00001",
                PatientComments="Provström Åsa 19570312-9808",
            )
            pixels = made.pixel_array.copy()
            pixels[:: 16 * study] = np.minimum(pixels[:: 16 * study] + study, pixels.max())
            made.PixelData = pixels.tobytes()
            (folder / f"IM{study}{number}").write_bytes(part10(with_private(made)))
    (folder / "IM99").write_bytes(b"no image at all")
    return folder


@pytest.fixture(scope="session")
def delivered(apart: Apart, export: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the ingest said."""
    until = (datetime.now(UTC) + timedelta(9)).date()
    decision = tmp_path_factory.mktemp("told") / "decision.toml"
    decision.write_text(
        'reference = "D-1"\nlegal_basis = "EHDS Article 60"\npurpose = "test"\n'
        f'controller = "Prov"\nvalid_until = {until}\nprotection_source = "FILTERED_EXPORT"\n'
    )
    apart.mammo("catalog", "add-holder", "prov", "Provsjukhuset", "--region", "norr")
    claimed = ("--count", str(2 * STUDIES))
    return apart.mammo("ingest", "prov", str(export), "--decision", str(decision), *claimed)
