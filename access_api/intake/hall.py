"""The intake's open parts: catalogue, arrivals, and what is remembered of each region's pace."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request
from sqlalchemy import Engine, text
from structlog.typing import FilteringBoundLogger

from access_api.intake.errors import PaceError
from access_api.intake.settings import IntakeSettings
from access_api.pace import Pace
from catalog.arrivals.scope import RegionScope
from catalog.database import connect, reading
from catalog.errors import CatalogError
from catalog.minio_store import MinioStore
from catalog.objects import Credentials, ObjectStore


@dataclass(frozen=True, repr=False)
class Hall:
    """Everything a request may need, opened once."""

    engine: Engine
    arrivals: ObjectStore
    settings: IntakeSettings
    pace: Pace
    uploads: CapacityLimiter
    log: FilteringBoundLogger
    under_way: Counter[str] = field(default_factory=Counter)

    def scope(self, region: str) -> RegionScope:
        """Give a region's view of the catalogue."""
        return RegionScope(self.engine, region)

    def alive(self) -> bool:
        """Tell whether the catalogue answers."""
        try:
            with reading(self.engine) as connection:
                connection.execute(text("SELECT 1 FROM arrival LIMIT 1"))
        except CatalogError:
            return False
        return True

    @contextmanager
    def uploading(self, region: str) -> Iterator[None]:
        """Count an upload while it is under way; called on the event loop only.

        Raises:
            PaceError: The region sends as many at once as it may.
        """
        if self.under_way[region] >= self.settings.uploads:
            raise PaceError
        self.under_way[region] += 1
        try:
            yield
        finally:
            self.under_way[region] -= 1


@contextmanager
def open_hall(settings: IntakeSettings, log: FilteringBoundLogger) -> Iterator[Hall]:
    """Open the catalogue and the arrivals; close them at the end."""
    engine = connect(settings.catalogue_url.get_secret_value())
    credentials = Credentials(
        settings.s3_access_key.get_secret_value(), settings.s3_secret_key.get_secret_value()
    )
    store = MinioStore(
        settings.s3_endpoint, credentials, settings.arrivals_bucket, secure=settings.s3_secure
    )
    try:
        yield Hall(
            engine=engine,
            arrivals=store,
            settings=settings,
            pace=Pace(settings.requests_a_second, settings.burst),
            uploads=CapacityLimiter(settings.uploads_in_all),
            log=log,
        )
    finally:
        engine.dispose()


def get_hall(request: Request) -> Hall:
    """Return the open hall of this application."""
    hall: Hall = request.app.state.hall
    return hall


OpenHall = Annotated[Hall, Depends(get_hall)]
