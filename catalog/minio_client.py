"""How an S3 server is asked: over which connections, how patiently, and how often again."""

from typing import Final

from minio import Minio
from urllib3 import PoolManager, Retry, Timeout

from catalog.objects import Credentials

_SERVER_TROUBLE: Final = (500, 502, 503, 504)
_REGION: Final = "us-east-1"  # named, so that the client need not ask for it


def client_of(endpoint: str, who: Credentials, *, secure: bool, timeout: float = 60.0) -> Minio:
    """Give a client that asks again up to three times, and waits `timeout` seconds for a byte."""
    pool = PoolManager(
        timeout=Timeout(connect=3.0, read=timeout),
        retries=Retry(total=3, backoff_factor=0.2, status_forcelist=_SERVER_TROUBLE),
        maxsize=16,
    )
    return Minio(
        endpoint,
        access_key=who.access_key,
        secret_key=who.secret_key,
        region=_REGION,
        secure=secure,
        http_client=pool,
    )
