"""A DICOMweb service as a source: searched with QIDO-RS, retrieved from with WADO-RS (PS3.18)."""
