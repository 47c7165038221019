"""The door's open parts, and whether those behind it answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Final

from anyio import CapacityLimiter
from fastapi import Depends, Request
from sqlalchemy import Engine, text
from structlog.typing import FilteringBoundLogger

from access_api.pace import Places
from access_api.settings import DoorSettings
from access_api.store.bucket import Bucket
from access_api.store.source import Source
from access_api.streams import READERS, WATCHERS, Watch
from access_api.tokens import Entrance, Verifier
from catalog.database import connect, reading
from catalog.errors import CatalogError, NotFoundError
from catalog.minio_links import MinioLinks
from catalog.minio_store import MinioStore
from catalog.objects import Credentials, ObjectStore

PULSE_S: Final = 2.0
"""Anonymous callers may ask often; what is behind the door is asked once in this many seconds."""

_NO_SUCH_KEY: Final = "is-anybody-there"


@dataclass
class Pulse:
    """The last answer to "are you there?", and when it was given."""

    at: float = float("-inf")
    alive: bool = False
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, repr=False)
class Door:
    """Everything a request may need, opened once.

    Attributes:
        clean: For small objects, which are read in threads.
        releases: The same.
        clean_bytes: For downloads, which are read on the event loop.
        release_bytes: The same.
    """

    engine: Engine
    clean: ObjectStore
    releases: ObjectStore
    clean_bytes: Bucket
    release_bytes: Bucket
    verifier: Entrance
    readers: CapacityLimiter
    watchers: CapacityLimiter
    places: Places
    log: FilteringBoundLogger
    pulse: Pulse = field(default_factory=Pulse)
    ask_again_s: float = 20.0
    public_url: str = ""

    def watch(self, ask: Callable[[], object]) -> Watch:
        """Have something asked again while an answer is sent."""
        return Watch(ask, self.ask_again_s, self.watchers)

    def alive(self) -> bool:
        """Tell whether the catalogue and both stores answered within the last two seconds."""
        with self.pulse.lock:
            if time.monotonic() - self.pulse.at > PULSE_S:
                self.pulse.alive = self._answers()
                self.pulse.at = time.monotonic()
            return self.pulse.alive

    def _answers(self) -> bool:
        try:
            with reading(self.engine) as connection:
                connection.execute(text("SELECT 1 FROM permit LIMIT 1"))
            for store in (self.clean, self.releases):
                with suppress(NotFoundError):
                    store.stat(_NO_SUCH_KEY)
        except CatalogError as error:
            self.log.warning("not alive", error=type(error).__name__)
            return False
        return True


@contextmanager
def open_door(settings: DoorSettings, log: FilteringBoundLogger) -> Iterator[Door]:
    """Open the catalogue and the stores; close them at the end."""
    engine = connect(settings.catalogue_url.get_secret_value())
    source = Source(settings.s3_endpoint, secure=settings.s3_secure)
    try:
        yield Door(
            engine=engine,
            clean=_store(settings, settings.clean_bucket),
            releases=_store(settings, settings.releases_bucket),
            clean_bytes=Bucket(source, _links(settings, settings.clean_bucket)),
            release_bytes=Bucket(source, _links(settings, settings.releases_bucket)),
            verifier=Entrance(Verifier(settings, engine), settings),
            readers=CapacityLimiter(READERS),
            watchers=CapacityLimiter(WATCHERS),
            places=Places(settings.at_once),
            log=log,
            ask_again_s=settings.ask_again_s,
            public_url=settings.public_url,
        )
    finally:
        source.close()
        engine.dispose()


def _store(settings: DoorSettings, bucket: str) -> ObjectStore:
    who = _credentials(settings)
    return MinioStore(settings.s3_endpoint, who, bucket, secure=settings.s3_secure)


def _links(settings: DoorSettings, bucket: str) -> MinioLinks:
    who = _credentials(settings)
    return MinioLinks(settings.s3_endpoint, who, bucket, secure=settings.s3_secure)


def _credentials(settings: DoorSettings) -> Credentials:
    return Credentials(
        settings.s3_access_key.get_secret_value(), settings.s3_secret_key.get_secret_value()
    )


async def get_door(request: Request) -> Door:
    """Return the open door of this application."""
    door: Door = request.app.state.door
    return door


OpenDoor = Annotated[Door, Depends(get_door)]
