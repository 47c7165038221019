"""What comes along with mammograms: a CAD result, a report, a key object, a presentation, a mask.

All refer to the images they are given, and all say whose they are, in every way they can.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    MammographyCADSRStorage,
    SegmentationStorage,
)

from flows.demo.encode import set_meta
from flows.demo.mammogram import code
from tests.objects import IDENTITY, INSTANCE, SERIES, STUDY

Images = Sequence[Dataset]


def cad_result(images: Images) -> Dataset:
    """A Mammography CAD SR with one finding on each image (PS3.3 A.35.5, PS3.16 TID 4000)."""
    ds = _document(MammographyCADSRStorage, "SR", 21, code("111036", "DCM", "CAD Report"), images)
    library = _item(
        "CONTAINER", code("111028", "DCM", "Image Library"), ContinuityOfContent="SEPARATE"
    )
    library.ContentSequence = [_image_item(image) for image in images]
    findings = _item(
        "CONTAINER", code("111059", "DCM", "Single Image Finding"), ContinuityOfContent="SEPARATE"
    )
    findings.ContentSequence = [_finding(image) for image in images]
    ds.ContentSequence = [library, findings]
    return ds


def report(images: Images) -> Dataset:
    """A Basic Text SR whose words name the woman, beside harmless ones (PS3.3 A.35.1)."""
    ds = _document(BasicTextSRStorage, "SR", 22, code("18748-4", "LN", "Imaging Report"), images)
    text = _item("TEXT", code("121071", "DCM", "Finding"), "CONTAINS")
    text.TextValue = "Screening mammografi. Provström Åsa, 19570312-9808."
    person = _item("PNAME", code("121008", "DCM", "Person Observer Name"), "HAS OBS CONTEXT")
    person.PersonName = "Skötersson^Berit"
    ds.ContentSequence = [person, text, *(_image_item(image) for image in images)]
    return ds


def key_object(images: Images) -> Dataset:
    """A Key Object Selection Document (PS3.3 A.35.4)."""
    ds = _document(
        KeyObjectSelectionDocumentStorage, "KO", 23, code("113000", "DCM", "Of Interest"), images
    )
    ds.ContentSequence = [_image_item(image) for image in images]
    return ds


def presentation(images: Images) -> Dataset:
    """A Grayscale Softcopy Presentation State that writes a name beside an arrow (PS3.3 A.33.1)."""
    ds = _of_hers(GrayscaleSoftcopyPresentationStateStorage, "PR", 24)
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20230417", "101500"
    ds.ContentLabel, ds.ContentDescription = "ARROW", "Provström Åsa"
    ds.ContentCreatorName = "Remissman^Örjan"
    ds.ReferencedSeriesSequence = _series_of(images, "ReferencedImageSequence")
    area = Dataset()
    area.ReferencedImageSequence = [_reference(image) for image in images]
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = (
        [1, 1],
        [192, 256],
    )
    area.PresentationSizeMode = "SCALE TO FIT"
    ds.DisplayedAreaSelectionSequence = [area]
    words = Dataset()
    words.BoundingBoxAnnotationUnits, words.UnformattedTextValue = "PIXEL", "Provström Åsa"
    words.BoundingBoxTopLeftHandCorner, words.BoundingBoxBottomRightHandCorner = (
        [1.0, 1.0],
        [9.0, 9.0],
    )
    words.BoundingBoxTextHorizontalJustification = "LEFT"
    drawn = Dataset()
    drawn.ReferencedImageSequence = [_reference(image) for image in images]
    drawn.GraphicLayer, drawn.TextObjectSequence = "LAYER", [words]
    ds.GraphicAnnotationSequence = [drawn]
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = "LAYER", "1"
    ds.GraphicLayerSequence = [layer]
    ds.PresentationLUTShape = "IDENTITY"
    return _finished(ds)


def segmentation(images: Images) -> Dataset:
    """A binary Segmentation with a frame for each image (PS3.3 A.51)."""
    ds = _of_hers(SegmentationStorage, "SEG", 25)
    ds.ImageType, ds.ContentLabel, ds.ContentDescription = ["DERIVED", "PRIMARY"], "MASS", ""
    ds.ContentCreatorName = "Remissman^Örjan"
    ds.ReferencedSeriesSequence = _series_of(images, "ReferencedInstanceSequence")
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = 1, "Mass", "MANUAL"
    segment.SegmentedPropertyCategoryCodeSequence = [code("49755003", "SCT", "Abnormal structure")]
    segment.SegmentedPropertyTypeCodeSequence = [code("4147007", "SCT", "Mass")]
    ds.SegmentSequence, ds.SegmentationType = [segment], "BINARY"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 1, 0
    ds.Rows, ds.Columns, ds.NumberOfFrames = images[0].Rows, images[0].Columns, str(len(images))
    ds.LossyImageCompression, ds.DimensionIndexSequence = "00", []
    ds.SharedFunctionalGroupsSequence = [Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [_mask_of(image) for image in images]
    mask = np.zeros((len(images), ds.Rows, ds.Columns), np.uint8)
    mask[:, 100:120, 60:90] = 1
    ds.PixelData = np.packbits(mask.ravel(), bitorder="little").tobytes()
    ds["PixelData"].VR = "OB"
    return _finished(ds)


def every(images: Images) -> list[Dataset]:
    """One of each."""
    makers = (cad_result, report, key_object, presentation, segmentation)
    return [make(images) for make in makers]


def references(ds: Dataset) -> set[str]:
    """Every UID that an object refers to another one by, at any depth."""
    keywords = {"ReferencedSOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"}
    nested = {str(element.value) for element in ds.iterall() if element.keyword in keywords}
    return nested - {str(ds.SeriesInstanceUID), str(ds.StudyInstanceUID)}


def _of_hers(sop_class: UID, modality: str, number: int) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.Modality, ds.SpecificCharacterSet = sop_class, modality, "ISO_IR 100"
    for keyword, value in IDENTITY.items():
        setattr(ds, keyword, value)
    del ds.AcquisitionDate
    ds.SOPInstanceUID, ds.SeriesInstanceUID = f"{INSTANCE}.{number}", f"{SERIES}.{number}"
    ds.Manufacturer, ds.ManufacturerModelName = "iCAD", "PowerLook"
    ds.DeviceSerialNumber, ds.SoftwareVersions = "SN7788990", "1.0"
    return ds


def _document(
    sop_class: UID, modality: str, number: int, title: Dataset, images: Images
) -> Dataset:
    ds = _of_hers(sop_class, modality, number)
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [title]
    if sop_class != KeyObjectSelectionDocumentStorage:
        ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
        ds.PerformedProcedureCodeSequence = []
    ds.ReferencedPerformedProcedureStepSequence = []
    evidence = Dataset()
    evidence.StudyInstanceUID = STUDY
    evidence.ReferencedSeriesSequence = _series_of(images, "ReferencedSOPSequence")
    ds.CurrentRequestedProcedureEvidenceSequence = [evidence]
    return _finished(ds)


def _finished(ds: Dataset) -> Dataset:
    set_meta(ds, ExplicitVRLittleEndian)
    return ds


def _item(kind: str, name: Dataset, relation: str = "CONTAINS", **values: Any) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = relation, kind, [name]
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _image_item(image: Dataset) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [_reference(image)]
    return item


def _finding(image: Dataset) -> Dataset:
    finding = _item("CODE", code("111059", "DCM", "Single Image Finding"))
    finding.ConceptCodeSequence = [code("4147007", "SCT", "Mass")]
    center = _item("SCOORD", code("111010", "DCM", "Center"), "HAS PROPERTIES")
    center.GraphicType, center.GraphicData = "POINT", [75.0, 110.0]
    source = _image_item(image)
    source.RelationshipType = "SELECTED FROM"
    center.ContentSequence = [source]
    finding.ContentSequence = [center]
    return finding


def _reference(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = image.SOPClassUID
    item.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return item


def _series_of(images: Images, keyword: str) -> list[Dataset]:
    """Refer to images by their series, as documents, presentations and masks all do."""
    series = []
    for uid in dict.fromkeys(image.SeriesInstanceUID for image in images):
        item = Dataset()
        item.SeriesInstanceUID = uid
        mine = [_reference(image) for image in images if image.SeriesInstanceUID == uid]
        setattr(item, keyword, mine)
        series.append(item)
    return series


def _mask_of(image: Dataset) -> Dataset:
    source = _reference(image)
    source.PurposeOfReferenceCodeSequence = [code("121322", "DCM", "Source image")]
    derivation, group, identified = Dataset(), Dataset(), Dataset()
    derivation.SourceImageSequence = [source]
    derivation.DerivationCodeSequence = [code("113076", "DCM", "Segmentation")]
    identified.ReferencedSegmentNumber = 1
    group.DerivationImageSequence = [derivation]
    group.SegmentIdentificationSequence = [identified]
    return group
