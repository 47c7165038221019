"""How much a plan would move, before anything moves: asked of the source, and reckoned."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from flows.exports.asking import NOT_ONLINE, UNKNOWN, Asked
from flows.exports.content import Content
from flows.exports.windows import following
from flows.sources.source import Stop

#: Objects of a study whose source says nothing: two breasts in two views.
USUAL_INSTANCES = 4
#: Bytes of an object as long as the region has fetched none: a detector's image, compressed.
USUAL_BYTES = 12_000_000
_USUAL_RATE = 20_000_000  # bytes a second without a limit, cautiously


@dataclass(frozen=True)
class Preview:
    """What a plan would bring.

    Attributes:
        days: First and last study date asked for.
        skipped: Studies that are not online, and that the source's settings leave there.
        unknown: Studies of which nobody can tell whether they are screening or clinical.
        instances: As the source says, and reckoned where it does not.
        reckoned: Studies of which it does not.
        seconds: Of fetching alone, at the limits given.
        nights: At the caps given, at least one.
        by_month: Studies by year and month.
    """

    days: tuple[date, date] | None
    studies: int
    skipped: int
    unknown: int
    instances: int
    reckoned: int
    bytes: int
    seconds: float
    nights: int
    by_month: dict[str, int]


def preview(
    asked: Asked,
    content: Content,
    stop: Stop,
    today: date,
    *,
    bytes_per_second: int = 0,
    usual_bytes: int = USUAL_BYTES,
) -> Preview:
    """Ask a source for all that a plan selects, and reckon what it would cost.

    Args:
        asked: The selection and its source.
        content: The whole plan.
        stop: Tells whether to go on asking.
        today: The local date.
        bytes_per_second: The source's limit; 0 is without.
        usual_bytes: Of an object.

    Raises:
        SourceError: The source refuses, or holds answers back.
        RetriableError: It does not answer now, or we were told to stop.
    """
    stretches = list(following(content, (), today))
    seen: set[str] = set()
    months: Counter[str] = Counter()
    skipped = unknown = reckoned = instances = 0
    for stretch in stretches:
        for study in asked.studies(stretch, stop):
            if study.study_uid in seen:
                continue
            seen.add(study.study_uid)
            if why := asked.announce(study).why:
                skipped += why == NOT_ONLINE
                unknown += why == UNKNOWN
                continue
            reckoned += study.instances is None
            instances += USUAL_INSTANCES if study.instances is None else study.instances
            months[f"{study.study_date:%Y-%m}" if study.study_date else "unknown"] += 1
    size = instances * usual_bytes
    seconds = size / (bytes_per_second or _USUAL_RATE)
    days = (stretches[0][0], stretches[-1][1]) if stretches else None
    studies = len(seen) - skipped - unknown
    return Preview(
        days=days,
        studies=studies,
        skipped=skipped,
        unknown=unknown,
        instances=instances,
        reckoned=reckoned,
        bytes=size,
        seconds=seconds,
        nights=_nights(content, studies, size, seconds),
        by_month=dict(sorted(months.items())),
    )


def _nights(content: Content, studies: int, size: int, seconds: float) -> int:
    schedule, limits = content.schedule, content.limits
    opens, closes = (
        timedelta(hours=it.hour, minutes=it.minute) for it in (schedule.opens, schedule.closes)
    )
    night = ((closes - opens) % timedelta(1)) or timedelta(1)
    needed = [seconds / night.total_seconds()]
    if limits.studies_per_night:
        needed.append(studies / limits.studies_per_night)
    if limits.bytes_per_night:
        needed.append(size / limits.bytes_per_night)
    return max(1, *(-int(-it // 1) for it in needed))
