"""A night window is open when its administrator says so, through both changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from flows.exports.nights import Nights

SWEDEN = ZoneInfo("Europe/Stockholm")


def nights(opens: int = 20, closes: int = 5, blackout: tuple[date, ...] = ()) -> Nights:
    return Nights(SWEDEN, time(opens), time(closes), frozenset(blackout))


def local(*when: int) -> datetime:
    return datetime(*when, tzinfo=SWEDEN)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        (local(2026, 1, 10, 19, 59), None),
        (local(2026, 1, 10, 20), local(2026, 1, 11, 5)),
        (local(2026, 1, 11, 4, 59), local(2026, 1, 11, 5)),
        (local(2026, 1, 11, 5), None),
        (local(2026, 1, 11, 12), None),
    ],
)
def test_a_night_opens_and_closes(moment: datetime, closes: datetime | None) -> None:
    assert nights().closes_at(moment.astimezone(UTC)) == closes


def test_a_window_within_a_day() -> None:
    noon = nights(12, 14)
    assert noon.closes_at(local(2026, 1, 10, 13)) == local(2026, 1, 10, 14)
    assert noon.closes_at(local(2026, 1, 10, 15)) is None
    assert noon.opens_at(local(2026, 1, 10, 15)) == local(2026, 1, 11, 12)


@pytest.mark.parametrize(
    ("evening", "hours"),
    [(local(2026, 3, 28, 20), 8), (local(2026, 10, 24, 20), 10), (local(2026, 6, 1, 20), 9)],
)
def test_the_clock_changes_within_a_night(evening: datetime, hours: int) -> None:
    begun = evening.astimezone(UTC)
    closes = nights().closes_at(begun)
    assert closes is not None
    assert closes - begun == timedelta(hours=hours)
    assert closes.astimezone(SWEDEN).hour == 5


def test_a_blacked_out_day_has_no_open_minute() -> None:
    shut = nights(blackout=(date(2026, 12, 24),))
    assert shut.closes_at(local(2026, 12, 23, 22)) == local(2026, 12, 24)
    assert shut.closes_at(local(2026, 12, 24, 3)) is None
    assert shut.closes_at(local(2026, 12, 24, 21)) is None
    assert shut.closes_at(local(2026, 12, 25, 1)) == local(2026, 12, 25, 5)


def test_the_next_night_is_found() -> None:
    shut = nights(blackout=(date(2026, 12, 24),))
    assert shut.opens_at(local(2026, 12, 24, 3)) == local(2026, 12, 25)
    assert shut.opens_at(local(2026, 12, 25, 12)) == local(2026, 12, 25, 20)
    moment = local(2026, 12, 25, 21)
    assert shut.opens_at(moment) == moment
    never = nights(blackout=tuple(date(2026, 1, 1) + timedelta(n) for n in range(1000)))
    assert never.opens_at(local(2026, 1, 5)) is None
