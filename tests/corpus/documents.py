"""What refers to images: reports, key objects, presentation states, segmentations."""

from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from tests.corpus.objects import COLUMNS, FFDM, ROWS, Visit, code, dataset, finished, identify

CAD = "1.2.840.10008.5.1.4.1.1.88.50"
BASIC_TEXT = "1.2.840.10008.5.1.4.1.1.88.11"
COMPREHENSIVE = "1.2.840.10008.5.1.4.1.1.88.33"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
PRESENTATION = "1.2.840.10008.5.1.4.1.1.11.1"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def _images(visit: Visit, numbers: Sequence[int]) -> list[Dataset]:
    return [
        dataset(
            ReferencedSOPClassUID=FFDM,
            ReferencedSOPInstanceUID=f"{visit.root}.{number // 10}.{number}",
        )
        for number in numbers
    ]


def evidence(visit: Visit, numbers: Sequence[int]) -> Items:
    """Refer to images of the visit by study and series (PS3.3 Table 10-3)."""
    series = [
        dataset(
            SeriesInstanceUID=f"{visit.root}.{number // 10}",
            ReferencedSOPSequence=_images(visit, [number]),
        )
        for number in numbers
    ]
    return Items([dataset(StudyInstanceUID=visit.root, ReferencedSeriesSequence=series)])


# ---- structured reports (PS3.3 §A.35) ----------------------------------------------------


def item(relation: str, kind: str, name: Dataset | None, **values: Any) -> Dataset:
    """Make a content item (PS3.3 C.17.3)."""
    made = dataset(RelationshipType=relation, ValueType=kind)
    if name is not None:
        made.ConceptNameCodeSequence = [name]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def text_item(name: Dataset, text: str, relation: str = "CONTAINS") -> Dataset:
    """Make a TEXT content item."""
    return item(relation, "TEXT", name, TextValue=text)


def number_item(name: Dataset, value: str, unit: Dataset) -> Dataset:
    """Make a NUM content item."""
    measured = dataset(NumericValue=value, MeasurementUnitsCodeSequence=[unit])
    return item("CONTAINS", "NUM", name, MeasuredValueSequence=[measured])


def image_item(visit: Visit, number: int, relation: str = "CONTAINS") -> Dataset:
    """Make an IMAGE content item."""
    name = code("121112", "DCM", "Source of Measurement")
    return item(relation, "IMAGE", name, ReferencedSOPSequence=_images(visit, [number]))


def report(
    visit: Visit, number: int, contents: Sequence[Dataset], *, sop_class: str = COMPREHENSIVE
) -> Dataset:
    """Make a structured report with a Swedish author and verifier."""
    made = identify(Dataset(), visit, number)
    made.SOPClassUID, made.Modality = sop_class, "SR"
    made.SeriesDescription = "Rapport"
    made.ReferencedPerformedProcedureStepSequence = []
    made.PerformedProcedureCodeSequence = []
    made.CompletionFlag, made.VerificationFlag = "COMPLETE", "VERIFIED"
    made.VerifyingObserverSequence = [
        dataset(
            VerifyingObserverName=visit.staff(2),
            VerifyingOrganization=visit.region.hospital,
            VerificationDateTime=f"{visit.day:%Y%m%d}153000",
            VerifyingObserverIdentificationCodeSequence=[],
        )
    ]
    made.AuthorObserverSequence = [
        dataset(
            ObserverType="PSN", PersonName=visit.staff(2), InstitutionName=visit.region.hospital
        )
    ]
    made.CurrentRequestedProcedureEvidenceSequence = evidence(visit, [11, 12])
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = [code("18748-4", "LN", "Diagnostic imaging report")]
    made.ContentTemplateSequence = [dataset(MappingResource="DCMR", TemplateIdentifier="2000")]
    made.ContentSequence = list(contents)
    return finished(made)


def cad_report(visit: Visit, number: int, contents: Sequence[Dataset]) -> Dataset:
    """Make a Mammography CAD SR (PS3.3 A.35.5, TID 4000)."""
    made = report(visit, number, contents, sop_class=CAD)
    made.VerificationFlag, made.SeriesDescription = "UNVERIFIED", "Mammography CAD SR"
    del made.VerifyingObserverSequence
    made.ConceptNameCodeSequence = [code("111036", "DCM", "Mammography CAD Report")]
    made.ContentTemplateSequence = [dataset(MappingResource="DCMR", TemplateIdentifier="4000")]
    return made


def key_objects(visit: Visit, number: int, contents: Sequence[Dataset]) -> Dataset:
    """Make a Key Object Selection of two images of the visit (PS3.3 §A.35.4)."""
    made = identify(Dataset(), visit, number)
    made.SOPClassUID, made.Modality = KEY_OBJECTS, "KO"
    made.ReferencedPerformedProcedureStepSequence = []
    made.CurrentRequestedProcedureEvidenceSequence = evidence(visit, [11, 12])
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = [code("113000", "DCM", "Of Interest")]
    made.ContentTemplateSequence = [dataset(MappingResource="DCMR", TemplateIdentifier="2010")]
    pictures = [
        item("CONTAINS", "IMAGE", None, ReferencedSOPSequence=_images(visit, [shown]))
        for shown in (11, 12)
    ]
    made.ContentSequence = [*contents, *pictures]
    return finished(made)


