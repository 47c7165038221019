"""A Key Object Selection of a study without what may not be served any more (PS3.3 §A.35.4).

A document that lists another selection is another object, so its UID follows from what it lists.
"""

import hashlib
from collections.abc import Iterable
from io import BytesIO

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID


def selection_uid(study_uid: str, sop_uids: Iterable[str]) -> str:
    """Give the UID of the document that lists these objects of a study (PS3.5 §B.2)."""
    listed = " ".join(("key objects", study_uid, *sorted(sop_uids)))
    return f"2.25.{int.from_bytes(hashlib.sha256(listed.encode()).digest()[:16], 'big')}"


def only(document: bytes, free: frozenset[str]) -> bytes:
    """Leave in a document what may be served; if that is all it lists, it stays as it is."""
    found = dcmread(BytesIO(document))
    listed = _listed(found)
    if listed <= free:
        return document
    kept = [
        item
        for item in found.ContentSequence
        if "ReferencedSOPSequence" not in item or _sop(item) in free
    ]
    found.ContentSequence = Sequence(kept)
    _evidence(found, free)
    uid = UID(selection_uid(found.StudyInstanceUID, listed & free))
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = uid
    written = BytesIO()
    dcmwrite(written, found, enforce_file_format=True)
    return written.getvalue()


def without(document: bytes, gone: frozenset[str]) -> bytes:
    """Take some objects out of a document; empty if it lists no others."""
    left = _listed(dcmread(BytesIO(document))) - gone
    return only(document, left) if left else b""


def _listed(found: Dataset) -> frozenset[str]:
    return frozenset(
        _sop(item) for item in found.ContentSequence if "ReferencedSOPSequence" in item
    )


def _sop(item: Dataset) -> str:
    return str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)


def _evidence(found: Dataset, free: frozenset[str]) -> None:
    """Leave out of the evidence what is not listed any more (PS3.3 §C.17.2)."""
    (study,) = found.CurrentRequestedProcedureEvidenceSequence
    series = []
    for one in study.ReferencedSeriesSequence:
        left = [item for item in one.ReferencedSOPSequence if item.ReferencedSOPInstanceUID in free]
        if left:
            one.ReferencedSOPSequence = Sequence(left)
            series.append(one)
    study.ReferencedSeriesSequence = Sequence(series)
