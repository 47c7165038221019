"""Windows of days and seconds, and their halves."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.sources.network.question import suspicious
from flows.sources.network.window import Window

DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))


@given(DAYS, st.integers(0, 4000))
def test_halves_of_days_leave_no_day_out_and_share_none(first: date, days: int) -> None:
    window = Window(first, first + timedelta(days=days))
    halves = window.halves()
    assert halves is not None
    one, two = halves
    if not days:
        assert one.timed
        assert two.timed
        return
    assert (one.first, two.last) == (window.first, window.last)
    assert one.last + timedelta(days=1) == two.first


@given(st.integers(0, 86_398), st.data())
def test_halves_of_time_share_their_border(start: int, data: st.DataObject) -> None:
    end = data.draw(st.integers(start + 2, 86_400))
    one, two = Window(date(2026, 1, 1), date(2026, 1, 1), start, end).halves() or (None, None)
    assert one is not None
    assert two is not None
    assert (one.start, one.end, two.end) == (start, two.start, end)


def test_a_second_has_no_halves() -> None:
    assert Window(date(2026, 1, 1), date(2026, 1, 1), 5, 6).halves() is None


def test_keys_are_ranges_and_a_whole_day_has_no_time() -> None:
    day = date(2026, 1, 1)
    assert Window(day, day).keys() == {"StudyDate": "20260101"}
    assert Window(day, day, 0, 43_200).keys()["StudyTime"] == "000000-120000"
    assert Window(day, day, 43_200, 86_400).keys()["StudyTime"] == "120000-235959.999999"


def test_a_limit_is_round() -> None:
    assert [count for count in range(40, 310) if suspicious(count, None)] == [
        50, 64, 100, 128, 150, 200, 250, 256, 300,
    ]  # fmt: skip
    assert suspicious(33, 33)
    assert not suspicious(100, 0)
    assert not suspicious(100, 101)
