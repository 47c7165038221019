"""Put the pieces of a clean object together, as the spool does."""

from collections.abc import Iterable
from io import BytesIO

from deid.source import Lazy, Piece


def put_together(pieces: Iterable[Piece], source: bytes) -> bytes:
    """Give the bytes of pieces; slices are of the source, and what is not made yet is made."""
    return b"".join(_bytes(piece, source) for piece in pieces)


def _bytes(piece: Piece, source: bytes) -> bytes:
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, Lazy):
        made = piece.make(BytesIO(source))
        assert len(made) == piece.length
        return made
    return source[piece.offset : piece.offset + piece.length]
