import re
import socket
from typing import Any

import pytest

from infra.errors import PortTakenError, StackError
from infra.ports import BLOCK, HOST, Ports, require_free, taken


def test_all_ports_lie_in_one_block_and_none_twice() -> None:
    ports = Ports(23000)
    every = (ports.api, ports.prefect, ports.s3, *ports.inside)
    assert len(set(every)) == 12
    assert min(every) == 23000
    assert max(every) < 23000 + BLOCK


@pytest.mark.parametrize(
    ("environ", "remembered", "base"),
    [
        ({}, None, 21800),
        ({"MAMMO_PORT_BASE": ""}, None, 21800),
        ({}, 24000, 24000),
        ({"MAMMO_PORT_BASE": "25000"}, 24000, 25000),
    ],
)
def test_the_environment_chooses_before_memory(
    environ: dict[str, str], remembered: int | None, base: int
) -> None:
    assert Ports.chosen(environ, remembered).base == base


@pytest.mark.parametrize("text", ["eighty", "-1", "80", "65530", "1e4"])
def test_a_base_that_cannot_be_is_refused_by_name(text: str) -> None:
    with pytest.raises(StackError, match="MAMMO_PORT_BASE must"):
        Ports.chosen({"MAMMO_PORT_BASE": text})


@pytest.mark.parametrize("address", [HOST, "0.0.0.0"])
def test_a_taken_port_is_named_with_a_way_out_that_is_free(ports: Any, address: str) -> None:
    with socket.create_server((address, ports.s3)):
        with pytest.raises(PortTakenError, match=f"Port {ports.s3} on {HOST} is taken") as caught:
            require_free("s3", (ports.s3,), ports.base)
        way_out = re.search(r"MAMMO_PORT_BASE=(\d+) make demo", str(caught.value))
        assert way_out is not None
        base = int(way_out[1])
        assert not taken(range(base, base + BLOCK))
    require_free("s3", (ports.s3,), ports.base)
