"""What a release costs: bytes and requests at the store, processor time by stage."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO
from unittest.mock import patch

#: A stage, and the function whose processor time it is, where the build looks it up.
STAGES = {
    "freeze": ("catalog.releases", "freeze"),
    "rewrite the header": ("flows.release.rekeying", "rekey"),
    "what the header says": ("flows.release.rekeying", "facts_of"),
    "enter rows": ("catalog.releases", "add_instance"),
    "read the header again": ("flows.release.rekeying", "dcmread"),
    "selections": ("flows.release.papers", "select_all"),
    "other papers": ("flows.release.papers", "write"),
    "seal": ("catalog.releases", "seal"),
}


class Counted:
    """A store that counts bytes, requests and the processor time of its callers."""

    def __init__(self, store: Any, name: str) -> None:
        self._store, self._name = store, name
        self._lock = threading.Lock()
        self.count: Counter[str] = Counter()
        self.spent = 0.0

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Give blocks as the store does."""
        begun = time.thread_time()
        body = self._store.get(key, offset, length)
        size = 0
        while block := next(body, b""):
            size += len(block)
            self._add(time.thread_time() - begun, read=0)
            yield block
            begun = time.thread_time()
        self._add(time.thread_time() - begun, read=size, gets=1)

    def put(self, key: str, stream: BinaryIO, size: int, sha256: str) -> None:
        """Store as the store does."""
        begun = time.thread_time()
        self._store.put(key, stream, size, sha256)
        self._add(time.thread_time() - begun, written=size, puts=1)

    def _add(self, spent: float, **counts: int) -> None:
        with self._lock:
            self.spent += spent
            self.count.update(counts)


@contextmanager
def stages() -> Iterator[Counter[str]]:
    """Add up processor time by stage while something is built."""
    spent: Counter[str] = Counter()
    with ExitStack() as every:
        for name, place in STAGES.items():
            every.enter_context(_timed(name, place, spent))
        yield spent


def _timed(stage: str, place: tuple[str, str], spent: Counter[str]) -> Any:
    module, name = place
    genuine: Callable[..., Any] = getattr(__import__(module, fromlist=[name]), name)
    lock = threading.Lock()

    def timed(*arguments: Any, **options: Any) -> Any:
        begun = time.thread_time()
        try:
            return genuine(*arguments, **options)
        finally:
            with lock:
                spent[stage] += time.thread_time() - begun

    return patch(f"{module}.{name}", timed)
