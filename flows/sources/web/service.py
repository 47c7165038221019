"""Which DICOMweb service, how we show who we are, and how long we wait for it."""

import re
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import httpx

from flows.errors import SettingsError
from flows.sources.network.peer import Tls

#: RFC 6750 §2.1.
TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
LONGEST_TOKEN = 1 << 16

NO_TOKEN = "the file of the bearer token cannot be read, or holds no token"  # noqa: S105
OPEN_TOKEN = "the file of the bearer token can be read by others: chmod 600"  # noqa: S105
BARE_TOKEN = "a bearer token is sent over https only: correct the address"  # noqa: S105


@dataclass(frozen=True, repr=False)
class Service:
    """One DICOMweb service.

    Attributes:
        url: Base of its resources, before `/studies`.
        token_file: A bearer token that an agent keeps fresh; read for each request.
        connect: Seconds for the connection and TLS.
        answer: Seconds without an answer, or without any progress of one.
        connections: Most that this process has with it at any time.
    """

    url: str
    token_file: Path | None = None
    tls: Tls | None = None
    connect: float = 15.0
    answer: float = 120.0
    connections: int = 1

    def context(self) -> ssl.SSLContext:
        """Build what a connection is secured with.

        Raises:
            SettingsError: A file is missing or malformed, or a token would go out in clear text.
        """
        if self.token_file is not None and not self._is_secure():
            raise SettingsError(BARE_TOKEN)
        if self.tls is not None:
            return self.tls.context()
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _is_secure(self) -> bool:
        """Tell whether nobody between us and the service reads along."""
        url = httpx.URL(self.url)
        if url.scheme == "https" or url.host == "localhost":
            return True
        try:
            return ip_address(url.host).is_loopback
        except ValueError:
            return False

    def token(self) -> str:
        """Read the token; empty where there is none.

        Raises:
            SettingsError: The file cannot be used; its content is not quoted.
        """
        if self.token_file is None:
            return ""
        try:
            with self.token_file.open("rb") as file:
                told = file.read(LONGEST_TOKEN).decode("ascii").strip()
                mode = self.token_file.stat().st_mode
        except (OSError, UnicodeDecodeError):
            raise SettingsError(NO_TOKEN) from None
        if mode & 0o077:
            raise SettingsError(OPEN_TOKEN)
        if not TOKEN.fullmatch(told):
            raise SettingsError(NO_TOKEN)
        return told
