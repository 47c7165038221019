"""Find the studies that are meant, and list their objects, with QIDO-RS (PS3.18 §10.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote

from flows.errors import NotOfferedError, SourceError, SourceRefusedError, TruncatedError
from flows.sources.network.identifier import SeriesRow, StudyRow
from flows.sources.network.window import Window, require_few
from flows.sources.source import FoundInstance, FoundStudy, Query, Stop
from flows.sources.web.asking import Asker, Keys
from flows.sources.web.rows import (
    PURPOSE_FIELDS,
    SERIES_FIELDS,
    STUDY_FIELDS,
    instance_row,
    series_row,
    study_row,
)
from flows.sources.web.searching import Found, Question, search, whole

#: Characters that would make an accession number a pattern or a list, PS3.18 §8.3.4.1.
SPECIAL = frozenset("*?\\,")

WHAT_TO_DO = (
    "a day, or a moment of one, cannot be asked for in smaller pieces: "
    "ask for the limit of answers to be raised there"
)
NO_TIME = (
    "the service holds answers of one day back, and does not divide the day by Study Time: "
    "ask for the limit of answers to be raised there"
)
NO_MODALITY = "the service tells modalities neither of studies nor of series: none can be chosen"
NO_STATION = (
    "the service does not tell the stations of series: studies cannot be chosen by station; "
    "name screening_descriptions and clinical_descriptions in the plan"
)
BAD_ACCESSION = "an accession number that was asked for holds *, ?, a comma or a backslash"


@dataclass
class Finding:
    """One search through a service.

    Attributes:
        seen: Study UIDs that were given already.
        questions: How many were asked for stretches of days and their halves.
        silent: Whether there were studies without any station, and `told` whether others have one.
    """

    asker: Asker
    query: Query
    stop: Stop
    seen: set[str] = field(default_factory=set)
    questions: int = 0
    silent: bool = False
    told: bool = False

    def studies(self) -> Iterator[FoundStudy]:
        """Give each study that is meant, once. Raises as `Source.find` does.

        Where stations are chosen, a study that has none is left out, unless none has one: then
        the service does not tell.
        """
        yield from self._studies()
        if self.silent and not self.told:
            raise SourceRefusedError(NO_STATION)

    def _studies(self) -> Iterator[FoundStudy]:
        if self.query.accessions:
            yield from self._by_accession()
        elif self.query.dates is None:
            yield from self._meant(whole(self._ask({})))
        else:
            first, last = self.query.dates
            for modality in self.query.modalities or ("",):
                yield from self._by_window(Window(first, last), modality)

    def _by_accession(self) -> Iterator[FoundStudy]:
        wanted = tuple(dict.fromkeys(self.query.accessions))
        if any(SPECIAL & set(accession) for accession in wanted):
            raise SourceError(BAD_ACCESSION)
        for accession in wanted:
            rows = whole(self._ask({"AccessionNumber": accession}))
            yield from self._meant([row for row in rows if row.study.accession == accession])

    def _by_window(self, window: Window, modality: str) -> Iterator[FoundStudy]:
        """Ask for a window, and for its halves where the answer may not be whole."""
        self.questions += 1
        require_few(self.questions)
        keys = window.keys() | ({"ModalitiesInStudy": modality} if modality else {})
        try:
            answers = self._ask(keys)
        except TruncatedError as error:
            answers = Found(held_back=str(error))
        rows = list(answers.rows.values())
        yield from self._meant(rows)
        if not all(window.holds_time(row.time) for row in rows):
            # It is a half of an answer that was not whole, and the service does not know halves.
            raise TruncatedError(NO_TIME)
        if not answers.held_back:
            return
        halves = window.halves()
        if halves is None:
            message = f"{answers.held_back}; {WHAT_TO_DO}"
            raise TruncatedError(message)
        if halves[0].timed and not all(row.time for row in rows):
            raise TruncatedError(NO_TIME)
        for half in halves:
            yield from self._by_window(half, modality)

    def _ask(self, keys: Keys) -> Found[StudyRow]:
        more = PURPOSE_FIELDS if self.query.described else ()
        fields = {"includefield": (*STUDY_FIELDS, *more)}
        question = Question("/studies", {**keys, **fields}, study_row, _study_uid)
        return search(self.asker, question, self.stop)

    def _meant(self, rows: list[StudyRow]) -> Iterator[FoundStudy]:
        """Choose the rows that are meant, each study once: a service may ignore any key."""
        dates = self.query.dates
        for row in rows:
            study = row.study
            if study.study_uid in self.seen:
                continue
            if dates is not None and not Window(*dates).holds(study.study_date):
                continue
            self.seen.add(study.study_uid)
            if (chosen := self._chosen(study)) is not None:
                yield chosen

    def _chosen(self, study: FoundStudy) -> FoundStudy | None:
        """Check modality and station, with its series where the study does not say."""
        wanted = {modality.upper() for modality in self.query.modalities}
        if study.modalities and wanted and not wanted & set(study.modalities):
            return None
        if not self.query.stations and (not wanted or study.modalities):
            return study
        series = series_of(self.asker, study.study_uid, self.stop)
        told = tuple(dict.fromkeys(row.modality for row in series if row.modality))
        modalities = study.modalities or told
        if wanted and not modalities:
            raise SourceRefusedError(NO_MODALITY)
        if wanted and not wanted & set(modalities):
            return None
        study = replace(study, modalities=modalities)
        return study if self._of_stations(series) else None

    def _of_stations(self, series: list[SeriesRow]) -> bool:
        if not self.query.stations:
            return True
        told = frozenset[str]().union(*(row.stations for row in series))
        self.silent, self.told = self.silent or not told, self.told or bool(told)
        return bool(told & {station.casefold() for station in self.query.stations})


def series_of(asker: Asker, study_uid: str, stop: Stop) -> list[SeriesRow]:
    """List a study's series, each once. Raises as `search`, or if some are held back."""
    read = partial(series_row, study_uid=study_uid)
    path = f"/studies/{quote(study_uid, safe='')}/series"
    keys = {"includefield": SERIES_FIELDS}
    return whole(search(asker, Question(path, keys, read, _series_uid), stop))


