"""What goes with mammograms, with a Swedish woman all over it: reports, states, segments."""

from collections.abc import Callable
from typing import Any

import numpy as np
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.pr import (
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GrayscaleSoftcopyPresentationState,
    TextObject,
)
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from tests.deid.headers import MG, ROOT, code, dataset, mammogram, parsed, tomosynthesis

CLASSES = "1.2.840.10008.5.1.4.1.1"
CAD_SR, SR, KO = f"{CLASSES}.88.50", f"{CLASSES}.88.33", f"{CLASSES}.88.59"
SC, CR, BPX = f"{CLASSES}.7", f"{CLASSES}.1", f"{CLASSES}.13.1.4"
_SHARED = (
    "SpecificCharacterSet",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "Manufacturer",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "InstitutionName",
    "ReferringPhysicianName",
    "StudyDescription",
    "OperatorsName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "StudyInstanceUID",
    "StudyID",
)


def belonging(sop_class: str, modality: str, number: int) -> Dataset:
    """The modules that every object of her study has: patient, study, series, equipment."""
    image = mammogram()
    made = dataset(**{keyword: image[keyword].value for keyword in _SHARED})
    made.SOPClassUID, made.SOPInstanceUID = sop_class, f"{ROOT}.7.{number}"
    made.SeriesInstanceUID, made.SeriesNumber, made.InstanceNumber = f"{ROOT}.6.{number}", "9", "1"
    made.Modality, made.SeriesDate, made.SeriesTime = modality, "20230417", "101500"
    made.SeriesDescription = "Rapport Sjöström Åsa"
    made.ContentDate, made.ContentTime = "20230417", "101501"
    return made


def item(relation: str, kind: str, name: Dataset | None = None, **values: Any) -> Dataset:
    """A content item (PS3.3 §C.17.3)."""
    made = dataset(RelationshipType=relation, ValueType=kind)
    if name is not None:
        made.ConceptNameCodeSequence = [name]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def reference(instance: str = f"{ROOT}.3.1") -> list[Dataset]:
    return [dataset(ReferencedSOPClassUID=MG, ReferencedSOPInstanceUID=instance)]


def evidence() -> list[Dataset]:
    series = dataset(SeriesInstanceUID=f"{ROOT}.2", ReferencedSOPSequence=reference())
    return [dataset(StudyInstanceUID=f"{ROOT}.1", ReferencedSeriesSequence=[series])]


def measured(value: str, unit: str = "mm", meaning: str = "mm") -> list[Dataset]:
    return [dataset(NumericValue=value, MeasurementUnitsCodeSequence=[code(unit, "UCUM", meaning)])]


def document(sop_class: str, title: Dataset, content: list[Dataset], number: int = 1) -> Dataset:
    """A structured report (PS3.3 §A.35)."""
    made = belonging(sop_class, "KO" if sop_class == KO else "SR", number)
    made.ReferencedPerformedProcedureStepSequence = []
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = [title]
    made.ContentTemplateSequence = [dataset(MappingResource="DCMR", TemplateIdentifier="2000")]
    made.CurrentRequestedProcedureEvidenceSequence = evidence()
    if sop_class != KO:
        made.CompletionFlag, made.VerificationFlag = "COMPLETE", "VERIFIED"
        made.PerformedProcedureCodeSequence = []
        made.VerifyingObserverSequence = [
            dataset(
                VerifyingOrganization="Östra sjukhuset Lundberga",
                VerificationDateTime="20230417102000",
                VerifyingObserverName="Wikander^Tove",
                VerifyingObserverIdentificationCodeSequence=[],
            )
        ]
    made.ContentSequence = content
    return made


def report() -> Dataset:
    """A Comprehensive SR with every kind of value that may tell who she is."""
    return document(
        SR,
        code("126000", "DCM", "Imaging Measurement Report"),
        [
            item(
                "HAS CONCEPT MOD",
                "CODE",
                code("121049", "DCM", "Language of Content Item and Descendants"),
                ConceptCodeSequence=[code("sv", "RFC5646", "Swedish")],
            ),
            item(
                "HAS OBS CONTEXT",
                "PNAME",
                code("121008", "DCM", "Person Observer Name"),
                PersonName="Wikander^Tove",
            ),
            item(
                "HAS OBS CONTEXT",
                "UIDREF",
                code("121012", "DCM", "Device Observer UID"),
                UID=f"{ROOT}.44",
            ),
            item(
                "HAS OBS CONTEXT",
                "TEXT",
                code("121029", "DCM", "Subject Name"),
                TextValue="Åsa Viola Sjöström",
            ),
            item(
                "CONTAINS",
                "DATETIME",
                code("111526", "DCM", "DateTime Started"),
                DateTime="20230417101112",
            ),
            item("CONTAINS", "DATE", code("111060", "DCM", "Study Date"), Date="20230417"),
            item(
                "CONTAINS",
                "TEXT",
                code("121071", "DCM", "Finding"),
                TextValue="Screening mammografi Sjöström 470802-2980",
            ),
            item(
                "CONTAINS",
                "NUM",
                code("81827009", "SCT", "Diameter"),
                MeasuredValueSequence=measured("11"),
            ),
            item("CONTAINS", "IMAGE", ReferencedSOPSequence=reference()),
        ],
    )


