"""The door's world, for programs that speak to it."""

from tests.access_api.conftest import bearer, issuer, world
from tests.access_api.test_manifests import door

__all__ = ["bearer", "door", "issuer", "world"]
