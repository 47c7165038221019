"""A PACS that says more than can be true."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flows.exports.content import Limits, Selection
from flows.sources.network.pacs import Pacs
from flows.sources.network.peer import Retrieve
from flows.sources.source import Ended, Fetched, FoundInstance
from tests.flows.exports.bringing import Forgetful, Region, hospital, pacs, receiver_port
from tests.flows.making import counts
from tests.flows.sources.peers import QrScp

__all__ = ["hospital", "pacs", "receiver_port"]


class Boaster(Forgetful):
    """A PACS that counts objects without end, lists none and gives none."""

    def find(self, *asked: Any) -> Any:
        return (replace(one, instances=999_999_999) for one in self._pacs.find(*asked))

    def instances(self, *_: object) -> tuple[FoundInstance, ...]:
        return ()

    def fetch(self, *_: object) -> Fetched:
        return Fetched(Ended.PARTIAL, 0, 1, 0, 0.0, 0)


def test_a_count_beyond_all_measure_is_not_believed(
    hospital: Callable[..., Region], pacs: QrScp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of so many would take all memory, in every try again."""
    monkeypatch.setattr("flows.exports.bringing.MOST_COUNTED", 5)
    source = Boaster(Pacs(pacs.peer(retrieve=Retrieve.GET)), lacks="", tries=0)
    limits = Limits(days=366, settling_days=0, tries=1)
    here = hospital(source, selection=Selection(accessions=("ACC1",)), limits=limits)
    export, _ = here.bring()
    assert counts(here.parts.ledger.tally(export.id)) == {"UNAVAILABLE": 5}
