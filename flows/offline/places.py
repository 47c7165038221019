"""Whether a run over a folder may begin where it was told to: asked before anything is made."""

from pathlib import Path

from flows.errors import SourceError
from flows.offline.resume import is_begun
from flows.sources.export_folder import files_below, passed_over, require_source

NO_FILES = "the source holds no files; check the path"


def require_places(source: Path, target: Path) -> None:
    """Refuse a source or a target that cannot be used; nothing is made, and nothing opened.

    Raises:
        SourceError: With what to do.
    """
    require_files(source)
    whole, into = source.resolve(), target.resolve()
    message = ""
    if into == whole:
        message = "the source and the target are the same folder; give another target"
    elif into.is_relative_to(whole):
        message = "the target lies inside the source; choose another"
    if message:
        raise SourceError(message)
    is_begun(target)


def require_files(source: Path) -> None:
    """Refuse what has no file in it that would be read; archives are not opened.

    Raises:
        SourceError: With what to do.
    """
    require_source(source)
    if source.is_dir() and all(passed_over(path.name) for path in files_below(source)):
        raise SourceError(NO_FILES)
