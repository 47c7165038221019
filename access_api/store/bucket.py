"""One bucket, read on the event loop."""

from collections.abc import AsyncGenerator

from access_api.store.source import Source
from catalog.minio_links import MinioLinks


class Bucket:
    """The objects of one bucket, by key."""

    def __init__(self, source: Source, links: MinioLinks) -> None:
        self._source = source
        self._links = links

    def read(self, key: str, start: int, stop: int) -> AsyncGenerator[memoryview]:
        """Yield the bytes from `start` up to but not including `stop`; errors as `Source.read`."""
        return self._source.read(self._links.link(key), start, stop)
