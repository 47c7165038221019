"""A PACS on the DICOM network: asked with C-FIND, retrieved from with C-MOVE or C-GET."""