def instances_of(asker: Asker, study_uid: str, stop: Stop) -> tuple[FoundInstance, ...]:
    """List a study's objects; empty where the service has no such list.

    All at once, or series by series where the service does not search so, or does not say of
    which series an object is.

    Raises:
        TruncatedError: The service holds some back.
        StoppedError: The list would not be whole.
    """
    path = f"/studies/{quote(study_uid, safe='')}/instances"
    read = partial(instance_row, study_uid=study_uid)
    try:
        found = whole(search(asker, Question(path, {}, read, _sop_uid), stop))
    except (NotOfferedError, SourceRefusedError):
        found = []
    if found and all(one.series_uid for one in found):
        return tuple(found)
    by_series = [
        _of_series(asker, study_uid, one, stop) for one in series_of(asker, study_uid, stop)
    ]
    if not all(by_series):
        # A series without objects is one whose list the service does not give.
        return ()
    return tuple({one.sop_uid: one for part in by_series for one in part}.values())


def _of_series(asker: Asker, study_uid: str, row: SeriesRow, stop: Stop) -> list[FoundInstance]:
    study, series = quote(study_uid, safe=""), quote(row.series_uid, safe="")
    read = partial(instance_row, study_uid=study_uid, series_uid=row.series_uid)
    path = f"/studies/{study}/series/{series}/instances"
    return whole(search(asker, Question(path, {}, read, _sop_uid), stop))


def _study_uid(row: StudyRow) -> str:
    return row.study.study_uid


def _series_uid(row: SeriesRow) -> str:
    return row.series_uid


def _sop_uid(row: FoundInstance) -> str:
    return row.sop_uid
