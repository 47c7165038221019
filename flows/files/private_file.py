"""A file that only its owner reads, on the disk, never over another, and never half written."""

import os
from collections.abc import Iterable
from pathlib import Path


def write_private(path: Path, blocks: Iterable[bytes]) -> None:
    """Write a file of mode 0600 where there is none; what goes wrong leaves none.

    Raises:
        FileExistsError: There is something of that name, be it a link that leads nowhere.
        OSError: It cannot be written there.
    """
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, how, 0o600), "wb") as file:
        try:
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise
