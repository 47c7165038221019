"""What a region answers to an order to erase: a signed statement of counts, and of what stays."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from catalog.arrivals.wire import Count, Name

CONTEXT: Final = b"mammo erasure answer, version 1\n"


class Stays(StrEnum):
    """What is not erased in a region, and by which duty: a closed list."""

    ROWS = "ledger rows without identity: outcomes are accounted for, keyed hashes refuse the study"
    ORDER = "the order, who accepted it and who erased: they are its proof"
    SOURCE = "the holder's own archive and export folders: her care record is the holder's"
    AUDIT = "audit messages about transfers: logs of care must be kept"


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Statement(_Told):
    """What was erased: numbers of studies, files, sealed objects, and files in the landing."""

    form: Literal["mammo-erasure-answer/1"]
    order: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    sequence: Annotated[int, Field(ge=1, lt=1 << 31)]
    region: Name
    studies: Count
    files: Count
    sealed: Count
    landed: Count
    stays: Annotated[tuple[Stays, ...], Field(max_length=len(Stays))]
    done_at: AwareDatetime


class ErasureAnswer(_Told):
    """The statement's very text, and its Ed25519 signature by the region's key, in base64."""

    version: Literal[1] = 1
    statement: Annotated[str, Field(max_length=4096)]
    signature: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]

    def canonical(self) -> bytes:
        """Write it as it is posted."""
        return self.model_dump_json().encode()
