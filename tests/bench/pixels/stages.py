"""Where the time of a look goes: processor time of each stage, by the functions that do it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any
from unittest.mock import patch

#: The functions whose time is a stage's, where they are looked up.
STAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "decode": (("deid.pixels.redact", "unpack_frame"),),
    "normalise": (
        ("deid.pixels.detection.looking", "Relief"),
        ("deid.pixels.detection.search.View", "show"),
    ),
    "gate": (
        ("deid.pixels.detection.looking", "survey"),
        ("deid.pixels.detection.cells.Survey", "passes"),
    ),
    "network": (("deid.pixels.detection.text_reader.TextReader", "probability"),),
    "recognition": (("deid.pixels.detection.text_reader.TextReader", "read"),),
    "breast": (("deid.pixels.detection.judging", "find_breast"),),
    "blank": (
        ("deid.pixels.redact", "_plan"),
        ("deid.pixels.rewriting.native.NativeRewriting", "blank"),
        ("deid.pixels.rewriting.encapsulated", "background"),
        ("deid.pixels.rewriting.encapsulated", "fill"),
    ),
    "encode": (("deid.pixels.rewriting.encapsulated", "encode"),),
    "prove": (
        ("deid.pixels.rewriting.encapsulated", "decode"),
        ("deid.pixels.rewriting.encapsulated", "is_proven"),
    ),
}


@contextmanager
def stages() -> Iterator[Counter[str]]:
    """Count the seconds of one core that each stage takes."""
    spent: Counter[str] = Counter()
    with ExitStack() as stack:
        for stage, places in STAGES.items():
            for place, function in places:
                holder = holder_of(place)
                if not hasattr(holder, function):  # it has moved; a test says so
                    continue
                timed = _timed(getattr(holder, function), stage, spent)
                stack.enter_context(patch.object(holder, function, timed))
        yield spent


def holder_of(place: str) -> Any:
    """Give a module, or a class in one."""
    try:
        return import_module(place)
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        return getattr(import_module(module), name)


def _timed(genuine: Callable[..., Any], stage: str, spent: Counter[str]) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        begun = time.process_time()
        try:
            return genuine(*arguments, **options)
        finally:
            spent[stage] += time.process_time() - begun

    return timed
