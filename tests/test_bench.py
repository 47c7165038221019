"""The measurements name functions of the product, which move."""

from importlib import import_module

from tests.bench.exports.__main__ import PARTS
from tests.bench.exports.table import ratio, verdict
from tests.bench.profile import STAGES


def test_every_stage_that_is_timed_is_there():
    for place, function in STAGES.values():
        module = import_module(place) if isinstance(place, str) else place
        assert callable(getattr(module, function))


def test_every_figure_of_exports_has_its_bench():
    assert set(PARTS) == {"receive", "endtoend", "processes", "prefect", "burden"}
    assert all(callable(run) for run in PARTS.values())


def test_what_was_measured_in_one_turn_is_compared():
    assert ratio([1, 20, 300], [1, 10, 100]) == 2
    assert verdict(1.2, 1.2, at_least=False).endswith("met")
    assert verdict(0.59, 0.6, at_least=True).endswith("MISSED")
