"""Coded entries: whose code it is decides what may be believed of it (PS3.3 §8, PS3.16 §8)."""

from pydicom.dataset import Dataset

from deid.values import value_of

MEANING = 0x00080104
VALUES = frozenset({0x00080100, 0x00080119, 0x00080120})
_SCHEME = 0x00080102
# What is no text but a symbol: of half of it nothing is left
CODED = VALUES | {_SCHEME, 0x00080103}
# PS3.16 Table 8-1: those that an image or report may use
PUBLISHED = frozenset(
    {"ACR", "BARI", "BI", "C4", "C5", "DCM", "DCMUID", "FMA", "HL7", "I10", "I10P", "I11", "I9"}
    | {"I9C", "IBSI", "ICDO3", "ISO3166_1", "ISO639_1", "ISO639_2", "LN", "MDC", "MSH", "NCIt"}
    | {"NDC", "NEU", "PATHLEX", "RADELEMENT", "RADLEX", "RFC3066", "RFC5646", "RadElement"}
    | {"RXNORM", "SCT", "SNM3", "SRT", "99SDM", "UBERON", "UCUM", "UMLS"}
)


def is_published(item: Dataset) -> bool:
    """Tell a code that everybody can look up from a unit's or maker's own."""
    return value_of(item, _SCHEME) in PUBLISHED
