"""Find the studies that are meant, whatever the PACS ignores, repeats or holds back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from flows.errors import SourceError, SourceRefusedError, TruncatedError
from flows.log import get
from flows.sources.network.identifier import (
    PURPOSE_KEYS,
    SERIES_KEYS,
    STUDY_KEYS,
    SeriesRow,
    StudyRow,
    question,
    series_row,
    study_row,
)
from flows.sources.network.peer import Peer, Watch
from flows.sources.network.question import Answers, Line, line
from flows.sources.network.window import Window, require_few
from flows.sources.source import FoundStudy, Query, Stop

#: Accession numbers that are asked for over one association, one question each: PS3.4 §C.2.2.2
#: lets no list be matched but one of UIDs.
PIECE = 50
#: Characters that would make an accession number a pattern or a list, PS3.4 §C.2.2.2.4.
SPECIAL = frozenset("*?\\")

WHAT_TO_DO = (
    "a day, or a moment of one, cannot be asked for in smaller pieces: ask for the limit of "
    "answers to be raised there, or enter the true limit here (0 for none)"
)
NO_TIME = (
    "the PACS holds answers of one day back, and does not divide the day by Study Time: "
    "ask for the limit of answers to be raised there, or enter the true limit here (0 for none)"
)
NO_MODALITY = "the PACS tells modalities neither of studies nor of series: none can be chosen"
NO_STATION = (
    "the PACS does not tell the stations of series: studies cannot be chosen by station; "
    "name screening_descriptions and clinical_descriptions in the plan"
)
NO_WINDOW = "give a window of dates or a list of accession numbers"
BAD_ACCESSION = "an accession number that was asked for holds *, ? or a backslash"


@dataclass
class Finding:
    """One search through a PACS.

    Attributes:
        seen: Study UIDs that were given already.
        questions: How many were asked for stretches of days and their halves.
        stations_told: Whether any study's stations were told; None if none was asked for.
    """

    peer: Peer
    query: Query
    stop: Stop
    watch: Watch | None = None
    seen: set[str] = field(default_factory=set)
    questions: int = 0
    stations_told: bool | None = None

    def studies(self) -> Iterator[FoundStudy]:
        """Give each study that is meant, once. Raises as `Source.find` does."""
        if self.query.accessions:
            yield from self._by_accession()
        elif self.query.dates is None:
            yield from self._of_one_answer({})
        else:
            first, last = self.query.dates
            for modality in self.query.modalities or ("",):
                yield from self._by_window(Window(first, last), modality)
        if self.stations_told is False:
            raise SourceRefusedError(NO_STATION)

    def _by_accession(self) -> Iterator[FoundStudy]:
        wanted = tuple(dict.fromkeys(self.query.accessions))
        if any(SPECIAL & set(accession) for accession in wanted):
            raise SourceError(BAD_ACCESSION)
        for at in range(0, len(wanted), PIECE):
            found = []
            with line(self.peer, self.stop, self.watch) as asked:
                for accession in wanted[at : at + PIECE]:
                    found += self._accession(asked, accession)
            yield from found

    def _accession(self, asked: Line, accession: str) -> list[FoundStudy]:
        keys = {"AccessionNumber": accession}
        answers = _ask(asked, keys, described=self.query.described)
        if answers.held_back:
            raise TruncatedError(answers.held_back)
        rows = [row for row in answers.rows if row.study.accession == accession]
        return self._meant(asked, rows)

    def _of_one_answer(self, keys: Mapping[str, str]) -> Iterator[FoundStudy]:
        """Ask for all there is, which only a small PACS answers whole."""
        with line(self.peer, self.stop, self.watch) as asked:
            answers = _ask(asked, keys, described=self.query.described)
            if answers.held_back:
                message = f"{answers.held_back}; {NO_WINDOW}"
                raise TruncatedError(message)
            found = self._meant(asked, answers.rows)
        yield from found

    def _by_window(self, window: Window, modality: str) -> Iterator[FoundStudy]:
        """Ask for a window, and for its halves where the answer may not be whole."""
        self.questions += 1
        require_few(self.questions)
        keys = window.keys() | ({"ModalitiesInStudy": modality} if modality else {})
        with line(self.peer, self.stop, self.watch) as asked:
            answers = _ask(asked, keys, described=self.query.described)
            found = self._meant(asked, answers.rows) if asked.is_open else []
        yield from found
        if not all(window.holds_time(row.time) for row in answers.rows):
            # It is a half of an answer that was not whole, and the PACS does not know halves.
            raise TruncatedError(NO_TIME)
        if not answers.held_back:
            return
        halves = window.halves()
        if halves is None:
            message = f"{answers.held_back}; {WHAT_TO_DO}"
            raise TruncatedError(message)
        if halves[0].timed and not all(row.time for row in answers.rows):
            raise TruncatedError(NO_TIME)
        for half in halves:
            yield from self._by_window(half, modality)

    def _meant(self, asked: Line, rows: list[StudyRow]) -> list[FoundStudy]:
        """Choose the rows that are meant, each study once: a PACS may ignore any key."""
        found: dict[str, FoundStudy] = {}
        for row in rows:
            study = row.study
            if study.study_uid in self.seen or not self._of_dates(study):
                continue
            before = found.get(study.study_uid, study)
            both = tuple(dict.fromkeys((*before.modalities, *study.modalities)))
            told = tuple(dict.fromkeys((*before.described, *study.described)))
            found[study.study_uid] = replace(before, modalities=both, described=told)
        chosen = [one for study in found.values() if (one := self._chosen(asked, study))]
        self.seen.update(found)
        return chosen

    def _of_dates(self, study: FoundStudy) -> bool:
        return self.query.dates is None or Window(*self.query.dates).holds(study.study_date)

    def _chosen(self, asked: Line, study: FoundStudy) -> FoundStudy | None:
        """Check modality and station, with its series where the study does not say."""
        wanted = {modality.upper() for modality in self.query.modalities}
        if not self.query.stations and (not wanted or study.modalities):
            return study if not wanted or wanted & set(study.modalities) else None
        if study.modalities and wanted and not wanted & set(study.modalities):
            return None
        series = series_of(asked, study.study_uid)
        modalities = study.modalities or tuple(
            dict.fromkeys(row.modality for row in series if row.modality)
        )
        if wanted and not modalities:
            raise SourceRefusedError(NO_MODALITY)
        if wanted and not wanted & set(modalities):
            return None
        counts = [row.instances for row in series]
        known = sum(count or 0 for count in counts) if counts and None not in counts else None
        instances = study.instances if study.instances is not None else known
        study = replace(study, modalities=modalities, instances=instances)
        return study if self._of_stations(series) else None

    def _of_stations(self, series: list[SeriesRow]) -> bool:
        if not self.query.stations:
            return True
        told = frozenset[str]().union(*(row.stations for row in series))
        self.stations_told = bool(told) or bool(self.stations_told)
        return bool(told & {station.casefold() for station in self.query.stations})


def _ask(asked: Line, keys: Mapping[str, str], *, described: bool) -> Answers[StudyRow]:
    """Ask at STUDY level; an answer that names no study cannot be fetched, and is counted."""
    wanted = (*STUDY_KEYS, *PURPOSE_KEYS) if described else STUDY_KEYS
    answers = asked.ask(question("STUDY", wanted, keys), study_row)
    if answers.left_out:
        get().warning("answers of the PACS name no study", count=answers.left_out)
    return answers


def series_of(asked: Line, study_uid: str) -> list[SeriesRow]:
    """List a study's series, each once.

    Raises:
        TruncatedError: The PACS holds some back.
    """
    read = partial(series_row, study_uid=study_uid)
    answers = asked.ask(question("SERIES", SERIES_KEYS, {"StudyInstanceUID": study_uid}), read)
    rows = {row.series_uid: row for row in answers.rows}
    if answers.held_back:
        raise TruncatedError(answers.held_back)
    return list(rows.values())
