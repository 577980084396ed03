"""The fault proxy and the judges with the real operator: without a fault all is well, and a fault strikes."""

import json

from faults.arena import Arena
from faults.calls import Call, Point
from faults.vocabulary import POST, WRITE_2, Kind


def ready_message(call: Call) -> str:
    """What a status write says in the condition Ready."""
    status = next(step["value"] for step in json.loads(call.body) if step["path"] == "/status")
    return next(str(each["message"]) for each in status["conditions"] if each["type"] == "Ready")


def test_an_operator_works_through_the_proxies(arena: Arena) -> None:
    """A registration is created and deleted; the judges find nothing, and every write is in the journal."""
    with arena.operator():
        made = arena.stage.registered()
        made.delete()
        made.wait_gone()

    arena.judge()
    assert [call.status for call in arena.journal.calls() if POST(call)] == [201]
    said = [ready_message(call) for call in arena.journal.calls() if WRITE_2(call)]
    assert len(said) in {2, 3}, "registered, being deleted, and perhaps gone but not yet for sure"
    assert len(set(said)) == len(said)


def test_a_strike_ends_the_operator_at_its_point(arena: Arena) -> None:
    """An operator that is killed when its POST was carried out leaves a cluster that the next one finds again."""
    operator = arena.operator()
    with operator:
        kill = operator.process.kill
        struck = arena.outside.fault(Kind.STRIKE, POST, point=Point.AFTER_COMMIT, act=kill)
        made = arena.stage.register()
        struck.wait_reached()
        operator.process.wait()
    with arena.operator():
        made.wait_ready()

    arena.judge()
    assert made.status["origin"] == "Recovered"
