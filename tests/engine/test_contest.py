"""Two operators that see different things do not write over each other's status for ever."""

from core.situations import ago, condition, registered
from runai_registrar.core.times import Stamp
from runai_registrar.engine.contest import LONGEST, Contest
from runai_registrar.resources import RegistrationStatus

NOW = ago(0)


def said(message: str, status: RegistrationStatus | None = None) -> RegistrationStatus:
    """A status that says this."""
    ready = condition("Ready", "False", "NameTaken", message)
    return (status or RegistrationStatus()).model_copy(update={"conditions": (ready,)})


def later(seconds: float) -> Stamp:
    """A moment from now."""
    return NOW.earlier(-seconds)


def test_what_is_new_is_written_at_once() -> None:
    """Each new thing to say is said at once, however often there is one."""
    contest = Contest()
    pauses = [contest.pause(said("theirs"), said(f"ours {number}"), NOW) for number in range(10)]

    assert pauses == [0.0] * 10


def test_who_is_written_over_gives_way() -> None:
    """The same again is written at once the first time, then after longer and longer pauses, of 30 s at most."""
    contest, now, pauses = Contest(), 0.0, []
    for _ in range(8):
        while wait := contest.pause(said("theirs"), said("ours"), later(now)):
            pauses.append(wait)
            now += wait + 0.001  # no rounding decides

    assert len(pauses) == 6
    assert 1.0 <= pauses[0] <= 2.0
    assert pauses[-1] == LONGEST


def test_an_event_in_between_shortens_no_pause() -> None:
    """The other one's write wakes the registration: what is left of the pause is still kept."""
    contest = Contest()
    for _ in range(2):
        assert contest.pause(said("theirs"), said("ours"), NOW) == 0.0
    wait = contest.pause(said("theirs"), said("ours"), NOW)

    assert 0.0 < contest.pause(said("theirs"), said("ours"), later(wait / 2)) < wait
    assert contest.pause(said("theirs"), said("ours"), later(wait)) == 0.0


def test_a_title_does_not_wait() -> None:
    """A uuid that somebody has wiped from the status is written back at once, every time."""
    contest, ours = Contest(), said("ours", registered())

    assert [contest.pause(said("theirs"), ours, NOW) for _ in range(10)] == [0.0] * 10
