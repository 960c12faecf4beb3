import pytest

from changai.web.rates import Rate
from support.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_limit_makes_wait(clock: Clock) -> None:
    rate = Rate([(2, 60.0), (3, 600.0)], clock)
    assert rate.wait("a") == 0
    rate.add("a")
    clock.now += 10
    assert rate.wait("a") == 0
    rate.add("a")
    # The second within a minute, of which 10 seconds are over.
    assert rate.wait("a") == 50
    assert rate.wait("b") == 0
    clock.now += 49.5
    assert rate.wait("a") == 1
    clock.now += 0.5
    assert rate.wait("a") == 0
    rate.add("a")
    # The third within ten minutes, of which one is over: longer than the other limit makes wait.
    assert rate.wait("a") == 540
    clock.now += 540
    assert rate.wait("a") == 0


@pytest.mark.slow
def test_what_is_long_ago_is_forgotten(clock: Clock) -> None:
    rate = Rate([(2, 60.0)], clock)
    for number in range(50_001):
        rate.add(str(number))
    assert len(rate) == 50_000
    clock.now += 60
    rate.add("a")
    assert len(rate) == 1
