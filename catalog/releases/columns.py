"""The columns of a release's metadata table: names, types, meaning, and where each comes from.

The table tells of an object what its released header says, what its pixels told, and how it lies
in the release: nothing that whoever may have the object could not read in it. So no true year of
examination, no age that the header does not tell, no holder, and no handle of the search.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Values(StrEnum):
    """What kind of values a column has, in the words of JSON Schema."""

    TEXT = "string"
    WHOLE = "integer"
    NUMBER = "number"
    TRUTH = "boolean"


class Source(StrEnum):
    """Where a column's values come from."""

    RELEASE = "release"
    HEADER = "header"
    PIXELS = "pixels"


@dataclass(frozen=True)
class Column:
    """One column; an empty value says that nothing is known.

    Attributes:
        keyword: The DICOM attribute that it is read from, or holds; empty for none.
    """

    name: str
    values: Values
    source: Source
    meaning: str
    keyword: str = ""


_TEXT, _WHOLE, _NUMBER, _TRUTH = Values
_RELEASE, _HEADER, _PIXELS = Source

COLUMNS: Final[tuple[Column, ...]] = (
    Column("path", _TEXT, _RELEASE, "Name in archives: study/series/instance.dcm."),
    Column("size", _WHOLE, _RELEASE, "Bytes of the DICOM file."),
    Column("sha256", _TEXT, _RELEASE, "Digest of the DICOM file, hexadecimal."),
    Column("pseudonym", _TEXT, _RELEASE, "The woman, in this permit only.", "PatientID"),
    Column("study_uid", _TEXT, _RELEASE, "The examination.", "StudyInstanceUID"),
    Column("series_uid", _TEXT, _RELEASE, "The series.", "SeriesInstanceUID"),
    Column("sop_uid", _TEXT, _RELEASE, "The object.", "SOPInstanceUID"),
    Column("sop_class_uid", _TEXT, _RELEASE, "What it is, to DICOM.", "SOPClassUID"),
    Column("transfer_syntax", _TEXT, _RELEASE, "How it is encoded.", "TransferSyntaxUID"),
    Column("modality", _TEXT, _RELEASE, "MG, SEG, SR, KO or PR.", "Modality"),
    Column("derived", _TRUTH, _RELEASE, "Made here, of an image's pixels."),
    Column("derived_from", _TEXT, _RELEASE, "That image's sop_uid, if it may be served too."),
    Column(
        "copy_of",
        _TEXT,
        _RELEASE,
        "sop_uid of an image with the very same pixel data, such as the same exposure that came "
        "from two care providers; of each such group one has none.",
    ),
    Column("kind", _TEXT, _HEADER, "FFDM, DBT, S2D, FILM, OTHER, CAD_SR, SR, KO, PR or SEG."),
    Column("view", _TEXT, _HEADER, "CC, MLO and so on; PS3.16 CID 4014.", "ViewCodeSequence"),
    Column("laterality", _TEXT, _HEADER, "L, R or B.", "ImageLaterality"),
    Column("vendor", _TEXT, _HEADER, "The maker, in one word.", "Manufacturer"),
    Column("rows", _WHOLE, _HEADER, "Pixels from top to bottom.", "Rows"),
    Column("columns", _WHOLE, _HEADER, "Pixels from left to right.", "Columns"),
    Column("frames", _WHOLE, _HEADER, "How many images it holds.", "NumberOfFrames"),
    Column(
        "study_date",
        _TEXT,
        _HEADER,
        "Shifted by whole weeks, for each woman alike: intervals are true, days are not.",
        "StudyDate",
    ),
    Column("patient_sex", _TEXT, _HEADER, "F, M or O.", "PatientSex"),
    Column("patient_age", _TEXT, _HEADER, "As the header tells it, such as 054Y.", "PatientAge"),
    Column("model", _TEXT, _HEADER, "The unit's model.", "ManufacturerModelName"),
    Column("detector_type", _TEXT, _HEADER, "DIRECT, SCINTILLATOR or FILM.", "DetectorType"),
    Column("intent", _TEXT, _HEADER, "FOR PRESENTATION or PROCESSING.", "PresentationIntentType"),
    Column("kvp", _NUMBER, _HEADER, "Peak voltage of the tube, kV.", "KVP"),
    Column("exposure", _NUMBER, _HEADER, "mAs.", "Exposure"),
    Column("anode", _TEXT, _HEADER, "Target material.", "AnodeTargetMaterial"),
    Column("filter", _TEXT, _HEADER, "Filter material.", "FilterMaterial"),
    Column("organ_dose", _NUMBER, _HEADER, "Mean glandular dose, dGy.", "OrganDose"),
    Column("thickness", _NUMBER, _HEADER, "Of the compressed breast, mm.", "BodyPartThickness"),
    Column("force", _NUMBER, _HEADER, "Of compression, N.", "CompressionForce"),
    Column("angle", _NUMBER, _HEADER, "Of the gantry, degrees.", "PositionerPrimaryAngle"),
    Column("spacing", _NUMBER, _HEADER, "Between rows at the detector, mm.", "ImagerPixelSpacing"),
    Column("implant", _TEXT, _HEADER, "YES or NO.", "BreastImplantPresent"),
    Column("partial_view", _TEXT, _HEADER, "YES or NO.", "PartialView"),
    Column(
        "special_view",
        _TEXT,
        _HEADER,
        "Codes of what is special, such as magnification; PS3.16 CID 4015; joined by ;.",
        "ViewModifierCodeSequence",
    ),
    Column("lossy", _TEXT, _HEADER, "00: never compressed with loss; 01.", "LossyImageCompression"),
    Column("breast_area_mm2", _NUMBER, _PIXELS, "Empty where the spacing is not known."),
    Column("breast_share", _NUMBER, _PIXELS, "Of the image's area, 0 to 1."),
    Column("pixel_laterality", _TEXT, _PIXELS, "Side by the pixels; empty: they do not say."),
    Column("laterality_agrees", _TRUTH, _PIXELS, "Whether that is the header's side."),
    Column("saturated_share", _NUMBER, _PIXELS, "Of the breast's pixels, 0 to 1."),
    Column("quality_flags", _TEXT, _PIXELS, "What to know of the quality; joined by ;."),
)
"""In the order of the table."""
