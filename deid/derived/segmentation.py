"""The breast mask as a DICOM Label Map Segmentation (PS3.3 §A.85), at the size of the frame.

One byte a pixel, 1 in the breast, in JPEG-LS: some ten kilobytes. What highdicom's own class
would take from the clock and from chance is put together here; its parts describe the segment.
"""

import highdicom
import imagecodecs
from highdicom.seg import SegmentDescription
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import JPEGLSLossless

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
from deid.headers.made import coded
from deid.identity.pseudonym import Subkeys, uid
from deid.pixels.coding.arrays import Grey

LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
SEGMENTATION = Purpose("SEG", LABEL_MAP, 9001)
_FRAME_OF_REFERENCE, _POSITION_REFERENCE = 0x00200052, 0x00201040
_ORIENTATION = 0x00200020
_FRAME_LABEL, _FRAME_CONTENT = 0x00209453, 0x00209111


def make_segmentation(
    header: Dataset, mask: Grey, frame: int | None, subkeys: Subkeys
) -> DerivedObject:
    """Write a mask of an image as an object beside it.

    Args:
        header: The image's clean header.
        mask: Rows by columns, 1 in the breast and 0 elsewhere.
        frame: Of which frame it is, by index; None of an image that has but one.
        subkeys: For UIDs.
    """
    made = begin(header, SEGMENTATION, subkeys)
    _describe_image(made, mask.shape)
    _describe_segment(made)
    source = reference(header, frame)
    _refer(made, header, source)
    dimension = uid(subkeys, f"{made.SOPInstanceUID}/dimension")
    _place(made, dimension)
    made.PatientOrientation = ""
    kept = (_FRAME_OF_REFERENCE, _POSITION_REFERENCE) if _FRAME_OF_REFERENCE in header else ()
    for tag in (_ORIENTATION, *kept):
        if tag in header:
            made[tag] = header.get_item(tag)
    return finish(made, SEGMENTATION, JPEGLSLossless, bytes(imagecodecs.jpegls_encode(mask)))


def _describe_image(made: Dataset, shape: tuple[int, ...]) -> None:
    """Describe the pixels (PS3.3 §C.8.20.2, §C.7.6.3)."""
    made.ImageType = ["DERIVED", "PRIMARY"]
    made.BurnedInAnnotation, made.RecognizableVisualFeatures = "NO", "NO"
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.NumberOfFrames, made.Rows, made.Columns = 1, *shape
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelRepresentation = 0
    made.add_new(0x00280120, "US", 0)  # Pixel Padding Value: what is in no segment
    made.LossyImageCompression, made.PresentationLUTShape = "00", "IDENTITY"
    made.ContentLabel, made.ContentDescription = "BREAST", "Breast, by its outline"
    made.ContentCreatorName = ""


def _describe_segment(made: Dataset) -> None:
    """Say what the labels are, and what drew them (PS3.3 §C.8.20.2)."""
    made.SegmentationType, made.SegmentsOverlap = "LABELMAP", "NO"
    background = Dataset()
    background.SegmentNumber, background.SegmentLabel = 0, "Background"
    background.SegmentAlgorithmType, background.SegmentAlgorithmName = "AUTOMATIC", ALGORITHM
    nothing = coded("125040", "Background")
    add(background, "SegmentedPropertyCategoryCodeSequence", nothing)
    add(background, "SegmentedPropertyTypeCodeSequence", nothing)
    breast = SegmentDescription(
        segment_number=1,
        segment_label="Breast",
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=codes.SCT.Breast,
        algorithm_type="AUTOMATIC",
        algorithm_identification=identification(),
    )
    add(made, "SegmentSequence", background, breast)


def identification() -> highdicom.AlgorithmIdentificationSequence:
    """Name the algorithm and its version (PS3.3 §10.16)."""
    return highdicom.AlgorithmIdentificationSequence(
        name=ALGORITHM, version=VERSION, family=codes.DCM.MorphologicalOperations
    )


def _refer(made: Dataset, header: Dataset, source: Dataset) -> None:
    """Say which image, and which frame of it, this was made of."""
    image = reference(header)
    series = Dataset()
    series.SeriesInstanceUID = series_of(header)
    add(series, "ReferencedInstanceSequence", image)
    add(made, "ReferencedSeriesSequence", series)
    add(made, "SourceImageSequence", image)
    source.SpatialLocationsPreserved = "YES"
    purpose = coded("121322", "Source image for image processing operation")
    add(source, "PurposeOfReferenceCodeSequence", purpose)
    derivation, content, group = Dataset(), Dataset(), Dataset()
    add(derivation, "SourceImageSequence", source)
    add(derivation, "DerivationCodeSequence", coded("113076", "Segmentation"))
    content.DimensionIndexValues, content.FrameLabel = [1], "Frame"
    add(group, "DerivationImageSequence", derivation)
    add(group, "FrameContentSequence", content)
    add(made, "SharedFunctionalGroupsSequence", Dataset())
    add(made, "PerFrameFunctionalGroupsSequence", group)


def _place(made: Dataset, dimension: str) -> None:
    """Say what frames are told apart by (PS3.3 §C.7.6.17): here there is one."""
    organisation, index = Dataset(), Dataset()
    organisation.DimensionOrganizationUID = dimension
    index.DimensionOrganizationUID = dimension
    index.DimensionIndexPointer, index.FunctionalGroupPointer = _FRAME_LABEL, _FRAME_CONTENT
    index.DimensionDescriptionLabel = "Frame Label"
    add(made, "DimensionOrganizationSequence", organisation)
    add(made, "DimensionIndexSequence", index)
