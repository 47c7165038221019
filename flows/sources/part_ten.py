"""The header of a DICOM file, PS3.10 §7.1, before a data set that came over the network.

The same object always gets the same header, however it came, so that it is known again.
"""

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from deid.headers.statements import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION

PREAMBLE = bytes(128) + b"DICM"


def file_header(sop_class: str, sop_uid: str, transfer_syntax: str) -> bytes:
    """Give preamble, prefix and File Meta Information of an object.

    Raises:
        ValueError: One of the three is missing.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(sop_uid)
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    written = DicomBytesIO()
    write_file_meta_info(written, meta)
    return PREAMBLE + bytes(written.getvalue())
