"""The table of attribute Types: every attribute of the IODs that a profile may accept."""

from tests.tables.iods import SOURCE, attribute_types, columns
from tests.tables.rows import write

NAME = "attribute_types.csv"
_HEAD = f"""\
# Attribute Types (PS3.5 section 7.4): every attribute of the IODs a profile may accept
# source: module and IOD tables of {SOURCE}, derived from the DICOM Standard PS3.3
# written by `python -m tests.tables`; do not edit
# mg Digital Mammography X-Ray, dbt Breast Tomosynthesis, bpx Breast Projection X-Ray, sc Secondary
# Capture and its multi-frame kinds, cr Computed Radiography, cad_sr Mammography CAD SR, sr Basic
# Text, Enhanced, Comprehensive and Comprehensive 3D SR, ko Key Object Selection, pr Grayscale and
# Color Softcopy Presentation State, seg Segmentation and Label Map, image all other images
# Where a column stands for several IODs, or modules differ, the strictest Type is given.
# Of repeating groups the first stands for all: 6000 for overlays.
# nested_*: the strictest Type the attribute has anywhere below a sequence of that IOD
"""


def render() -> str:
    """Write the table from the installed libraries."""
    types = sorted(attribute_types().items(), key=lambda pair: pair[0].tag)
    rows = ({"tag": attribute.tag, **cells} for attribute, cells in types)
    return write(_HEAD, ["tag", *columns()], rows)
