"""The measurements name functions of the product, which move."""

from importlib import import_module

from tests.bench.profile import STAGES


def test_every_stage_that_is_timed_is_there():
    for place, function in STAGES.values():
        module = import_module(place) if isinstance(place, str) else place
        assert callable(getattr(module, function))
