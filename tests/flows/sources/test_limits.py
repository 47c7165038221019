"""The bandwidth that threads share, and the breaker, by a clock that is told."""

from threading import Thread

import pytest

from flows.sources.limits import Bandwidth, Breaker


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def bandwidth(clock, rate, burst=0.0):
    return Bandwidth(rate, burst_seconds=burst, clock=clock, sleep=clock.sleep)


def test_bytes_take_their_time(clock):
    shared = bandwidth(clock, 1000)
    for _ in range(10):
        shared.spend(500)
    assert clock.now == pytest.approx(105.0)


def test_an_idle_bucket_holds_one_burst_and_no_more(clock):
    shared = bandwidth(clock, 1000, burst=0.5)
    clock.now += 3600
    before = clock.now
    shared.spend(500)
    assert clock.now == before
    shared.spend(1000)
    assert clock.now == pytest.approx(before + 1.0)


def test_two_who_spend_at_once_wait_for_one_another(clock):
    waits = []
    shared = Bandwidth(1000, burst_seconds=0, clock=clock, sleep=waits.append)
    shared.spend(1000)
    shared.spend(1000)
    assert waits == [pytest.approx(1.0), pytest.approx(2.0)]


def test_no_limit_never_waits(clock):
    bandwidth(clock, 0).spend(10**12)
    assert clock.now == 100.0


def test_threads_lose_no_token(clock):
    waits = []
    shared = Bandwidth(1000, burst_seconds=0, clock=clock, sleep=waits.append)
    threads = [Thread(target=lambda: [shared.spend(1) for _ in range(500)]) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert max(waits) == pytest.approx(2.0)


def breaker(clock):
    return Breaker(slow_seconds=2, failures=3, rest_seconds=60, clock=clock)


def test_a_breaker_opens_after_failures_in_a_row_only(clock):
    one = breaker(clock)
    for _ in range(5):
        one.failed()
        one.failed()
        one.note(0.1)
    assert one.allows()
    one.failed()
    one.note(2.5)
    assert one.allows()
    one.note(9)
    assert not one.allows()


def test_after_its_rest_it_lets_one_through_and_a_good_answer_closes_it(clock):
    one = breaker(clock)
    for _ in range(3):
        one.failed()
    clock.now += 59.9
    assert not one.allows()
    clock.now += 0.2
    assert one.allows()
    assert not one.allows()
    one.note(0.1)
    assert one.allows()
    assert one.allows()


def test_a_bad_answer_after_the_rest_opens_it_again(clock):
    one = breaker(clock)
    for _ in range(3):
        one.failed()
    clock.now += 61
    assert one.allows()
    one.failed()
    clock.now += 59
    assert not one.allows()
    clock.now += 2
    assert one.allows()


def test_one_that_asked_and_was_lost_blocks_nobody_for_ever(clock):
    one = breaker(clock)
    for _ in range(3):
        one.failed()
    clock.now += 61
    assert one.allows()
    clock.now += 61
    assert one.allows()