def cad_report() -> Dataset:
    """A Mammography CAD SR in outline (PS3.16 TID 4000)."""
    algorithm = [
        item("HAS PROPERTIES", "TEXT", code("111001", "DCM", "Algorithm Name"), TextValue="Cadx"),
        item("HAS PROPERTIES", "TEXT", code("111003", "DCM", "Algorithm Version"), TextValue="1.2"),
    ]
    library = item(
        "CONTAINS",
        "CONTAINER",
        code("111028", "DCM", "Image Library"),
        ContinuityOfContent="SEPARATE",
        ContentSequence=[item("CONTAINS", "IMAGE", ReferencedSOPSequence=reference())],
    )
    summary = item(
        "CONTAINS",
        "CODE",
        code("111017", "DCM", "CAD Processing and Findings Summary"),
        ConceptCodeSequence=[code("111242", "DCM", "All algorithms succeeded; with findings")],
        ContentSequence=algorithm,
    )
    content = [
        item(
            "HAS CONCEPT MOD",
            "CODE",
            code("121049", "DCM", "Language of Content Item and Descendants"),
            ConceptCodeSequence=[code("en", "RFC5646", "English")],
        ),
        library,
        summary,
    ]
    title = code("111036", "DCM", "Mammography CAD Report")
    return document(CAD_SR, title, content, number=2)


def key_objects() -> Dataset:
    """A Key Object Selection with what someone typed into it (PS3.3 §A.35.4)."""
    typed = item(
        "CONTAINS",
        "TEXT",
        code("113012", "DCM", "Key Object Description"),
        TextValue="Screening, ring Åsa Sjöström 070-1234567",
    )
    image = item("CONTAINS", "IMAGE", ReferencedSOPSequence=reference())
    made = document(KO, code("113000", "DCM", "Of Interest"), [typed, image], number=3)
    made.ContentTemplateSequence[0].TemplateIdentifier = "2010"
    return made


def presentation() -> Dataset:
    """A Grayscale Softcopy Presentation State with a drawing and a name beside it."""
    image = _plain(mammogram())
    layer = GraphicLayer(layer_name="LAYER", order=1, description="Ritat av Wikander")
    line = GraphicObject("POLYLINE", np.array([[10.0, 10.0], [20.0, 30.0]]), units="PIXEL")
    words = TextObject(
        "Screening Sjöström Åsa",
        units="PIXEL",
        bounding_box=(1.0, 1.0, 20.0, 8.0),
    )
    annotation = GraphicAnnotation(
        [image], graphic_layer=layer, graphic_objects=[line], text_objects=[words]
    )
    return GrayscaleSoftcopyPresentationState(
        referenced_images=[image],
        graphic_annotations=[annotation],
        graphic_layers=[layer],
        content_label="MARKED",
        content_description="Markerad för Åsa Sjöström",
        content_creator_name="Wikander^Tove",
        **_made_by(4),
    )


def segments() -> Dataset:
    """A Segmentation whose label says whose it is."""
    algorithm = AlgorithmIdentificationSequence(
        name="Cadx", family=Code("123110", "DCM", "Artificial Intelligence"), version="1.2"
    )
    segment = SegmentDescription(
        segment_number=1,
        segment_label="Screening Sjöström",
        segmented_property_category=Code("85756007", "SCT", "Tissue"),
        segmented_property_type=Code("76752008", "SCT", "Breast"),
        algorithm_type="AUTOMATIC",
        algorithm_identification=algorithm,
        tracking_uid=f"{ROOT}.55",
        tracking_id="Sjöström 1",
    )
    return Segmentation(
        source_images=[_plain(mammogram())],
        pixel_array=np.eye(64, 48, dtype=np.uint8)[None],
        segmentation_type="BINARY",
        segment_descriptions=[segment],
        **_made_by(5),
    )


def secondary_capture() -> Dataset:
    made = mammogram(
        SOPClassUID=SC, Modality="OT", ConversionType="WSD", SOPInstanceUID=f"{ROOT}.3.6"
    )
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.SecondaryCaptureDeviceManufacturer = "Cadx"
    made.SecondaryCaptureDeviceID = "SC-778812"
    return made


def computed_radiograph() -> Dataset:
    made = mammogram(SOPClassUID=CR, Modality="CR", SOPInstanceUID=f"{ROOT}.3.7")
    made.ViewPosition, made.PlateID, made.CassetteID = "AP", "P551", "C551"
    return made


def projection() -> Dataset:
    made = tomosynthesis(1)
    made.SOPClassUID, made.PresentationIntentType = BPX, "FOR PRESENTATION"
    return made


def _plain(made: Dataset) -> Dataset:
    """As highdicom wants to see it: with file meta."""
    original = parsed(made)
    made.file_meta = original.meta
    return made


def _made_by(number: int) -> dict[str, Any]:
    return {
        "series_instance_uid": f"{ROOT}.6.{number}",
        "series_number": 9,
        "sop_instance_uid": f"{ROOT}.7.{number}",
        "instance_number": 1,
        "manufacturer": "Cadx",
        "manufacturer_model_name": "Viewer",
        "software_versions": "1.2",
        "device_serial_number": "SN778813",
    }


ALL: dict[str, Callable[[], Dataset]] = {
    "mg": mammogram,
    "dbt": tomosynthesis,
    "bpx": projection,
    "sc": secondary_capture,
    "cr": computed_radiograph,
    "cad_sr": cad_report,
    "sr": report,
    "ko": key_objects,
    "pr": presentation,
    "seg": segments,
}
