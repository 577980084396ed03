"""Pauses after failures."""

from hypothesis import given
from hypothesis import strategies as st

from runai_registrar.engine.backoff import LONGEST_PAUSE, REFUSED_PAUSE, pause


@given(st.integers(1, 10_000))
def test_a_pause_is_between_a_second_and_five_minutes(failures: int) -> None:
    """Doubling from one second, never more than five minutes, jittered by a quarter at most."""
    longest = min(300.0, 2.0 ** min(failures - 1, 9))

    assert 0.75 * longest <= pause(failures) <= longest


def test_many_do_not_come_back_at_once() -> None:
    """Pauses of the same length differ."""
    assert len({pause(5) for _ in range(20)}) > 1


def test_a_refusal_waits_longest() -> None:
    """What was refused is asked again after the longest pause, or nearly so."""
    assert pause(REFUSED_PAUSE) >= 0.75 * 0.8 * LONGEST_PAUSE
