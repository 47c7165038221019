"""Write the Key Object Selection of a released study: one object that lists all the others.

It is made of released headers and UIDs alone, without clock and chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from catalog.releases.key_objects import selection_uid

_SERIES_NUMBER = 9900
_MAKER = "mammo-dataspace"
# Patient and General Study: what the document has of the study (PS3.3 §C.7.1.1, §C.7.2.1)
_TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
_KEPT = (
    *("SpecificCharacterSet", "PatientIdentityRemoved", "DeidentificationMethod"),
    *("DeidentificationMethodCodeSequence", "LongitudinalTemporalInformationModified"),
)
_EARLIEST, _MIDNIGHT = "19000101", "000000"


@dataclass(frozen=True, repr=False)
class Member:
    """One released object, as a reference needs it."""

    series_uid: str
    sop_uid: str
    sop_class_uid: str


def select_all(header: Dataset, members: Sequence[Member]) -> bytes:
    """Write the document of one study (PS3.3 §A.35.4, PS3.16 TID 2010).

    Args:
        header: The released header of one of its objects: for patient and study.
        members: All of them.
    """
    evidence = [_referred(header, one) for one in members]
    uid = selection_uid(str(header.StudyInstanceUID), (one.sop_uid for one in members))
    content = KeyObjectSelection(codes.DCM.Manifest, referenced_objects=evidence)
    made = KeyObjectSelectionDocument(
        evidence=evidence,
        content=content,
        series_instance_uid=selection_uid(str(header.StudyInstanceUID), ("series",)),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=uid,
        instance_number=1,
        manufacturer=_MAKER,
    )
    _without_clock(made, header)
    written = BytesIO()
    dcmwrite(written, made, enforce_file_format=True)
    return written.getvalue()


def _referred(header: Dataset, member: Member) -> Dataset:
    """Give of an object what highdicom asks of its evidence."""
    one = Dataset()
    for keyword in _TYPE_2:
        setattr(one, keyword, "" if keyword == "PatientName" else header.get(keyword) or "")
    one.StudyInstanceUID = header.StudyInstanceUID
    one.SeriesInstanceUID = member.series_uid
    one.SOPInstanceUID = member.sop_uid
    one.SOPClassUID = member.sop_class_uid
    return one


def _without_clock(made: Dataset, header: Dataset) -> None:
    """Date the document as its study, whose dates are shifted; say how it was de-identified.

    The pseudonym is put in here: highdicom takes a name of one component for a mistake.
    """
    made.PatientName = header.get("PatientName") or ""
    made.ContentDate = header.get("StudyDate") or _EARLIEST
    made.ContentTime = header.get("StudyTime") or _MIDNIGHT
    for keyword in ("InstanceCreationDate", "InstanceCreationTime", "TimezoneOffsetFromUTC"):
        if keyword in made:
            delattr(made, keyword)
    for keyword in _KEPT:
        if keyword in header:
            made[keyword] = header[keyword]
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
