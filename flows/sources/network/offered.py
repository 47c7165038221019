"""What we offer to receive: storage SOP classes and transfer syntaxes, each pair by itself.

In one presentation context the PACS picks a single transfer syntax (PS3.8 §9.3.3) and would have to
transcode what it holds in another. So each class is offered once for each syntax; an association
holds 128 contexts, so a study with many classes comes in several requests.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from pydicom.uid import UID
from pynetdicom import build_role
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext, build_context

#: PS3.8 §9.3.2.2: context identifiers are odd, from 1 to 255.
MOST_CONTEXTS = 128

UNCOMPRESSED = (
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2",  # Implicit VR Little Endian, the default that all must accept
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian, retired
)
#: What mammography systems store images in.
USUAL = (
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.5",  # RLE Lossless
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
)
RARE = (
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless, any prediction
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.81",  # JPEG-LS Near-lossless
    "1.2.840.10008.1.2.4.201",  # HTJ2K Lossless
    "1.2.840.10008.1.2.4.202",  # HTJ2K Lossless RPCL
    "1.2.840.10008.1.2.4.203",  # HTJ2K
    "1.2.840.10008.1.2.4.92",  # JPEG 2000 Part 2 Lossless
    "1.2.840.10008.1.2.4.93",  # JPEG 2000 Part 2
    "1.2.840.10008.1.2.4.110",  # JPEG XL Lossless
    "1.2.840.10008.1.2.4.111",  # JPEG XL JPEG Recompression
    "1.2.840.10008.1.2.4.112",  # JPEG XL
    "1.2.840.10008.1.2.1.98",  # Encapsulated Uncompressed Explicit VR Little Endian
)
DEFLATED = ("1.2.840.10008.1.2.1.99",)
IMAGE_SYNTAXES = (*UNCOMPRESSED, *USUAL, *RARE, *DEFLATED)
PLAIN_SYNTAXES = (*UNCOMPRESSED, *DEFLATED)

#: Classes of PS3.4 §B.5 that a mammography study may hold, the likeliest first.
IMAGES = (
    "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.13.1.3",  # Breast Tomosynthesis
    "1.2.840.10008.5.1.4.1.1.1.2.1",  # Digital Mammography X-Ray, for processing
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.13.1.4",  # Breast Projection X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.13.1.5",  # Breast Projection X-Ray, for processing
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray, for processing
    "1.2.840.10008.5.1.4.1.1.2",  # CT: the first tomosynthesis systems stored this
    "1.2.840.10008.5.1.4.1.1.6.1",  # Ultrasound
    "1.2.840.10008.5.1.4.1.1.3.1",  # Ultrasound Multi-frame
    "1.2.840.10008.5.1.4.1.1.7.1",  # Multi-frame Single Bit Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.2",  # Multi-frame Grayscale Byte Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.3",  # Multi-frame Grayscale Word Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.4",  # Multi-frame True Color Secondary Capture
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
)
OTHERS = (
    "1.2.840.10008.5.1.4.1.1.88.50",  # Mammography CAD SR
    "1.2.840.10008.5.1.4.1.1.88.67",  # X-Ray Radiation Dose SR
    "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    "1.2.840.10008.5.1.4.1.1.88.59",  # Key Object Selection
    "1.2.840.10008.5.1.4.1.1.11.1",  # Grayscale Softcopy Presentation State
    "1.2.840.10008.5.1.4.1.1.11.2",  # Color Softcopy Presentation State
    "1.2.840.10008.5.1.4.1.1.104.1",  # Encapsulated PDF
    "1.2.840.10008.5.1.4.1.1.66",  # Raw Data
)


def groups(classes: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Divide a study's classes so that each group fits one association, all syntaxes offered."""
    group: list[str] = []
    room = MOST_CONTEXTS - 1
    for sop_class in dict.fromkeys(classes):
        need = len(_syntaxes(sop_class))
        if group and need > room:
            yield tuple(group)
            group, room = [], MOST_CONTEXTS - 1
        group.append(sop_class)
        room -= need
    if group:
        yield tuple(group)


def contexts_for(classes: Iterable[str]) -> list[PresentationContext]:
    """Offer each class in each of its syntaxes; `groups` has made them few enough."""
    return [
        build_context(sop_class, [UID(syntax)])
        for sop_class in classes
        for syntax in _syntaxes(sop_class)
    ]


def contexts_for_unknown() -> list[PresentationContext]:
    """Offer what is likeliest, for a study whose objects the PACS does not list."""
    fully = ((sop_class, IMAGE_SYNTAXES) for sop_class in IMAGES[:3])
    usual = ((sop_class, (*UNCOMPRESSED[:2], *USUAL)) for sop_class in IMAGES[3:6])
    plain = ((sop_class, UNCOMPRESSED[:2]) for sop_class in (*OTHERS, *IMAGES[6:]))
    pairs = (
        build_context(sop_class, [UID(syntax)])
        for sop_class, syntaxes in chain(fully, usual, plain)
        for syntax in syntaxes
    )
    return list(pairs)[: MOST_CONTEXTS - 1]


def roles_for(
    contexts: Iterable[PresentationContext],
) -> list[SCP_SCU_RoleSelectionNegotiation]:
    """Ask to be the one who receives, for each class once: PS3.7 §D.3.3.4."""
    classes = dict.fromkeys(str(context.abstract_syntax) for context in contexts)
    return [build_role(sop_class, scp_role=True) for sop_class in classes]


def _syntaxes(sop_class: str) -> tuple[str, ...]:
    return PLAIN_SYNTAXES if sop_class in OTHERS else IMAGE_SYNTAXES
