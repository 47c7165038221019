"""What a DICOMweb service's refusals mean, in words that an administrator can act on.

No URL is quoted: it holds UIDs and accession numbers. No body either.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from flows.errors import (
    FlowsError,
    NotOfferedError,
    SourceAwayError,
    SourceRefusedError,
    TruncatedError,
)

TOO_LARGE, NOT_OFFERED = 413, (405, 501)
#: PS3.18 Tables 8.5-1 and 10.4.3-1, RFC 9110 §15.
STATUSES: Mapping[int, str] = {
    400: "the service does not understand the request: does it support this kind of search?",
    401: "the service does not accept who we are: is the token or the certificate the right one, "
         "and still valid?",
    403: "the service forbids it: ask for rights to search and to retrieve for this client",
    404: "the service does not know this address: it must be the base before /studies",
    405: "the service does not offer this",
    406: "the service does not answer in the form that we take (DICOM JSON; objects as they are "
         "stored, transfer-syntax=*): ask its vendor",
    407: "a proxy in between wants credentials: none may be in between",
    408: "the service waited too long for our request",
    410: "the service says that this is gone",
    413: "the service finds the answer too large",
    414: "the service finds the request too long",
    429: "the service says that we ask too often: lower the number of connections here, or ask for "
         "a larger allowance there",
    500: "the service failed: its own log says why",
    501: "the service does not offer this",
    502: "a gateway before the service has no answer from it: is it running?",
    503: "the service is busy, or not ready",
    504: "a gateway before the service waited too long for it",
}  # fmt: skip
#: What may pass by itself.
PASSING = frozenset({408, 425, 429})
SERVER_FAILED = 500

ELSEWHERE = (
    "the service sends us to another host, where we do not go: enter the address that it sends to, "
    "if it is to be trusted"
)
ROUND_AND_ROUND = "the service sends us from one address to the next without end"
#: Seconds that are waited where a busy service does not say how long.
USUAL_WAIT = 5.0


def status_told(status: int) -> str:
    """Say what a failing status means, with its number."""
    other = "the service failed" if status >= SERVER_FAILED else "the service refuses"
    return f"{STATUSES.get(status, other)} (status {status})"


def status_error(status: int) -> FlowsError:
    """Give the error of a failing status."""
    told = status_told(status)
    if status in NOT_OFFERED:
        return NotOfferedError(told)
    if status == TOO_LARGE:
        return TruncatedError(told)
    if status in PASSING or status >= SERVER_FAILED:
        return SourceAwayError(told)
    return SourceRefusedError(told)


def transport_error(error: httpx.HTTPError) -> FlowsError:
    """Say at which step a connection failed."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or "not valid"
            return SourceRefusedError(f"the service's certificate is not accepted: {why}")
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            why = (cause.reason or "no reason given").lower().replace("_", " ")
            told = f"TLS fails ({why}): does the service speak it here, and accept our certificate?"
            return SourceRefusedError(told)
        if isinstance(cause, socket.gaierror):
            told = "the service's host name is not known here: check it and the name server"
            return SourceAwayError(told)
        if isinstance(cause, ConnectionRefusedError):
            return SourceAwayError("nothing listens on the service's port: is it the right one?")
    return SourceAwayError(broken_told(error))


def broken_told(error: httpx.HTTPError) -> str:
    """Say how a connection ended that was no refusal."""
    if isinstance(error, httpx.ConnectTimeout):
        return "the service's address does not answer: a firewall may be in between"
    if isinstance(error, httpx.TimeoutException):
        return "the service fell silent"
    if isinstance(error, httpx.ConnectError):
        return "the service's address cannot be reached from here"
    return "the service broke the connection off"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def retry_after(told: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """Give the seconds that a busy service wants us to wait: a number, or a date (RFC 9110)."""
    if told.strip().isdigit():
        return float(told.strip()[:9])
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return USUAL_WAIT
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now()).total_seconds())
