"""What a second eye reports: where, and what kind, never the value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that should not be in a finished object; safe to log, store and show.

    Attributes:
        where: A tag path or "frame 1".
        what: A category, never what was read.
    """

    where: str
    what: str
