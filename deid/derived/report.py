"""The measurements as a DICOM structured report (PS3.16 TID 1500, Comprehensive SR).

They are given of the image, not of the segment: PS3.3 lets a report refer to a segment or to a
frame, and readers of image-level groups are many.
"""

from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    SourceImageForMeasurementGroup,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ComprehensiveSRStorage, ExplicitVRLittleEndian

from deid.derived.facts import Flag, Measured
from deid.derived.written import (
    ALGORITHM,
    VERSION,
    DerivedObject,
    Purpose,
    add,
    begin,
    finish,
    reference,
    series_of,
)
from deid.identity.pseudonym import Subkeys, uid
from deid.values import value_of

REPORT = Purpose("SR", ComprehensiveSRStorage, 9002)
#: Codes of our own, where neither DICOM nor SNOMED CT has any.
SCHEME = "99MAMMODS"
_BREAST_SHARE = ("BREAST_SHARE", "Share of the image that is breast")
_SATURATED_SHARE = ("SATURATED_SHARE", "Share of the breast that is saturated")
_PLANES = {
    "breast": ("BREAST_PLANE", "Pixel size in the plane of the breast"),
    "detector": ("DETECTOR_PLANE", "Pixel size in the plane of the detector"),
}
_SIDES = {"L": codes.SCT.Left, "R": codes.SCT.Right}
_SOP_INSTANCE, _STUDY = 0x00080018, 0x0020000D
_DIGITS = 4


def make_report(
    header: Dataset, measured: Measured, frame: int | None, subkeys: Subkeys
) -> DerivedObject:
    """Write what was measured of an image as an object beside it.

    Args:
        header: The image's clean header.
        measured: What was found.
        frame: Of which frame, by index; None of an image that has but one.
        subkeys: For UIDs.
    """
    made = begin(header, REPORT, subkeys)
    device = DeviceObserverIdentifyingAttributes(
        uid=UID(uid(subkeys, f"{ALGORITHM} {VERSION}")), name=ALGORITHM
    )
    observer = ObserverContext(codes.DCM.Device, device)
    tracked = UID(uid(subkeys, f"{value_of(header, _SOP_INSTANCE)}/breast"))
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(tracked, identifier="breast"),
        finding_type=codes.SCT.Breast,
        algorithm_id=AlgorithmIdentification(name=ALGORITHM, version=VERSION),
        source_images=[_source(header, frame)],
        measurements=_measurements(measured),
        qualitative_evaluations=_evaluations(measured),
    )
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=codes.SCT.Mammography,
        imaging_measurements=[group],
        title=codes.DCM.ImagingMeasurementReport,
    )
    made.update(content[0])
    made.CompletionFlag, made.VerificationFlag = "COMPLETE", "UNVERIFIED"
    add(made, "PerformedProcedureCodeSequence")
    add(made, "ReferencedPerformedProcedureStepSequence")
    add(made, "CurrentRequestedProcedureEvidenceSequence", _evidence(header))
    return finish(made, REPORT, ExplicitVRLittleEndian)


def _source(header: Dataset, frame: int | None) -> SourceImageForMeasurementGroup:
    to = reference(header)
    return SourceImageForMeasurementGroup(
        to.ReferencedSOPClassUID,
        to.ReferencedSOPInstanceUID,
        referenced_frame_numbers=None if frame is None else [frame + 1],
    )


def _evidence(header: Dataset) -> Dataset:
    """List what the report is of, by study and series (PS3.3 §C.17.2.3)."""
    study, series = Dataset(), Dataset()
    study.StudyInstanceUID = value_of(header, _STUDY)
    series.SeriesInstanceUID = series_of(header)
    add(series, "ReferencedSOPSequence", reference(header))
    add(study, "ReferencedSeriesSequence", series)
    return study


def _measurements(measured: Measured) -> list[Measurement]:
    """Give area (mm², saying in which plane), and shares in percent."""
    facts, spacing = measured.facts, measured.spacing
    given = [
        Measurement(_own(_BREAST_SHARE), _rounded(100 * facts.breast_share), codes.UCUM.Percent),
        Measurement(
            _own(_SATURATED_SHARE), _rounded(100 * facts.saturated_share), codes.UCUM.Percent
        ),
    ]
    if facts.breast_area_mm2 is not None and spacing is not None:
        area = Measurement(
            codes.SCT.Area,
            _rounded(facts.breast_area_mm2),
            codes.UCUM.SquareMillimeter,
            method=_own(_PLANES[spacing.plane]),
        )
        given.insert(0, area)
    return given


def _evaluations(measured: Measured) -> list[QualitativeEvaluation]:
    """Give the side that the pixels show, and every flag."""
    facts = measured.facts
    given = [
        QualitativeEvaluation(codes.DCM.QualityFinding, _own(flag_code(Flag(flag))))
        for flag in facts.flags
    ]
    if facts.laterality:
        given.insert(0, QualitativeEvaluation(codes.SCT.Laterality, _SIDES[facts.laterality]))
    return given


def flag_code(flag: Flag) -> tuple[str, str]:
    """Give the code value and meaning of a flag, in our own scheme."""
    return flag.name, flag.value.capitalize()


def _own(code: tuple[str, str]) -> CodedConcept:
    return CodedConcept(code[0], SCHEME, code[1])


def _rounded(value: float) -> float:
    """Round to what is worth writing."""
    return round(value, _DIGITS)
