"""TLS between the two sides of a local stack: an authority and one certificate, for loopback."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as draw
from cryptography.x509.oid import NameOID

from infra.ports import HOST
from infra.private import private_directory, write_private

LIFETIME: Final = timedelta(days=825)
PEM: Final = serialization.Encoding.PEM


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: who vouches, the server's certificate, and its key (0600)."""

    ca: Path
    server: Path
    key: Path


def certificate_in(state: Path) -> Certificate:
    """Say where the hub's side of a stack keeps its certificate."""
    return Certificate(
        state / "hub" / "ca.pem", state / "hub" / "intake.pem", state / "secrets" / "intake-tls.key"
    )


def ensure_certificate(state: Path) -> Certificate:
    """Draw an authority and a certificate the first time; the authority's key is kept nowhere."""
    files = certificate_in(state)
    if not files.key.exists():
        for path in (files.ca, files.key):
            private_directory(path.parent)
        root, leaf = draw(SECP256R1()), draw(SECP256R1())
        authority = _name("mammo development authority")
        made = _begun(authority, authority, root).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        write_private(files.ca, _signed(made.add_extension(_signs(), critical=True), root))
        made = _begun(_name("mammo intake"), authority, leaf).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        vouched = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
        write_private(files.server, _signed(made.add_extension(vouched, critical=False), root))
        write_private(files.key, _private(leaf))
    return files


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _signs() -> x509.KeyUsage:
    """Give what an authority's key may do (RFC 5280 §4.2.1.3): sign certificates."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(made: x509.CertificateBuilder, root: EllipticCurvePrivateKey) -> bytes:
    return made.sign(root, hashes.SHA256()).public_bytes(PEM)


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
