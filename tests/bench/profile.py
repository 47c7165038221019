"""Where the time of one image goes: every stage of the walk, one after another, one thread."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from catalog.outcome import Outcome
from flows import deidentifier
from flows.demo.films import build_exports
from flows.keys import sides
from flows.offline import folder
from flows.walk import admit

#: Name of a stage, and the function whose time it is, where the walk looks it up.
STAGES = {
    "look": (folder, "_look"),
    "deidentify": (admit, "deidentify"),
    "redact": ("deid.deidentify", "redact"),
    "clean_header": ("deid.deidentify", "clean_header"),
    "spool": (admit, "spool"),
    "second_eye": (admit, "inspect"),
    "second_eye_header": ("deid.second_eye.verify", "look"),
    "second_eye_pixels": ("deid.deidentify", "read_again"),
}


def run() -> Iterator[str]:
    """Time the stages over the films that are admitted; stages may lie within each other."""
    spent: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="mammo-bench-") as name:
        exports = build_exports(Path(name) / "demo")
        loaded = deidentifier.load(sides.offline_keys(None))
        begun, admitted = time.perf_counter(), 0
        patches = [_timed(stage, *where, spent) for stage, where in STAGES.items()]
        for one in patches:
            one.start()
        for export in exports:
            target = Path(name) / export.holder_slug
            lines = folder.deidentify_folder(export.path, target, loaded, workers=1)
            admitted += sum(line.outcome is Outcome.ADMITTED for line in lines)
        for one in patches:
            one.stop()
    yield f"bench.profile.images={admitted}"
    yield f"bench.profile.total_ms={1000 * (time.perf_counter() - begun) / admitted:.0f}"
    for stage in STAGES:
        yield f"bench.profile.{stage}_ms={1000 * spent[stage] / admitted:.1f}"


def _timed(stage: str, place: Any, function: str, spent: Counter[str]) -> Any:
    name = place if isinstance(place, str) else place.__name__
    module = __import__(name, fromlist=[function])
    genuine: Callable[..., Any] = getattr(module, function)

    def timed(*arguments: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        try:
            return genuine(*arguments, **options)
        finally:
            spent[stage] += time.perf_counter() - begun

    return patch.object(module, function, timed)
