# /// script
# requires-python = ">=3.9"
# dependencies = []
# ///
"""Download what a data permit grants: several files at once, resumed, and checked by SHA-256.

One file, Python 3.9 or newer, nothing to install: `python3 mammo_download.py --help`, or
`uv run mammo_download.py --help`. Run it again at any time: it goes on where it was.
"""

from __future__ import annotations

import os
import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Whoever interrupts while the rest is imported sees no traceback: nothing is begun.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import argparse
import contextlib
import errno
import hashlib
import http.client
import io
import json
import queue
import random
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Result = TypeVar("Result")

EXAMPLES = """\
examples:
  export MAMMO_API=https://api.example.org
  MAMMO_TOKEN=... %(prog)s SE-2026-0042 data
  %(prog)s --token-file ~/.mammo-token SE-2026-0042 data      the file is read for each request
  %(prog)s --token-command "oidc-token mammo" SE-2026-0042 data
  %(prog)s --token-command "mammo account token spe-norr --key-file k.pem --json" SE-2026-0042 data
      the command is run again before its token ends, and when the token is refused
  %(prog)s --study 2.25.1234 --parallel 8 SE-2026-0042 data
  %(prog)s --verify SE-2026-0042 data                         also check what is there already
  %(prog)s --check SE-2026-0042 data                          only say what is missing

exit codes:
  0 everything is there   1 something is missing, and was named   2 wrong usage
  3 token or permit refused   4 the service cannot be reached   5 the disk: full, or not writable
  130 interrupted; run it again to go on
"""
BLOCK = 1 << 20
TIMEOUT_S = 60
MAX_DEPTH = 8
MAX_LINE = 1 << 16
MAX_SIZE = 1 << 53
LONGEST_PAUSE_S = 60.0
PATIENCE_S = 300.0
TOLD_EVERY_S = 30.0
MISSING, USAGE, REFUSED, UNREACHABLE, DISK, INTERRUPTED = 1, 2, 3, 4, 5, 130
OK, PARTIAL = 200, 206
UNREADABLE = "the manifest cannot be read"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_UID = re.compile(r"[0-9][0-9.]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SECONDS = re.compile(r"[0-9]{1,9}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class StopError(Exception):
    """Nothing more can be had; `code` is what the program ends with."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


class AgainError(Exception):
    """This try failed and another may not.

    `pause` is what the service asked for, in seconds; `code` is what the program ends with if
    nothing can be had for it.
    """

    def __init__(self, said: str, pause: float | None = None, code: int = UNREACHABLE) -> None:
        super().__init__(said)
        self.pause = pause
        self.code = code


class AwayError(AgainError):
    """The service cannot be reached at all."""


class GoneError(Exception):
    """This one file cannot be had."""


@dataclass(frozen=True)
class Item:
    """One file of the manifest."""

    path: str
    size: int
    sha256: str
    study: str
    uid: str


def item_of(line: bytes) -> Item:
    """Read a line of the manifest; nothing of it is believed that could leave the folder."""
    try:
        told = json.loads(line)
        item = Item(
            path=str(told["path"]),
            size=told["size"],
            sha256=str(told["sha256"]),
            study=str(told["study_uid"]),
            uid=str(told["sop_uid"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StopError(UNREACHABLE, UNREADABLE) from None
    names = item.path.split("/")
    named = len(names) <= MAX_DEPTH and all(_NAME.fullmatch(name) for name in names)
    if not (named and _UID.fullmatch(item.uid) and _DIGEST.fullmatch(item.sha256)):
        raise StopError(UNREACHABLE, "the manifest names a file that this program will not write")
    if type(item.size) is not int or not 0 <= item.size < MAX_SIZE:
        raise StopError(UNREACHABLE, UNREADABLE)
    return item


@dataclass
class Token:
    """The bearer token: from the environment, a file or a command; the last two are asked again.

    A file is read with every request. A command is run again when its token is refused, and before
    its end if it tells when that is: by printing an answer of RFC 6749 (`access_token`,
    `expires_in`). Once a token was taken, either may fail for some minutes.
    """

    file: Path | None
    command: str | None
    _held: str = ""
    _renew_at: float = float("inf")
    _failing_since: float | None = None
    _worked: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> str:
        """Give the token that is held, or a new one."""
        with self._lock:
            if not self._held or self.file is not None or time.monotonic() >= self._renew_at:
                self._renew()
            return self._held

    def accepted(self) -> None:
        """Note that the service took the token."""
        with self._lock:
            self._failing_since, self._worked = None, True

    def refused(self, token: str) -> None:
        """Forget a token that the service refused, if it can be had anew."""
        said = "the token is refused, or has expired"
        if self.file is None and self.command is None:
            raise StopError(REFUSED, said)
        with self._lock:
            if self._held == token:
                self._held = ""
            self._lose_patience(said)

    def _renew(self) -> None:
        try:
            self._held, seconds = token_of(self._read())
        except ValueError:
            self._failed("no token: set MAMMO_TOKEN, --token-file or --token-command")
        except (OSError, subprocess.SubprocessError) as error:
            self._failed(f"the token cannot be had ({type(error).__name__})")
        else:
            self._renew_at = time.monotonic() + seconds - min(60.0, seconds / 4)

    def _failed(self, said: str) -> None:
        """Go on with the token that is held, as long as it is taken; else try again, or give up."""
        if not self._worked:
            raise StopError(REFUSED, said) from None
        self._lose_patience(said)
        if not self._held:
            raise AgainError(said, code=REFUSED) from None
        self._renew_at = time.monotonic() + 5

    def _lose_patience(self, said: str) -> None:
        """Give up once nothing worked for some minutes."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        if now - self._failing_since > PATIENCE_S:
            raise StopError(REFUSED, f"{said}, for {PATIENCE_S:.0f} s") from None

    def _read(self) -> bytes:
        if self.command is not None:
            words = shlex.split(self.command)
            asked = subprocess.run(words, stdout=subprocess.PIPE, timeout=PATIENCE_S, check=True)  # noqa: S603 - the user's own
            return asked.stdout
        if self.file is not None:
            return self.file.read_bytes()
        return os.environ.get("MAMMO_TOKEN", "").encode()


def token_of(printed: bytes) -> tuple[str, float]:
    """Read a token, or an answer of RFC 6749 §5.1; give it, and for how many seconds it holds.

    Raises ValueError for what is neither.
    """
    text, seconds = printed.decode("ascii").strip(), None
    if text.startswith("{"):
        told = json.loads(text)
        text, seconds = str(told.get("access_token", "")), told.get("expires_in")
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("no token")
    return text, max(1.0, seconds) if isinstance(seconds, (int, float)) else float("inf")


class Service:
    """The API over one connection that is kept; every thread has its own."""

    def __init__(self, base: SplitResult, token: Token, trust: ssl.SSLContext | None) -> None:
        self._base, self._token, self._trust = base, token, trust
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
        """Ask for a path; redirects are not followed, so the token goes nowhere else."""
        token = self._token.get()
        sent = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        if self._connection is None:
            with network(AwayError, "the service cannot be reached"):
                connecting = self._connect()
                connecting.connect()
            self._connection = connecting
        connection = self._connection
        with network():
            connection.request(
                "GET", self._base.path.rstrip("/") + path, headers=sent | (headers or {})
            )
            answer = connection.getresponse()
        if answer.status not in {OK, PARTIAL}:
            self.close()
            self._refuse(answer, token)
        self._token.accepted()
        return answer

    def close(self) -> None:
        """Let the connection go; the next request makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _refuse(self, answer: http.client.HTTPResponse, token: str) -> None:
        status = answer.status
        if status == http.HTTPStatus.UNAUTHORIZED:
            self._token.refused(token)
            raise AgainError("the token is refused, or has expired", code=REFUSED)
        if status == http.HTTPStatus.FORBIDDEN:
            raise StopError(REFUSED, "the permit is not in force, or your role does not allow this")
        if status == http.HTTPStatus.NOT_FOUND:
            raise GoneError("not there any more, or not for you (404)")
        if status in {408, 416, 425, 429} or status >= 500:  # noqa: PLR2004 - RFC 9110 §15
            asked = _SECONDS.fullmatch(answer.headers.get("Retry-After", ""))
            raise AgainError(f"the service answered {status}", float(asked[0]) if asked else None)
        raise GoneError(f"the service answered {status}")

    def _connect(self) -> http.client.HTTPConnection:
        host, port, secure = (
            self._base.hostname or "",
            self._base.port,
            self._base.scheme == "https",
        )
        proxy = (
            urlsplit(getproxies().get(self._base.scheme, "")) if not proxy_bypass(host) else None
        )
        if proxy is not None and proxy.hostname and secure:
            through = http.client.HTTPSConnection(
                proxy.hostname, proxy.port, timeout=TIMEOUT_S, context=self._trust
            )
            through.set_tunnel(host, port)
            return through
        if secure:
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._trust)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)


@contextlib.contextmanager
def network(
    kind: type[AgainError] = AgainError, said: str = "the connection broke"
) -> Iterator[None]:
    """Make one kind of error of all that a network can do."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise StopError(
            UNREACHABLE, f"the service's certificate is not trusted: {error.verify_message}"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a bad chunk
        raise kind(f"{said} ({type(error).__name__})") from None


@dataclass
class Download:
    """What is done with one permit's files, by several threads."""

    service: Callable[[], Service]
    permit: str
    root: Path
    retries: int
    halt: threading.Event = field(default_factory=threading.Event)
    received: int = 0
    finished: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    stopped: StopError | None = None
    quiet: bool = False
    _told_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def manifest(self) -> list[Item]:
        """Ask for the list of files."""
        service = self.service()
        try:
            return self._tried(lambda: self._listed(service), lambda: 0, service)
        except GoneError:
            said = "there is no such permit for you, or its release is not ready"
            raise StopError(REFUSED, said) from None
        except AgainError as error:
            raise StopError(error.code, str(error)) from None
        finally:
            service.close()

    def _listed(self, service: Service) -> list[Item]:
        answer = service.get(f"/releases/{self.permit}/manifest?format=ndjson")
        found: dict[str, Item] = {}
        rest = b""
        while True:
            with network():
                block = answer.read(BLOCK)
            *lines, rest = (rest + block).split(b"\n")
            if any(len(line) > MAX_LINE for line in (*lines, rest)):
                raise StopError(UNREACHABLE, UNREADABLE)
            for item in map(item_of, lines):
                # Some disks do not tell capitals from small letters.
                if found.setdefault(item.path.lower(), item) is not item:
                    raise StopError(UNREACHABLE, "the manifest names a file twice")
            if not block:
                break
        if rest:
            raise AgainError("the manifest ended early")
        return list(found.values())

    def run(self, items: list[Item], parallel: int) -> None:
        """Fetch all items; `finished`, `reasons` and `stopped` say what came, and what did not."""
        waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
        for item in items:
            waiting.put(item)
        threads = [
            threading.Thread(target=self._work, args=(waiting,), daemon=True)
            for _ in range(min(parallel, len(items)))
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        except KeyboardInterrupt:
            self.stopped = StopError(INTERRUPTED, "interrupted; run it again to go on")
            self.halt.set()
            for thread in threads:
                thread.join(5)

    def _work(self, waiting: queue.SimpleQueue[Item]) -> None:
        service = self.service()
        with contextlib.suppress(queue.Empty):
            while not self.halt.is_set():
                self._fetch(service, waiting.get_nowait())
        service.close()

    def _fetch(self, service: Service, item: Item) -> None:
        try:
            target = inside(self.root, item.path)
            part = target.with_name(f"{target.name}.{item.sha256[:16]}.part")
            self._tried(lambda: self._attempt(service, item, part), lambda: size_of(part), service)
            os.replace(part, target)  # noqa: PTH105 - it is atomic, and says so
            self.finished.add(item.path)
        except AwayError as error:
            self._stop(StopError(error.code, str(error)))
        except (GoneError, AgainError) as error:
            self.reasons[item.path] = str(error)
        except StopError as error:
            self._stop(error)
        except OSError as error:
            self._stop(StopError(DISK, f"cannot write {item.path}: {error.strerror}"))

    def _stop(self, error: StopError) -> None:
        self.stopped = self.stopped or error
        self.halt.set()

    def _tried(
        self, attempt: Callable[[], Result], progress: Callable[[], int], service: Service
    ) -> Result:
        """Try until it works or nothing came of `retries` tries in a row; waits grow and vary."""
        failures, before = 0, progress()
        while True:
            try:
                return attempt()
            except AgainError as error:
                service.close()
                reached = progress()
                failures = 1 if reached > before else failures + 1
                before = reached
                if failures > self.retries or self.halt.is_set():
                    raise
                usual = min(LONGEST_PAUSE_S, 2.0 ** (failures - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
                self._pause(min(LONGEST_PAUSE_S, max(usual, error.pause or 0)), str(error))

    def _pause(self, seconds: float, why: str) -> None:
        """Wait until the next try; say why at the first failure, and now and then after it."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.halt.is_set():
            with self._lock:
                silent = time.monotonic() - self._told_at
                if silent >= TOLD_EVERY_S:
                    self._told_at, silent = time.monotonic(), 0.0
                    self._say(f"{why}; trying again")
            self.halt.wait(min(left, TOLD_EVERY_S - silent))

    def _say(self, said: str) -> None:
        if not self.quiet:
            start = "\n" if sys.stderr.isatty() else ""  # the meter's line is left as it is
            sys.stderr.write(f"{start}mammo_download: {said}\n")
            sys.stderr.flush()

    def _attempt(self, service: Service, item: Item, part: Path) -> None:
        """Bring one file to its end in `part`, going on from what is there."""
        have = size_of(part)
        digest = hashlib.sha256()
        with opened(part) as file:
            if have > item.size:
                file.truncate(have := 0)
            if have:
                read_all(file, digest.update)
            if have < item.size:
                answer, start = self._from(service, item, have)
                if start != have:
                    file.truncate(0)
                    file.seek(0)
                    digest, have = hashlib.sha256(), 0
                self._receive(answer, file, digest.update, item.size - have)
            os.fsync(file.fileno())
        if digest.hexdigest() != item.sha256:
            part.unlink()
            raise AgainError("what came has another SHA-256 than the manifest says")

    def _from(
        self, service: Service, item: Item, have: int
    ) -> tuple[http.client.HTTPResponse, int]:
        asked = {"Range": f"bytes={have}-", "If-Range": f'"{item.sha256}"'} if have else {}
        answer = service.get(f"/releases/{self.permit}/instances/{item.uid}", asked)
        if answer.status == OK:
            return answer, 0
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            service.close()
            raise AgainError("the service sent another range than was asked for")
        return answer, have

    def _receive(
        self,
        answer: http.client.HTTPResponse,
        file: io.FileIO,
        count: Callable[[memoryview], None],
        left: int,
    ) -> None:
        buffer = memoryview(bytearray(BLOCK))
        while left and not self.halt.is_set():
            with network():
                got = answer.readinto(buffer[: min(left, BLOCK)])
            if not got:
                raise AgainError("the connection ended early")
            file.write(buffer[:got])
            count(buffer[:got])
            left -= got
            with self._lock:
                self.received += got
        if left:
            raise AgainError("interrupted")


def inside(root: Path, path: str) -> Path:
    """Make the folders of a file below the root; no link is followed out of it."""
    *folders, name = path.split("/")
    folder = root
    for one in folders:
        folder /= one
        folder.mkdir(exist_ok=True)
        if folder.is_symlink():
            raise OSError(errno.ELOOP, "a folder of it is a link")
    if (folder / name).is_symlink():
        raise OSError(errno.ELOOP, "it is a link")
    return folder / name


def opened(part: Path) -> io.FileIO:
    """Open a file to read and write it, or make it; a link is not followed."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return io.FileIO(os.open(part, flags, 0o666), "r+")


def size_of(path: Path) -> int:
    """Tell a file's bytes; one that is not there has none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def read_all(file: io.FileIO, take: Callable[[memoryview], object]) -> None:
    """Read a file from where it is to its end."""
    buffer = memoryview(bytearray(BLOCK))
    while got := file.readinto(buffer):
        take(buffer[:got])


def is_there(root: Path, item: Item, *, verify: bool) -> bool:
    """Tell whether a file is there already: by its size, or by its digest."""
    target = root / item.path
    if not target.is_file() or size_of(target) != item.size:
        return False
    digest = hashlib.sha256()
    if verify:
        with io.FileIO(target) as file:
            read_all(file, digest.update)
    return not verify or digest.hexdigest() == item.sha256


class Meter:
    """How far a download is, on one line of a terminal, or now and then in a log."""

    def __init__(self, download: Download, files: int, size: int) -> None:
        self._download, self._files, self._size = download, files, size
        self._started, self._done = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Tell the end."""
        self._done.set()
        self._thread.join()
        self._tell("\n")

    def _run(self) -> None:
        live = sys.stderr.isatty()
        while not self._done.wait(0.5 if live else 30):
            self._tell("" if live else "\n")

    def _tell(self, end: str) -> None:
        got = self._download.received
        rate = got / max(0.001, time.monotonic() - self._started)
        left = int(max(0, self._size - got) / rate) if rate else 0
        share = min(1.0, got / self._size) if self._size else 1.0
        bar = ("#" * int(24 * share)).ljust(24, ".")
        start = "\r" if sys.stderr.isatty() else ""
        sys.stderr.write(
            f"{start}[{bar}] {share:4.0%}  {len(self._download.finished)}/{self._files} files  "
            f"{human(got)} of {human(self._size)}  {human(rate)}/s  {left // 3600}:"
            f"{left // 60 % 60:02}:{left % 60:02} left {end}"
        )
        sys.stderr.flush()


def human(size: float) -> str:
    """Write a number of bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the step of the units
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.2f} TB"


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep a second run out of the same folder, where the system can."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".mammo-download.lock").open("a") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StopError(USAGE, "another run is downloading into this folder") from None
        yield


def arguments(given: list[str] | None) -> argparse.Namespace:
    """Read the command line; a token is never part of it, as others could see it there."""
    parser = argparse.ArgumentParser(
        prog="mammo_download.py",
        description="Download what a data permit grants: resumed, and checked by SHA-256.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("permit", help="the permit's id")
    parser.add_argument("target", type=Path, help="folder to download into")
    parser.add_argument("--api", default=os.environ.get("MAMMO_API", ""), help="address of the API")
    parser.add_argument("--token-file", type=Path, help="file that holds the bearer token")
    parser.add_argument("--token-command", help="command that prints the bearer token")
    parser.add_argument(
        "--study", action="append", metavar="UID", help="only this study; again for more"
    )
    parser.add_argument(
        "--parallel", type=int, default=4, metavar="N", help="files at once, 1 to 16 (4)"
    )
    parser.add_argument(
        "--retries", type=int, default=8, metavar="N", help="tries without progress (8)"
    )
    parser.add_argument("--ca-file", type=Path, help="certificates to trust, beside none else")
    parser.add_argument("--verify", action="store_true", help="read again what is there already")
    parser.add_argument(
        "--check", action="store_true", help="download nothing; say what is missing"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no word of a new try")
    return parser.parse_args(given)


def service_of(told: argparse.Namespace) -> Callable[[], Service]:
    """Decide whom to trust, and with what."""
    base = urlsplit(told.api)
    if base.scheme not in {"https", "http"} or not base.hostname or base.username:
        raise StopError(USAGE, "say where the API is: --api https://... or MAMMO_API")
    if base.scheme == "http" and base.hostname not in _LOOPBACK:
        raise StopError(USAGE, "the token would travel in the open: the API must be https")
    if not _NAME.fullmatch(told.permit) or not 1 <= told.parallel <= 16:  # noqa: PLR2004
        raise StopError(
            USAGE, "a permit's id is letters, digits, '.', '_', '-'; --parallel is 1 to 16"
        )
    token = Token(told.token_file, told.token_command)
    trust = ssl.create_default_context(cafile=told.ca_file)
    return lambda: Service(base, token, trust)


def download(told: argparse.Namespace) -> int:
    """Do what was asked; return the exit code."""
    service, retries = service_of(told), max(0, told.retries)
    work = Download(service, told.permit, told.target, retries, quiet=told.quiet)
    items = [one for one in work.manifest() if not told.study or one.study in told.study]
    with alone(told.target):
        wanted = [one for one in items if not is_there(told.target, one, verify=told.verify)]
        if not told.check:
            needed = sum(one.size for one in wanted)
            if shutil.disk_usage(told.target).free < needed:
                raise StopError(DISK, f"the disk has no room for {human(needed)}")
            with contextlib.nullcontext() if told.quiet else Meter(work, len(wanted), needed):
                work.run(wanted, told.parallel)
    return summed_up(told, work, items, wanted)


def summed_up(
    told: argparse.Namespace, work: Download, items: list[Item], wanted: list[Item]
) -> int:
    """Say how it ended, and name what is missing."""
    missing = [one.path for one in wanted if one.path not in work.finished]
    sys.stdout.write(
        f"{told.permit}: {len(items)} files, {len(items) - len(wanted)} there already, "
        f"{len(wanted) - len(missing)} downloaded ({human(work.received)}), "
        f"{len(missing)} missing\n"
    )
    for path in missing:
        sys.stdout.write(f"missing: {path}  {work.reasons.get(path, '')}\n")
    if work.stopped is not None:
        raise work.stopped
    return MISSING if missing else 0


def main(given: list[str] | None = None) -> int:
    """Run the program; return its exit code."""
    try:
        return download(arguments(given))
    except StopError as error:
        sys.stderr.write(f"mammo_download: {error}\n")
        return error.code
    except OSError as error:
        sys.stderr.write(f"mammo_download: {error.strerror}: {error.filename or ''}\n")
        return DISK
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
