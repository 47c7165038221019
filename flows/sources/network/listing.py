"""List a study's objects: C-FIND at SERIES level, then at IMAGE level for each series.

The levels are gone through one by one, PS3.4 §C.4.1.2.1: a PACS need not answer otherwise.
"""

from functools import partial

from flows.errors import TruncatedError
from flows.sources.network.finding import series_of
from flows.sources.network.identifier import IMAGE_KEYS, SeriesRow, image_row, question
from flows.sources.network.peer import Peer, Watch
from flows.sources.network.question import Line, line
from flows.sources.source import FoundInstance, Stop


def instances_of(
    peer: Peer, study_uid: str, stop: Stop, watch: Watch | None
) -> tuple[FoundInstance, ...]:
    """List a study's objects; empty where the PACS has no such list.

    Raises:
        TruncatedError: The PACS holds some back.
        StoppedError: The list would not be whole.
    """
    with line(peer, stop, watch) as asked:
        found = [_of_series(asked, study_uid, row) for row in series_of(asked, study_uid)]
    if not all(found):
        # A series without objects is one whose list the PACS does not give.
        return ()
    return tuple({one.sop_uid: one for part in found for one in part}.values())


def _of_series(asked: Line, study_uid: str, series: SeriesRow) -> list[FoundInstance]:
    keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series.series_uid}
    read = partial(image_row, study_uid=study_uid, series_uid=series.series_uid)
    answers = asked.ask(question("IMAGE", IMAGE_KEYS, keys), read)
    if answers.held_back and len(answers.rows) != series.instances:
        raise TruncatedError(answers.held_back)
    return answers.rows
