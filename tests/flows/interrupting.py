"""Runs over a folder that are ended before they are finished."""

from pathlib import Path

import pytest

from flows.deidentifier import Deidentifier
from flows.offline.folder import deidentify_folder
from flows.offline.lines import Watch


def tree(folder: Path) -> dict[str, bytes | None]:
    """Give every file below a folder with its content, and every folder with none."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def stopping_after(number: int) -> Watch:
    """Somebody presses Ctrl-C when so many files are done."""
    seen = []

    def told(report):
        seen.append(report)
        if len(seen) == number:
            raise KeyboardInterrupt

    return Watch(told=told)


def interrupted(source: Path, target: Path, keyed: Deidentifier, after: int = 2) -> None:
    with pytest.raises(KeyboardInterrupt):
        deidentify_folder(source, target, keyed, watch=stopping_after(after))
