"""TAR as POSIX.1-2024 has it: ustar headers, and a pax record where a size needs one."""

from tarfile import BLOCKSIZE, PAX_FORMAT, USTAR_FORMAT, TarInfo
from typing import Final

from access_api.archives.layout import path_of
from catalog.releases import Member

_USTAR_LIMIT: Final = 8**11
_MODE: Final = 0o444


class Tar:
    """Uncompressed files one after another; every tool that reads TAR reads it."""

    media_type = "application/x-tar"
    suffix = "tar"

    def before(self, member: Member) -> bytes:
        """Give the header; a path of three UIDs always fits ustar's 155 and 100 bytes."""
        info = TarInfo(path_of(member))
        info.size, info.mode, info.mtime = member.size, _MODE, 0
        return info.tobuf(USTAR_FORMAT if member.size < _USTAR_LIMIT else PAX_FORMAT, "ascii")

    def after(self, member: Member) -> bytes:
        """Fill the last block with zeros."""
        return bytes(-member.size % BLOCKSIZE)

    def listed(self, member: Member, offset: int) -> bytes:
        """Give nothing: there is no directory."""
        del member, offset
        return b""

    def end(self, count: int, start: int, stop: int) -> bytes:
        """Give the two blocks of zeros."""
        del count, start, stop
        return bytes(2 * BLOCKSIZE)

    def overhead(self, member: Member) -> int:
        """Tell the bytes of header and filling."""
        header = BLOCKSIZE if member.size < _USTAR_LIMIT else len(self.before(member))
        return header + -member.size % BLOCKSIZE
