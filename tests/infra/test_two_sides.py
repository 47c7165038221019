"""Two sides on one machine: whoever begins them at once finds one certificate."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from infra.certificate import certificate_in
from infra.sides import hub_ca_in
from infra.two_sides import TwoSides
from tests.infra.conftest import free_ports

AT_ONCE, TURNS = 8, 4


def silent(_line: str) -> None:
    """Say nothing."""


def test_commands_at_once_mix_no_certificates(tmp_path: Path) -> None:
    for turn in range(TURNS):
        sides, begin = TwoSides(tmp_path / str(turn), free_ports()), Barrier(AT_ONCE)

        def vouch(_number: int, sides: TwoSides = sides, begin: Barrier = begin) -> None:
            begin.wait()
            sides._vouch(silent)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(vouch, range(AT_ONCE)))
        files = certificate_in(sides.hub.state)
        server = load_pem_x509_certificate(files.server.read_bytes())
        server.verify_directly_issued_by(load_pem_x509_certificate(files.ca.read_bytes()))
        key = load_pem_private_key(files.key.read_bytes(), password=None)
        assert isinstance(key, EllipticCurvePrivateKey)
        assert key.public_key() == server.public_key()
        assert hub_ca_in(sides.region.state).read_bytes() == files.ca.read_bytes()


def test_a_reset_leaves_nothing(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path / "var", free_ports())
    sides.reset()
    sides.state.mkdir(mode=0o700)
    sides.reset()
    assert not sides.state.exists()
