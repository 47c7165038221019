"""Write a study's previews into a folder of the operator's."""

import hashlib
from pathlib import Path

from catalog.sightings import previews
from flows.errors import PermanentError, RetriableError
from flows.files.private_file import write_private
from flows.wiring import HubParts


class PreviewError(PermanentError):
    """The previews cannot be written there."""


class DamagedPreviewError(RetriableError):
    """The store gave other bytes than were recorded."""


def save(parts: HubParts, key: str, folder: Path, *, size: int, who: str) -> tuple[Path, ...]:
    """Save the previews of a study's images that nothing holds, for their owner's eyes only.

    Raises:
        NotFoundError: There is no such study.
        StorageError: The store does not answer.
        DamagedPreviewError: What it gives is not what was stored.
        PreviewError: The folder cannot be written to, or has such files already.
    """
    written = []
    for number, one in enumerate(previews.of_study(parts.catalogue, key, size=size, who=who), 1):
        data = b"".join(parts.clean.get(one.key))
        if hashlib.sha256(data).hexdigest() != one.sha256:
            message = "the store gave other bytes than were recorded"
            raise DamagedPreviewError(message)
        path = folder / f"{key[:12]}-{number}-{one.laterality}{one.view}-{size}.png"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, [data])
        except OSError as error:
            message = f"{path.name} cannot be written: {type(error).__name__}"
            raise PreviewError(message) from None
        written.append(path)
    return tuple(written)
