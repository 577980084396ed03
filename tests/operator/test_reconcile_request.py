"""`reconcile-requested-at`: a look at once, whatever is waited for, and an acknowledgement that it was made."""

from itertools import count

import pytest

from kube import Object
from operators import until
from stage import RECONCILE, Registration, Stage, conditions

pytestmark = pytest.mark.usefixtures("operator")

POST = "create_cluster"
MOST = 1024
"""Characters of a request that the acknowledgement repeats."""

ABSURD = ("x" * 200_000, "\x01\x1b[31m\n\r\t\x7f\u202e", "\U0001f600" * 2000, "", "never", "2026-11-24T12:00:00Z" * 60)
"""Too long, full of control characters, four bytes each, empty, no time at all, and cut in the middle."""


def request(made: Registration, value: str) -> Object:
    """Ask for a look; the object as soon as that is acknowledged."""
    made.annotate({RECONCILE: value})
    return acknowledged(made, value)


def acknowledged(made: Registration, value: str) -> Object:
    """The object as soon as a request is acknowledged."""
    return made.wait(lambda seen: seen["status"].get("lastHandledReconcileAt") == value[:MOST], "acknowledged")


def test_a_refusal_is_tried_again_at_once(stage: Stage) -> None:
    """After a refusal, which is tried again by itself in minutes only, a request brings a new try, each time."""
    stage.admin.fault("refuse", operation=POST, status=400, times=2)
    made = stage.register()
    made.wait_for("RejectedByControlPlane")
    assert len(stage.calls(POST)) == 1

    again = request(made, "2026-11-24T12:00:00Z")
    assert len(stage.calls(POST)) == 2
    assert conditions(again)["Ready"] == ("False", "RejectedByControlPlane")

    request(made, "2026-11-24T12:00:01Z")
    made.wait_for("Registered")
    assert stage.changes() == {POST: 1}


def test_a_deletion_that_failed_is_tried_again_at_once(stage: Stage) -> None:
    """A request ends the pause after a DELETE that was refused, too."""
    made = stage.registered(listed=True, deletion={"force": True})
    stage.admin.fault("refuse", operation="delete_cluster", status=403)
    made.delete()
    made.wait_for("DeletionBlocked")

    made.annotate({RECONCILE: "the right was granted"})
    stage.admin.advance(60)
    made.wait_gone()
    assert stage.admin.clusters() == []


def test_a_control_plane_that_was_away_is_asked_at_once(stage: Stage) -> None:
    """A request is acknowledged by a look that fails as well, and the next one finds the control plane again."""
    made = stage.registered()
    stage.control_plane.change(pollInterval="1h")
    stage.wait_polls(1)
    stage.simulator.down()
    assert conditions(request(made, "first"))["Ready"] == ("True", "Registered")

    stage.simulator.up()
    stage.admin.set_state(made.status["uuid"], "Connected")
    assert conditions(request(made, "second"))["Connected"] == ("True", "Connected")


def test_a_suspended_registration_acknowledges(stage: Stage) -> None:
    """A request changes nothing for a registration, or a control plane, that is suspended, and is acknowledged."""
    made = stage.register(suspend=True)
    made.wait_for("Suspended")
    request(made, "registration")
    stage.control_plane.change(suspend=True)
    calls = stage.moment()
    assert conditions(request(made, "control plane"))["Ready"] == ("False", "Suspended")

    assert stage.changes() == {}
    assert stage.moment() == calls


def test_asking_all_the_time_holds_up_nothing(stage: Stage) -> None:
    """Requests that come faster than lists are answered keep a registration from nothing; the last one is handled."""
    made, numbers = stage.registered(listed=True), count()
    stage.admin.settings(latency=0.3)
    made.change(clusterName="GPU West")

    def asked() -> bool:
        """Ask once more; whether the cluster was renamed all the same."""
        made.annotate({RECONCILE: str(next(numbers))})
        return made.cluster.name == "GPU West"

    until(asked, "the new name")
    request(made, "last")
    assert stage.changes() == {POST: 1, "updateCluster": 1}


def test_any_value_will_do(stage: Stage) -> None:
    """The value is only compared and repeated, cut to what a status may hold: no text does any harm."""
    made = {value: stage.register() for value in ABSURD}
    for value, each in made.items():
        each.wait_ready()
        each.annotate({RECONCILE: value})
    for value, each in made.items():
        assert conditions(acknowledged(each, value))["Ready"] == ("True", "Registered")
    writes = {value: each.writes() for value, each in made.items()}
    stage.wait_polls()

    assert {value: each.writes() for value, each in made.items()} == writes
