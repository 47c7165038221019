"""Which files a source that comes through the console may name.

Who has a shell on the region's side may name any file that the region's account reads. Who has
only the console may not: a web service that is entered with the key file as its token file would
be sent the key. So files lie below folders that are set aside, and a token below a folder that is
named as the host it is for.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flows.errors import SourceError
from flows.sources.definition import Described, DicomSource, FolderSource, WebSource

#: Seconds of silence: a source that says nothing keeps one of few places in the worker.
LONGEST_WAIT: Final = 600.0


def require_confined(told: Described, folders: Sequence[Path]) -> None:
    """Refuse a source that names a file, or an export folder, which the console may not name.

    One that would be waited for without end is refused, too.

    Raises:
        SourceError: With what to change.
    """
    if _waited_for(told) > LONGEST_WAIT:
        message = f"through the console, a source is waited for {LONGEST_WAIT:g} s at most"
        raise SourceError(message)
    roots = [folder.resolve() for folder in folders]
    for path in _named(told):
        if not any(path.resolve().is_relative_to(root) for root in roots):
            message = (
                "through the console, a source names only what lies below the folders of "
                "MAMMO_REGION_CONSOLE_FOLDERS; elsewhere: mammo sources add"
            )
            raise SourceError(message)
    if isinstance(told, WebSource) and told.token_file is not None:
        host = urlsplit(told.url).hostname or ""
        if told.token_file.resolve().parent.name.lower() != host.lower():
            message = (
                "through the console, a token's file lies in a folder that is named as the host "
                "it is for: FOLDER/HOST/token"
            )
            raise SourceError(message)


def _named(told: Described) -> Iterator[Path]:
    if isinstance(told, FolderSource):
        yield told.path
        return
    if isinstance(told, WebSource) and told.token_file is not None:
        yield told.token_file
    if isinstance(told, DicomSource | WebSource) and told.tls is not None:
        for path in (told.tls.ca, told.tls.certificate, told.tls.key):
            if path is not None:
                yield path


def _waited_for(told: Described) -> float:
    if isinstance(told, DicomSource | WebSource):
        return max(told.connect_seconds, told.answer_seconds)
    return 0.0
