"""The port through which records cross from a region to the hub."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from catalog.errors import Reason
from catalog.records import ExportSummary, Holder, Instance, Merge, StudyDraft
from catalog.vocabulary import HoldKind, OptOut, Standing


class Publisher(Protocol):
    """The port through which a region delivers its records."""

    def holder(self, holder_id: str) -> Holder:
        """Give the holder that an export is of."""
        ...

    def standing(
        self,
        sop_uid: str,
        header_sha256: str,
        pixel_sha256: str,
        *,
        export_id: str = "",
        remade: Collection[str] = (),
    ) -> Standing:
        """Tell how an instance stands to what is already published under its UID."""
        ...

    def contradiction(
        self, new: Instance, *, subject: str, holder_id: str, before: Collection[str] = ()
    ) -> Reason | None:
        """Tell what forbids that an instance is ever published as it is."""
        ...

    def published_as(
        self, sop_uid: str, header_sha256: str, pixel_sha256: str, *, export_id: str
    ) -> int | None:
        """Give the number of the revision that an export published with these digests."""
        ...

    def publish(self, draft: StudyDraft) -> Mapping[str, int]:
        """Publish one study whole or not at all; its bytes must already be stored."""
        ...

    def record_tally(self, summary: ExportSummary) -> None:
        """Record what a finished export claimed and how it was disclosed."""
        ...

    def hold(self, subject: str, kind: HoldKind, *, reason: str, who: str) -> bool:
        """Hold a subject if anything of hers is published; tell whether a Hold was placed."""
        ...

    def hold_instance(
        self, sop_uid: str, kind: HoldKind, *, holder_id: str, reason: str, who: str
    ) -> bool:
        """Hold a holder's published instance; tell whether a Hold was placed."""
        ...

    def opt_out(self, subject: str, word: OptOut, valid_from: datetime, *, who: str) -> bool:
        """Tell what a woman says of the use of her data; tell whether it was new."""
        ...

    def merge(self, merge: Merge, *, reason: str, who: str) -> None:
        """Make two pseudonyms of one woman one Subject."""
        ...
