"""One PACS for all tests of the network, filled once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flows.sources.peers import CT, QRSCP, SR, QrScp, image, qrscp, receiver, send
from tests.servers import free_ports


@dataclass
class Hospital:
    """A PACS, and where what it sends by C-MOVE is received."""

    pacs: QrScp
    received: Path


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Studies 1 to 3 of MG on three days, 4 of CT, 5 with a CAD report; A1 to A5."""
    folder = tmp_path_factory.mktemp("hospital")
    (port,) = free_ports(1)
    with qrscp(folder / "pacs", port) as pacs, receiver(port, folder / "received") as received:
        for study, day in ((1, "20260110"), (2, "20260111"), (3, "20260115")):
            objects = [image(study, 1, number, StudyDate=day) for number in range(1, 5)]
            send(pacs.port, QRSCP, objects)
        send(pacs.port, QRSCP, [image(4, Modality="CT", SOPClassUID=CT)])
        report = image(5, 2, 1, Modality="SR", SOPClassUID=SR)
        del report.PixelData
        send(pacs.port, QRSCP, [image(5), report])
        yield Hospital(pacs, received)
