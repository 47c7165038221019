"""What checks and publishes what regions delivered, put together from its own settings."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from catalog import database
from catalog.minio_store import MinioStore
from catalog.objects import Credentials, ObjectStore
from flows.settings import ArrivalSettings


@dataclass(frozen=True, repr=False)
class ArrivalParts:
    """The checking part, wired; it holds no key of anybody's, and no credential of a region."""

    catalogue: Engine
    arrivals: ObjectStore
    clean: ObjectStore
    profile: str


def wire_arrivals(settings: ArrivalSettings) -> ArrivalParts:
    """Build the parts."""
    store = partial(
        MinioStore,
        settings.s3_endpoint,
        Credentials(settings.s3_access_key, settings.s3_secret_key.get_secret_value()),
        secure=settings.s3_secure,
    )
    return ArrivalParts(
        catalogue=database.connect(settings.catalogue_url.get_secret_value()),
        arrivals=store(settings.arrivals_bucket),
        clean=store(settings.clean_bucket),
        profile=settings.profile,
    )
