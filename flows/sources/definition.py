"""Sources as an administrator describes them: where they are, and how gently they are asked.

What is secret is never written here: certificates, keys and tokens are paths of files that only
the region's account can read.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from catalog.plans.records import KnownSource, SourceKind
from flows.errors import SourceError

AeTitle = Annotated[
    str, Field(pattern=r"^[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?$")
]
Port = Annotated[int, Field(gt=0, lt=65536)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Age = Annotated[float, Field(gt=0, le=30 * 86400)]


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Tls(_Described):
    """What a connection is secured with; without a certificate of our own, only theirs counts.

    Attributes:
        ca: Who vouches for the other side.
        certificate: Our own, with `key`.
        name: That the other side's certificate bears, where it is not the host's.
    """

    ca: Path
    certificate: Path | None = None
    key: Path | None = None
    name: str = ""


class Care(_Described):
    """How gently a source is asked.

    Attributes:
        associations: Connections at a time.
        bytes_per_second: What is fetched at most; 0 is without limit. By default so little that a
            PACS goes on answering its users as fast (docs/performance.md).
        slow_seconds: A query that takes longer counts against the source: after `failures` of
            them in a row it is left alone for `rest_seconds`.
        nearline: Whether studies are fetched that the source must bring from tape first.
    """

    associations: int = Field(default=1, ge=1, le=16)
    bytes_per_second: int = Field(default=20_000_000, ge=0)
    slow_seconds: Seconds = 20.0
    failures: int = Field(default=3, ge=1, le=100)
    rest_seconds: Seconds = 300.0
    nearline: bool = False


class FolderSource(_Described):
    """An export folder, local or mounted, or a folder of such folders and ZIP archives.

    Attributes:
        marker: Name of the file that says that an export is complete.
        stable_seconds: Without a marker: an export is complete when nothing changed for so long.
        manifest: Name of a file with the SHA-256 of every file, as `sha256sum` writes it.
    """

    kind: Literal[SourceKind.FOLDER] = SourceKind.FOLDER
    path: Path
    marker: str = ""
    stable_seconds: Seconds = 60.0
    manifest: str = "SHA256SUMS"
    care: Care = Care()


class DicomSource(_Described):
    """A PACS on the DICOM network.

    Attributes:
        ae_title: Its application entity title, called by ours.
        our_ae_title: What we call ourselves, and where it moves to: our receiver's.
        retrieve: `auto` takes C-GET where it is offered, and C-MOVE elsewhere.
        most_answers: How many answers it gives at most, where that is known; 0 for no limit.
        screening_stations: Station names at which women are screened; others are clinical.
    """

    kind: Literal[SourceKind.DICOM] = SourceKind.DICOM
    ae_title: AeTitle
    host: str = Field(min_length=1, max_length=255, pattern=r"^[^\s/@]+$")
    port: Port = 104
    our_ae_title: AeTitle = "MAMMO"
    retrieve: Literal["auto", "move", "get"] = "auto"
    tls: Tls | None = None
    connect_seconds: Seconds = 15.0
    answer_seconds: Seconds = 120.0
    most_answers: int | None = Field(default=None, ge=0)
    screening_stations: tuple[str, ...] = ()
    care: Care = Care()


class WebSource(_Described):
    """A DICOMweb service (PS3.18).

    Attributes:
        url: Base of QIDO-RS and WADO-RS.
        token_file: A bearer token that an agent keeps fresh.
    """

    kind: Literal[SourceKind.DICOMWEB] = SourceKind.DICOMWEB
    url: str = Field(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
    token_file: Path | None = None
    tls: Tls | None = None
    connect_seconds: Seconds = 15.0
    answer_seconds: Seconds = 120.0
    screening_stations: tuple[str, ...] = ()
    care: Care = Care()


class PushedSource(_Described):
    """Systems that push to our receiver unasked.

    Attributes:
        calling: What they call themselves: AE titles of the receiver's peers file.
        quiet_seconds: A study counts as complete when nothing came of it for so long.
        most_seconds: Or so long after its first object; what comes later is late.
    """

    kind: Literal[SourceKind.PUSHED] = SourceKind.PUSHED
    calling: tuple[AeTitle, ...] = Field(min_length=1)
    quiet_seconds: Seconds = 300.0
    most_seconds: Age = 86_400.0
    care: Care = Care()


Described = FolderSource | DicomSource | WebSource | PushedSource
Definition = Annotated[Described, Field(discriminator="kind")]
_ANY: TypeAdapter[Described] = TypeAdapter(Definition)


def describe(name: str, told: object) -> KnownSource:
    """Check what an administrator told of a source, and give it as the ledger keeps it.

    Raises:
        SourceError: With what is wrong in it, never with what it says.
    """
    found = _validated(told)
    return KnownSource(name, found.kind, found.model_dump_json())


def definition(known: KnownSource) -> Described:
    """Give the definition of a source that the ledger keeps.

    Raises:
        SourceError: It was kept by another version.
    """
    try:
        return _ANY.validate_json(known.settings)
    except ValidationError as error:
        raise SourceError(_wrong(error)) from None


def _validated(told: object) -> Described:
    try:
        return _ANY.validate_python(told)
    except ValidationError as error:
        raise SourceError(_wrong(error)) from None


def _wrong(error: ValidationError) -> str:
    wrong = "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'source'}: {one['msg']}"
        for one in error.errors(include_input=False)
    )
    return f"the source is not described right: {wrong}"
