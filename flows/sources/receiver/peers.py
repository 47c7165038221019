"""Who may send: calling AE titles, and the addresses and certificate each may come with."""

import hashlib
import tomllib
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError

from flows.errors import SettingsError
from flows.sources.receiver.quotas import Allowance

#: An AE title (PS3.5 table 6.2-1, AE): up to 16 printable characters, no backslash.
TITLE = r"^[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?$"


class Peer(BaseModel):
    """One system that may send.

    Attributes:
        ae_title: What it calls itself.
        addresses: Where it comes from: addresses or networks (`10.1.2.3`, `10.1.0.0/24`).
        certificate: SHA-256 of its own certificate, in hexadecimal; with TLS, and if given, it
            may come with no other.
        associations: Most that it may have open; 0 is without limit, and as the settings say if
            not given.
        waiting_bytes: Most that may wait in the landing of what it sent; likewise.
        note: For people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    ae_title: str = Field(pattern=TITLE)
    addresses: tuple[IPvAnyNetwork, ...] = Field(min_length=1)
    certificate: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    associations: int | None = Field(default=None, ge=0)
    waiting_bytes: int | None = Field(default=None, ge=0)
    note: str = ""


class Peers(BaseModel):
    """All systems that may send: an array `peer` in a TOML file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    peer: tuple[Peer, ...] = Field(min_length=1)

    def admits(self, calling: str, address: str, certificate: bytes | None) -> bool:
        """Tell whether one of them calls itself so and may come from there.

        Args:
            calling: The calling AE title.
            address: IPv4 or IPv6 address of the connection.
            certificate: The peer's certificate, DER; None without TLS.
        """
        place = ip_address(address)
        if isinstance(place, IPv6Address) and place.ipv4_mapped:
            place = place.ipv4_mapped
        seen = hashlib.sha256(certificate).hexdigest() if certificate else ""
        return any(
            one.ae_title == calling
            and any(place in network for network in one.addresses)
            and one.certificate in {"", seen}
            for one in self.peer
        )

    def allowance(self, calling: str, usual: Allowance) -> Allowance:
        """Tell what a peer may take, `usual` where the file does not say.

        Where an AE title has several entries, the first that says something counts.
        """
        mine = [one for one in self.peer if one.ae_title == calling]
        associations = (one.associations for one in mine if one.associations is not None)
        waiting = (one.waiting_bytes for one in mine if one.waiting_bytes is not None)
        return Allowance(next(associations, usual.associations), next(waiting, usual.waiting_bytes))


def read_peers(path: Path) -> Peers:
    """Read who may send.

    Raises:
        SettingsError: The file is missing or wrong; its values are not told.
    """
    try:
        return Peers.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        message = "the peers file (MAMMO_RECEIVER_PEERS) is missing, or is not TOML"
        raise SettingsError(message) from None
    except ValidationError as error:
        places = {".".join(map(str, one["loc"])) for one in error.errors(include_input=False)}
        message = f"the peers file (MAMMO_RECEIVER_PEERS) is wrong at: {', '.join(sorted(places))}"
        raise SettingsError(message) from None


class PeersFile:
    """The peers file as it was last right: read again when it changes, kept when that is wrong.

    Args:
        path: Where it lies.

    Attributes:
        is_current: Whether what lies there now is what counts.

    Raises:
        SettingsError: It is missing or wrong from the beginning.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._peers = read_peers(path)
        self.is_current = True

    def admits(self, calling: str, address: str, certificate: bytes | None) -> bool:
        """Tell whether a peer may send, by the file that counts; see `Peers.admits`."""
        return self._peers.admits(calling, address, certificate)

    def allowance(self, calling: str, usual: Allowance) -> Allowance:
        """Tell what a peer may take, by the file that counts; see `Peers.allowance`."""
        return self._peers.allowance(calling, usual)

    def look(self, *, anyway: bool = False) -> bool:
        """Read the file again if it has changed, or anyway; tell whether that was done.

        Raises:
            SettingsError: It is wrong now; who might send before still may, and nobody else.
        """
        stamp = _stamp(self._path)
        if stamp == self._stamp and not anyway:
            return False
        self._stamp, self.is_current = stamp, False
        self._peers = read_peers(self._path)
        self.is_current = True
        return True


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size
