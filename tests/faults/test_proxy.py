"""The fault proxy and the judges with the real operator: without a fault all is well, and a fault strikes."""

from faults.arena import Arena
from faults.calls import Point
from faults.vocabulary import POST, WRITE_2, Kind


def test_an_operator_works_through_the_proxies(arena: Arena) -> None:
    """A registration is created and deleted; the judges find nothing, and every write is in the journal."""
    with arena.operator():
        made = arena.stage.registered()
        made.delete()
        made.wait_gone()

    arena.judge()
    assert [call.status for call in arena.journal.calls() if POST(call)] == [201]
    assert sum(WRITE_2(call) for call in arena.journal.calls()) == 2


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
