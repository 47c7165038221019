"""Key files: roots in hexadecimal, readable by nobody but the process they are for."""

import fcntl
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.errors import KeyFileError

KEY_BYTES = 32
THIRD_PARTY = "third_party"
#: What the region has of its own; it is all that its key file may hold in production.
OWN_ROOTS = ("edge", "region")
REGION_ROOTS = ("edge", THIRD_PARTY, "region")
#: In production the hub's is called otherwise, that what development made is never taken there.
HUB_ROOTS = ("release",)
DELIVERED_HUB_ROOTS = ("release_root",)

_OTHERWISE = "without it nothing more can be linked with what it made: put the right one back"
_MISSING = f"the key file is missing; {_OTHERWISE}"
_NOT_READ = f"the key file cannot be read; {_OTHERWISE}"
_MALFORMED = f"the key file is malformed, or holds other keys than are asked for; {_OTHERWISE}"
_OPEN_TO_OTHERS = "the key file can be read by others; mend it with: chmod 600 KEY_FILE"
_NOT_HERE = "the third party's key belongs to the third party"


@dataclass(frozen=True, repr=False)
class KeyFile:
    """What a key file holds: of each root the keys, the current one last."""

    roots: Mapping[str, tuple[bytes, ...]]

    def current(self, root: str) -> bytes:
        """Return the key of a root that is in use."""
        return self.roots[root][-1]

    @property
    def fingerprint(self) -> str:
        """Name the keys in use; safe to record."""
        used = b"".join(self.current(name) for name in sorted(self.roots))
        return hashlib.sha256(used).hexdigest()[:8]


def create(path: Path, roots: tuple[str, ...]) -> None:
    """Write a new key file (0600), unless one is there already."""
    if path.exists():
        return
    _make_folder(path.parent)
    made = {name: secrets.token_hex(KEY_BYTES) for name in roots}
    with _alone(path.parent) as folder, _written(path, made) as partial:
        try:
            os.link(partial, path)  # unlike rename, never replaces a key file of another's
        except FileExistsError:
            return
        os.fsync(folder)


def rotate(path: Path) -> int:
    """Add a new key of the third party to a local key file; the earlier ones stay readable.

    Returns:
        The new key's version.

    Raises:
        KeyFileError: If the file is missing, malformed or readable by others.
    """
    if not path.exists():
        raise KeyFileError(_MISSING)
    with _alone(path.parent) as folder:
        held = load(path, REGION_ROOTS)
        added = (*held.roots[THIRD_PARTY], secrets.token_bytes(KEY_BYTES))
        roots = {**held.roots, THIRD_PARTY: added}
        made = {name: [key.hex() for key in of] for name, of in roots.items()}
        with _written(path, made) as partial:
            partial.replace(path)
            os.fsync(folder)
    return len(added)


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Keep other writers of key files out of a folder; give what to sync it by."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _written(path: Path, held: object) -> Iterator[Path]:
    """Write a key file's text beside its place, onto the disk; afterwards it is gone from there."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(held, indent=1))
            file.flush()
            os.fsync(file.fileno())
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Make a folder that a power cut does not take away again."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(path: Path, roots: tuple[str, ...], *, no_other: bool = False) -> KeyFile:
    """Read these roots of a key file.

    Args:
        path: The file.
        roots: What is asked of it.
        no_other: Whether it may hold nothing else.

    Raises:
        KeyFileError: It is missing, malformed, readable by others, or holds what it may not.
    """
    try:
        state = path.stat()
        held = json.loads(path.read_text())
        keys = {name: _keys(held[name]) for name in roots}
    except FileNotFoundError:
        raise KeyFileError(_MISSING) from None
    except OSError:
        raise KeyFileError(_NOT_READ) from None
    except (ValueError, KeyError, TypeError):
        raise KeyFileError(_MALFORMED) from None
    if stat.S_IMODE(state.st_mode) & _forbidden(state):
        raise KeyFileError(_OPEN_TO_OTHERS)
    if any(len(key) != KEY_BYTES for of in keys.values() for key in of):
        message = f"each key of the key file must be {KEY_BYTES} bytes"
        raise KeyFileError(message)
    if no_other and (others := set(held) - set(roots)):
        message = (
            f"this key file may hold {' and '.join(roots)} only, and it has {len(others)} more"
        )
        raise KeyFileError(f"{message}: {_NOT_HERE}" if THIRD_PARTY in others else message)
    return KeyFile(keys)


def is_for_development(path: Path, roots: tuple[str, ...] = REGION_ROOTS) -> bool:
    """Tell whether a key file holds what production refuses: a region's, the third party's too."""
    try:
        load(path, roots)
    except KeyFileError:
        return False
    return True


def _keys(held: object) -> tuple[bytes, ...]:
    """Read a root's keys: one, or a list with the current one last."""
    written = held if isinstance(held, list) else [held]
    keys = tuple(bytes.fromhex(one) for one in written if isinstance(one, str))
    if not keys or len(keys) != len(written):
        raise ValueError
    return keys


def _forbidden(state: os.stat_result) -> int:
    """Say which modes are too open.

    A platform may own what it delivers and let only our group read it: a Kubernetes secret
    with `fsGroup` is root's, 0440.
    """
    delivered = state.st_uid == 0 and state.st_uid != os.geteuid()
    return 0o037 if delivered else 0o077