# ---- presentation state and segmentation -------------------------------------------------


def presentation(visit: Visit, number: int, texts: Sequence[str]) -> Dataset:
    """Make a Grayscale Softcopy Presentation State with graphic annotations (PS3.3 §A.33.1)."""
    made = identify(Dataset(), visit, number)
    made.SOPClassUID, made.Modality = PRESENTATION, "PR"
    made.ContentLabel, made.ContentCreatorName = "MAMMO", visit.staff(2)
    made.PresentationCreationDate = f"{visit.day:%Y%m%d}"
    made.PresentationCreationTime = "150000"
    made.ReferencedSeriesSequence = [
        dataset(SeriesInstanceUID=f"{visit.root}.1", ReferencedImageSequence=_images(visit, [11]))
    ]
    objects_drawn = [
        dataset(
            BoundingBoxAnnotationUnits="PIXEL",
            UnformattedTextValue=text,
            BoundingBoxTopLeftHandCorner=[4.0, 4.0 + 9 * line],
            BoundingBoxBottomRightHandCorner=[40.0, 12.0 + 9 * line],
            BoundingBoxTextHorizontalJustification="LEFT",
        )
        for line, text in enumerate(texts)
    ]
    circle = dataset(
        GraphicAnnotationUnits="PIXEL",
        GraphicDimensions=2,
        NumberOfGraphicPoints=2,
        GraphicData=[20.0, 30.0, 24.0, 30.0],
        GraphicType="CIRCLE",
        GraphicFilled="N",
    )
    made.GraphicAnnotationSequence = [
        dataset(
            ReferencedImageSequence=_images(visit, [11]),
            GraphicLayer="LAYER1",
            TextObjectSequence=objects_drawn,
            GraphicObjectSequence=[circle],
        )
    ]
    made.GraphicLayerSequence = [dataset(GraphicLayer="LAYER1", GraphicLayerOrder="1")]
    made.DisplayedAreaSelectionSequence = [
        dataset(
            DisplayedAreaTopLeftHandCorner=[1, 1],
            DisplayedAreaBottomRightHandCorner=[COLUMNS, ROWS],
            PresentationSizeMode="SCALE TO FIT",
            PresentationPixelAspectRatio=[1, 1],
        )
    ]
    made.SoftcopyVOILUTSequence = [dataset(WindowCenter="2048", WindowWidth="4096")]
    made.PresentationLUTShape = "IDENTITY"
    return finished(made)


def segmentation(visit: Visit, number: int, label: str) -> Dataset:
    """Make a binary Segmentation of one image (PS3.3 §A.51)."""
    made = identify(Dataset(), visit, number)
    made.SOPClassUID, made.Modality = SEGMENTATION, "SEG"
    made.ImageType, made.SegmentationType = ["DERIVED", "PRIMARY"], "BINARY"
    made.ContentLabel, made.ContentCreatorName = "BREAST", visit.staff(2)
    made.ContentDescription = "Breast tissue"
    made.FrameOfReferenceUID, made.PositionReferenceIndicator = f"{visit.root}.9", ""
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 1, 1, 0, 0
    made.Rows, made.Columns, made.NumberOfFrames = ROWS, COLUMNS, "1"
    made.LossyImageCompression, made.BurnedInAnnotation = "00", "NO"
    made.DimensionOrganizationSequence = [dataset(DimensionOrganizationUID=f"{visit.root}.8")]
    made.SegmentSequence = [
        dataset(
            SegmentNumber=1,
            SegmentLabel=label,
            SegmentAlgorithmType="MANUAL",
            SegmentedPropertyCategoryCodeSequence=[code("91723000", "SCT", "Anatomical Structure")],
            SegmentedPropertyTypeCodeSequence=[code("76752008", "SCT", "Breast")],
            TrackingID=f"{visit.woman.family} 1",
            TrackingUID=f"{visit.root}.77",
        )
    ]
    source = _images(visit, [11])
    made.ReferencedSeriesSequence = [
        dataset(SeriesInstanceUID=f"{visit.root}.1", ReferencedInstanceSequence=source)
    ]
    made.SharedFunctionalGroupsSequence = [
        dataset(SegmentIdentificationSequence=[dataset(ReferencedSegmentNumber=1)])
    ]
    made.PerFrameFunctionalGroupsSequence = [
        dataset(
            FrameContentSequence=[dataset(DimensionIndexValues=[1])],
            DerivationImageSequence=[dataset(SourceImageSequence=_images(visit, [11]))],
        )
    ]
    made.PixelData = bytes(ROWS * COLUMNS // 8)
    made["PixelData"].VR = "OB"
    return finished(made)
