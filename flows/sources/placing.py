"""Whole files in a folder: made apart, named without replacing any, and on the disk for good."""

import errno
import fcntl
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from flows.errors import DiskFullError

SUFFIX: Final = ".dcm"
PARTIAL: Final = ".partial"

_FULL = (errno.ENOSPC, errno.EDQUOT)
_BLOCK = 1 << 20


def told(error: OSError) -> Exception:
    """Return what to raise for an error of the disk: a full one is worth another try."""
    if error.errno in _FULL:
        return DiskFullError("the landing's disk is full; free some space")
    return error


class Sink:
    """Takes the bytes of one object, from its preamble (PS3.10 §7.1) to its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.written = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes.

        Raises:
            DiskFullError: The disk is full.
            OSError: The landing cannot be written to.
        """
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise told(error) from None
        self.written += len(data)


def begin(stem: str, folder: int) -> tuple[int, str] | None:
    """Open a partial file, locked so that no sweep takes it; None if one took it at once.

    Raises:
        OSError: It cannot be made; FileNotFoundError where the folder itself has gone.
    """
    partial = f".{stem}.{secrets.token_hex(8)}{PARTIAL}"
    how = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(partial, how, 0o600, dir_fd=folder)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.fstat(descriptor).st_nlink:
        return descriptor, partial
    os.close(descriptor)
    return None


def write_whole(folder: Path, name: str, data: bytes) -> None:
    """Write a file that is whole and on the disk under its name, or is not there.

    Raises:
        DiskFullError: The disk is full.
        OSError: It cannot be written there.
    """
    descriptor = opened(folder)
    try:
        while (begun := begin(name, descriptor)) is None:
            continue
        file, partial = begun
        try:
            Sink(file).write(data)
            os.fsync(file)
            os.rename(partial, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
            os.fsync(descriptor)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=descriptor)
            os.close(file)
    except OSError as error:
        raise told(error) from None
    finally:
        os.close(descriptor)


def link(source: str, from_folder: int, stem: str, folder: int) -> None:
    """Give a file a name that is free, unless its bytes have one already.

    The first of a name has no more than that, all others their digest beside it: so the thousandth
    costs no more than the second.
    """
    wanted = f"{stem}{SUFFIX}"
    try:
        os.link(source, wanted, src_dir_fd=from_folder, dst_dir_fd=folder)
    except FileExistsError:
        if not _same(source, from_folder, wanted, folder):
            beside = f"{stem}.{_digest(source, from_folder)}{SUFFIX}"
            with suppress(FileExistsError):
                os.link(source, beside, src_dir_fd=from_folder, dst_dir_fd=folder)


def _same(one: str, one_folder: int, other: str, other_folder: int) -> bool:
    """Tell whether two files hold the same bytes; a file that has gone holds others."""
    try:
        with _reading(one, one_folder) as left, _reading(other, other_folder) as right:
            if os.fstat(left.fileno()).st_size != os.fstat(right.fileno()).st_size:
                return False
            while block := left.read(_BLOCK):
                if block != right.read(_BLOCK):
                    return False
            return True
    except FileNotFoundError:
        return False


def _digest(path: str, folder: int) -> str:
    digest = hashlib.sha256()
    with _reading(path, folder) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _reading(path: str, folder: int) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb", buffering=0)


def opened(path: Path) -> int:
    """Open a folder, for what is done relative to it even when it is renamed."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def removed_if_left(partial: Path, *, only_look: bool = False) -> bool:
    """Remove a partial file whose writer is dead: the lock it held went with it; tell whether."""
    try:
        descriptor = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not only_look:
            partial.unlink()
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
