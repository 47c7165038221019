"""Retrieve a study, or some of its objects, with WADO-RS (PS3.18 §10.4), as they are stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from flows.errors import FlowsError, NotOfferedError, SourceRefusedError, StoppedError
from flows.sources.source import Ended, FoundInstance, Stop
from flows.sources.web.arriving import Arrivals
from flows.sources.web.asking import STOPPED, Asker
from flows.sources.web.multipart import MULTIPART, MalformedError, media_type, parts
from flows.sources.web.telling import status_error, status_told
from flows.sources.web.unpacking import BrokenOffError, body

DICOM = "application/dicom"
#: As stored: the service never transcodes for us, PS3.18 §8.7.3.5.2.
ACCEPT = f'{MULTIPART}; type="{DICOM}"; transfer-syntax=*'
#: More parts than this are no study.
MOST_PARTS = 100_000
OK, PARTIAL_CONTENT = 200, 206
GONE = frozenset({404, 410})
#: What may be of one study only, once another one came.
PARTICULAR = frozenset({403, 406})

NO_DICOM = (
    "the service answers with something other than DICOM objects: is the address that of its "
    "DICOMweb interface, and does a login page stand before it?"
)
NO_LENGTH = "the service does not say where an object ends"
OTHER_PART = "the service sent something among the objects that is none"
ENDLESS = "the service sends objects without end"
NOTHING = "the service sent nothing"
LACKS = "the service sent only a part of what was asked for"


@dataclass
class Retrieved:
    """How a retrieval ended; the arrivals count its objects."""

    ended: Ended = Ended.COMPLETE
    told: str = ""

    def worse(self, ended: Ended, told: str) -> None:
        """Take note of an end that was not complete; the first one is told."""
        if self.ended is Ended.COMPLETE:
            self.ended, self.told = ended, told


@dataclass
class Retrieval:
    """One retrieval.

    Attributes:
        trusted: Whether the service gave us an object before: then what it refuses is refused of
            this study alone, and no reason to leave all others.
    """

    asker: Asker
    study_uid: str
    arrivals: Arrivals
    stop: Stop
    trusted: bool = False

    def all(self) -> Retrieved:
        """Retrieve the whole study. Raises as `Source.fetch` does."""
        return self._concluded(self._one(f"/studies/{quote(self.study_uid, safe='')}"))

    def only(self, wanted: tuple[FoundInstance, ...]) -> Retrieved:
        """Retrieve objects one by one. Raises as `Source.fetch` does."""
        total = Retrieved()
        for instance in wanted:
            if self.stop.reason():
                total.worse(Ended.STOPPED, STOPPED)
                break
            names = (self.study_uid, instance.series_uid, instance.sop_uid)
            study, series, sop = (quote(name, safe="") for name in names)
            one = self._one(f"/studies/{study}/series/{series}/instances/{sop}")
            if one.ended is Ended.REFUSED:
                self.arrivals.refuse(one.told)
            elif one.ended is not Ended.COMPLETE:
                total.worse(one.ended, one.told)
                break
        return self._concluded(total)

    def _concluded(self, found: Retrieved) -> Retrieved:
        """Say how it ended in all, by what came."""
        came, lacks = self.arrivals.stored, self.arrivals.failed
        if found.ended in {Ended.COMPLETE, Ended.PARTIAL} and lacks:
            found.ended, found.told = Ended.PARTIAL, self.arrivals.why
        if found.ended is Ended.PARTIAL and not came:
            found.ended = Ended.REFUSED
        if found.ended is Ended.COMPLETE and not came:
            found.ended, found.told = Ended.REFUSED, NOTHING
        return found

    def _one(self, path: str) -> Retrieved:
        """Ask for one resource, and take in what comes."""
        found = Retrieved()
        try:
            with self.asker.answer(path, {}, ACCEPT, self.stop) as response:
                if response.status_code not in {OK, PARTIAL_CONTENT}:
                    return self._refused(response.status_code)
                if response.status_code == PARTIAL_CONTENT:
                    found.worse(Ended.PARTIAL, LACKS)
                self._take(response, found)
        except BrokenOffError as error:
            found.worse(error.ended, error.told)
        except MalformedError as error:
            found.worse(Ended.ABORTED, f"the service broke off: {error}")
        except StoppedError:
            found.worse(Ended.STOPPED, STOPPED)
        return found

    def _refused(self, status: int) -> Retrieved:
        """Tell a refusal of this study from one of all.

        Raises:
            SourceRefusedError: It is one of all.
            SourceAwayError: It may pass.
        """
        error: FlowsError = status_error(status)
        if isinstance(error, NotOfferedError):
            raise error
        known = self.trusted or self.arrivals.stored
        systemic = isinstance(error, SourceRefusedError) and status not in GONE
        if systemic and not (known and status in PARTICULAR):
            raise error
        if status in GONE or status in PARTICULAR:
            told = "the service does not have it (any more)" if status in GONE else ""
            return Retrieved(Ended.REFUSED, told or status_told(status))
        raise error

    def _take(self, response: httpx.Response, found: Retrieved) -> None:
        kind, boundary = media_type(response.headers.get("content-type", ""))
        blocks = body(response, self.asker.service.answer)
        if kind == DICOM:
            self._take_single(response, blocks)
            return
        if kind != MULTIPART:
            raise SourceRefusedError(NO_DICOM)
        for number, part in enumerate(parts(blocks, boundary)):
            if self.stop.reason():
                found.worse(Ended.STOPPED, STOPPED)
                return
            if number >= MOST_PARTS:
                raise BrokenOffError(Ended.ABORTED, ENDLESS)
            if part.kind in {"", DICOM}:
                self.arrivals.take(part.blocks, part.length)
            else:
                self.arrivals.refuse(OTHER_PART)

    def _take_single(self, response: httpx.Response, blocks: Iterator[bytes]) -> None:
        """Take an answer that is one object: whole only if its end is said beforehand."""
        headers = response.headers
        if "content-length" not in headers and "transfer-encoding" not in headers:
            self.arrivals.refuse(NO_LENGTH)
            return
        self.arrivals.take(blocks, None)
