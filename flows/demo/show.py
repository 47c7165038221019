"""Show one image that had text in its pixels: as exported, and as stored."""

import os
import sys
import tempfile
from pathlib import Path

from pydicom import dcmread
from rich.console import Console

from catalog.publishing.study_rows import clean_key
from flows import wiring
from flows.demo.errors import DemoError
from flows.demo.films import DemoExport, burned_boxes
from flows.demo.picture import before_after, terminal_picture

WIDTH = 100


def show_picture(exports: tuple[DemoExport, ...], target: Path, console: Console) -> None:
    """Write the picture beside the exports, and draw it in the terminal if that has colours."""
    original, clean = _changed(exports)
    with tempfile.NamedTemporaryFile(suffix=".dcm") as fetched:
        for block in wiring.hub().clean.get(clean):
            fetched.write(block)
        fetched.flush()
        before_after(original, Path(fetched.name), target, burned_boxes(original))
    console.print(f"  {target}")
    if sys.stdout.isatty() and os.environ.get("COLORTERM"):
        print(terminal_picture(target, min(WIDTH, console.width)))  # noqa: T201  # escape codes as they are


def _changed(exports: tuple[DemoExport, ...]) -> tuple[Path, str]:
    """Find an exported image with text that was admitted, and its clean object."""
    ledger = wiring.region().ledger
    for export in exports:
        for path in sorted(export.path.rglob("IM*")):
            if not burned_boxes(path):
                continue
            sop_uid = str(dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
            for trace in ledger.by_instance(sop_uid):
                if trace.clean_sop_uid:
                    return path, clean_key(wiring.hub().catalogue, trace.clean_sop_uid)
    message = "no image with text was admitted"
    raise DemoError(message)
