"""What the receiver is told, from its environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ReceiverSettings(BaseSettings):
    """The region's Storage SCP: where a PACS pushes studies to.

    Attributes:
        host: Address it listens on; loopback unless said otherwise.
        ae_title: What a peer must call it.
        peers: TOML file that says who may send, from where.
        landing: The region's landing, where `received` lies.
        tls_certificate: Its own certificate; with `tls_private_key` and `tls_ca`, which vouches
            for the peers', there is mutual TLS. All three or none.
        associations: Most that may be open at once; `peer_associations` of one peer, a quarter
            of them if not given, 0 without limit. The peers file may say otherwise for a peer.
        peer_bytes: Most that may wait in the landing of what one peer sent; likewise.
        object_bytes: Largest object that is taken.
        bytes_per_second: Bandwidth that all associations share; 0 is without limit. By default
            so little that a PACS goes on answering its users as fast (docs/performance.md).
        idle_seconds: How long a peer may send nothing.
        negotiation_seconds: How long an association may take to begin.
        object_seconds: How long one object may take.
        stop_seconds: How long objects under way may take when it is told to end.
        room_bytes: Bytes of the landing's disk that stay free; objects are refused before.
        private_classes: Storage classes of makers that are taken, besides the standard's.
        status_seconds: How often `receiver.json` beside the landing's folders is written.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_RECEIVER_", extra="forbid", hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: int = Field(default=11112, ge=0, le=65535)
    ae_title: str = Field(pattern=r"^[\x21-\x5b\x5d-\x7e]{1,16}$")
    peers: Path
    landing: Path
    tls_certificate: Path | None = None
    tls_private_key: Path | None = None
    tls_ca: Path | None = None
    associations: int = Field(default=16, gt=0, le=512)
    peer_associations: int | None = Field(default=None, ge=0)
    peer_bytes: int = Field(default=50_000_000_000, ge=0)
    object_bytes: int = Field(default=4 * 2**30, gt=0)
    bytes_per_second: int = Field(default=20_000_000, ge=0)
    idle_seconds: float = Field(default=120.0, gt=0)
    negotiation_seconds: float = Field(default=15.0, gt=0)
    object_seconds: float = Field(default=3600.0, gt=0)
    stop_seconds: float = Field(default=20.0, ge=0)
    room_bytes: int = Field(default=5 * 2**30, ge=0)
    private_classes: tuple[str, ...] = ()
    status_seconds: float = Field(default=5.0, gt=0)
