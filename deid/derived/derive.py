"""From a clean image to what is stored beside it: facts, a mask, a report and previews."""

from dataclasses import dataclass
from typing import BinaryIO

from deid.derived.facts import PixelFacts, measure
from deid.derived.preview import Preview, make_previews
from deid.derived.shown import load_shown
from deid.derived.written import DerivedObject
from deid.identity.pseudonym import Subkeys
from deid.source import Parsed, parse
from deid.values import value_of

_SOP_CLASS, _MODALITY = 0x00080016, 0x00080060
_IMAGE_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography X-Ray, For Presentation
        "1.2.840.10008.5.1.4.1.1.1.2.1",  # the same, For Processing
        "1.2.840.10008.5.1.4.1.1.13.1.3",  # Breast Tomosynthesis
        "1.2.840.10008.5.1.4.1.1.13.1.4",  # Breast Projection X-Ray, For Presentation
        "1.2.840.10008.5.1.4.1.1.13.1.5",  # the same, For Processing
    }
)


@dataclass(frozen=True, repr=False)
class Derived:
    """What one image gives.

    Attributes:
        facts: What was measured.
        objects: A Segmentation, unless no breast was found, and a report.
        previews: The largest first.
    """

    facts: PixelFacts
    objects: tuple[DerivedObject, ...]
    previews: tuple[Preview, ...]


def derive(finished: BinaryIO, *, subkeys: Subkeys) -> Derived | None:
    """Derive everything from a finished, de-identified object.

    One frame of it is decoded, the middle one. Whatever says who it is was taken out before, and
    nothing but the clean header and the pixels is asked.

    Args:
        finished: The whole object.
        subkeys: For UIDs: the same object and keys give the same bytes.

    Returns:
        None for what is no image of a breast: documents, presentations, masks, ultrasound.

    Raises:
        UnreadableError: It is no whole DICOM object.
        SuspectError: The frame cannot be decoded.
    """
    parsed = parse(finished)
    if not _is_breast_image(parsed):
        return None
    from deid.derived.report import make_report  # noqa: PLC0415 -- highdicom is 60 MB
    from deid.derived.segmentation import make_segmentation  # noqa: PLC0415 -- as above

    shown = load_shown(finished, parsed)
    measured = measure(shown)
    frame = shown.index if "NumberOfFrames" in parsed.header else None
    objects = [make_report(parsed.header, measured, frame, subkeys)]
    if measured.facts.breast_share:
        mask = make_segmentation(parsed.header, measured.mask, frame, subkeys)
        objects.insert(0, mask)
    return Derived(measured.facts, tuple(objects), make_previews(shown, measured.breast))


def _is_breast_image(parsed: Parsed) -> bool:
    """Tell by class, and by modality where a vendor stores breasts as another class."""
    if parsed.pixels is None:
        return False
    known = value_of(parsed.header, _SOP_CLASS) in _IMAGE_CLASSES
    return known or value_of(parsed.header, _MODALITY) == "MG"
