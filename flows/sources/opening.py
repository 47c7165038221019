"""A Source opened by its definition: the one place where kinds of sources are told apart."""

from catalog.plans.records import KnownSource
from flows.errors import SourceError
from flows.sources.definition import DicomSource, FolderSource, WebSource, definition
from flows.sources.source import Source


def open_source(known: KnownSource) -> Source:
    """Open a source that studies are asked of.

    Raises:
        SourceError: It is a folder, which is ingested as it lies, or its files are missing.
    """
    told = definition(known)
    if isinstance(told, FolderSource):
        message = "a folder is not asked for studies: ingest it (mammo ingest)"
        raise SourceError(message)
    if isinstance(told, WebSource):
        return _web(told)
    return _dicom(told)


def stations(known: KnownSource) -> tuple[str, ...]:
    """Give the source's screening stations."""
    told = definition(known)
    return () if isinstance(told, FolderSource) else told.screening_stations


def _dicom(told: DicomSource) -> Source:
    raise NotImplementedError(told.kind)


def _web(told: WebSource) -> Source:
    raise NotImplementedError(told.kind)
