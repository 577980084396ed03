"""Moments, durations, and the inequality that keeps a cluster from being created twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runai_registrar.core.times import Stamp, Timing, seconds, utc


def test_the_older_verdict_wins() -> None:
    """Where the clocks differ, the one that says more counts: a suspended machine, a clock set forward."""
    then = Stamp(boot=100.0, wall=1000.0)

    assert then.age(Stamp(boot=107.0, wall=1007.0)) == 7.0
    assert then.age(Stamp(boot=160.0, wall=1007.0)) == 60.0
    assert then.age(Stamp(boot=107.0, wall=4600.0)) == 3600.0
    assert then.age(Stamp(boot=107.0, wall=10.0)) == 7.0


def test_order_is_by_the_clock_that_nobody_sets() -> None:
    """A wall clock that is set back makes nothing earlier."""
    first, then = Stamp(boot=100.0, wall=1000.0), Stamp(boot=101.0, wall=400.0)

    assert then.after(first)
    assert not first.after(then)
    assert not first.after(first)


def test_earlier_moves_both_clocks() -> None:
    """A moment some seconds before is so by either clock; a negative number of seconds is later."""
    now = Stamp(boot=100.0, wall=1000.0)

    assert now.earlier(7.0) == Stamp(boot=93.0, wall=993.0)
    assert now.earlier(7.0).age(now) == 7.0
    assert now.earlier(-7.0).after(now)


def test_the_defaults_are_safe() -> None:
    """60 s cover 10 s of freshness, 30 s of a POST and 15 s of list lag."""
    assert Timing().problem() is None
    assert Timing().window == 40.0


def test_just_enough_is_safe() -> None:
    """Settle may be exactly the sum of the other three."""
    assert Timing(settle=55.0).problem() is None


@pytest.mark.parametrize(
    "change",
    [{"settle": 54.9}, {"freshness": 15.1}, {"request_timeout": 35.1}, {"list_lag": 20.1}],
    ids=lambda change: next(iter(change)),
)
def test_settle_covers_the_others(change: dict[str, float]) -> None:
    """Times under which a list could be taken for proof too early are refused, with the numbers."""
    problem = replace(Timing(), **change).problem() or ""

    assert "could be created twice" in problem
    assert "Raise settle" in problem


@pytest.mark.parametrize(
    "change",
    [{"settle": 0.0}, {"freshness": 0.0}, {"request_timeout": -1.0}, {"list_lag": -0.1}],
    ids=["settle", "freshness", "request-timeout", "list-lag"],
)
def test_times_are_positive(change: dict[str, float]) -> None:
    """A time of nothing or less is refused; a list may show everything at once."""
    assert replace(Timing(), **change).problem() is not None


def test_unix_seconds_are_utc() -> None:
    """Moments in the control plane's clock are aware datetimes."""
    assert utc(0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_duration_may_be_left_out() -> None:
    """A duration is given in seconds, or by its default."""
    assert seconds(timedelta(minutes=5), 9.0) == 300.0
    assert seconds(None, 9.0) == 9.0
    assert seconds(timedelta(), 9.0) == 0.0
