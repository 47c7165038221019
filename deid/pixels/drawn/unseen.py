"""What draws or shows, and was not seen or writes, goes: graphics, tables and palettes."""

from pydicom.dataset import Dataset

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.headers.journal import Entry, dropped
from deid.pixels.detection.text_reader import TextReader
from deid.pixels.drawn import graphics, lookups, palettes, polygons
from deid.pixels.drawn.graphics import drop_writing, graphics_left, has_graphics
from deid.pixels.drawn.lookups import crooked_left, drop_crooked
from deid.pixels.drawn.outlines import has_outlines, outlines_left
from deid.pixels.drawn.overlays import has_overlays, overlays_left

Journal = tuple[Entry, ...]


def drop_unseen(
    header: Dataset, journal: Journal, text_reader: TextReader | None, *, pixels: bool
) -> tuple[Journal, bool]:
    """Drop graphics that write, or at which nobody looks, and tables through which nobody looked.

    Args:
        header: A clean header; changed, at every depth.
        journal: Of it.
        text_reader: Looks at what graphics draw.
        pixels: The header is of an image.

    Returns:
        The journal as it is now, and whether graphics were dropped.

    Raises:
        SuspectError: An image would not be shown as it was meant.
    """
    drawn = drop_writing(header, text_reader)
    crooked = drop_crooked(header, pixels=pixels)
    colours = palettes.drop_palettes(header, pixels=pixels)
    sides = polygons.drop_polygons(header)
    for paths, rule in (
        (graphics.lost(drawn), graphics.RULE),
        (crooked, lookups.RULE),
        (sides, polygons.RULE),
        (colours, palettes.RULE),
    ):
        journal = dropped(journal, paths, rule)
    return journal, bool(drawn)


def unseen_left(header: Dataset) -> tuple[Finding, ...]:
    """Give the tables and polygons of a finished object through which nobody looked."""
    return crooked_left(header) + palettes.palettes_left(header) + polygons.polygons_left(header)


def drawn_left(header: Dataset, text_reader: TextReader | None) -> tuple[Finding, ...]:
    """Look at what is laid over the pixels of a finished object with another eye.

    Raises:
        SuspectError: There is something, and nobody to look.
    """
    if not any(has(header) for has in (has_overlays, has_graphics, has_outlines)):
        return ()
    if text_reader is None:
        raise SuspectError(Reason.UNCHECKED)
    every = overlays_left, graphics_left, outlines_left
    return tuple(finding for left in every for finding in left(header, text_reader))
