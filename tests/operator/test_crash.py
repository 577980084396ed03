"""One crash that hits registrations at six points: the next operator loses, doubles and leaves behind nothing.

The first operator is killed while the control plane keeps it waiting; the second one gets its answers. Each test looks
at one registration.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from operators import House, until
from planes import ControlPlane, Simulated
from stage import LONG_AFTER, Registration, Stage, conditions

PATIENT = {"SETTLE": "15s", "REQUEST_TIMEOUT": "10s"}
"""The first operator must still wait for its answers when it is killed."""


@dataclass
class Wreck:
    """What a crash has left behind and a second operator has found.

    Attributes:
        announced: Its POST was sent, and never carried out.
        created: Its POST was carried out, and not answered.
        deleted: The same, and it was deleted while no operator ran.
        replaced: Its lost POST was being looked for, and its annotations were wiped while no operator ran.
        renamed: Its PUT was sent, and not carried out.
        draining: Its DELETE was answered with 202.
    """

    stage: Stage
    announced: Registration
    created: Registration
    deleted: Registration
    replaced: Registration
    renamed: Registration
    draining: Registration

    def posts(self, made: Registration) -> list[bool]:
        """The POSTs that were sent for a registration, and whether each of them was carried out."""
        calls = self.stage.calls("create_cluster")
        return [call.committed for call in calls if json.loads(call.body)["name"] == made.name]

    def deletes(self, uuid: str) -> int:
        """How often a cluster was asked to go."""
        return len([call for call in self.stage.calls("delete_cluster") if call.path.endswith(uuid)])


def prepared(stage: Stage) -> Wreck:
    """Registrations of which three are Ready, and faults for what comes next."""
    ready = [stage.register(version="2.24.18") for _ in range(2)]
    for each in ready:
        each.wait_ready()
    rest = [stage.known(f"gpu-{what}") for what in ("announced", "created", "deleted", "replaced")]
    for each, fault in zip(rest, ("hang", "hang-after-commit", "hang-after-commit", "cut-after-commit"), strict=True):
        stage.admin.fault(fault, operation="create_cluster", match_body=each.name)
    stage.admin.fault("hang", operation="updateCluster")
    stage.admin.settings(drainTime=None, uniqueNames=False)
    return Wreck(stage, *rest, *ready)


def hit(wreck: Wreck) -> None:
    """Bring each registration to its point; return when all are there."""
    stage = wreck.stage
    wreck.draining.delete()
    wreck.draining.wait_for("Deleting")
    stage.admin.settings(listLag=1e6)  # from now on no list shows what is made
    stage.register(wreck.replaced.name)
    wreck.replaced.wait(lambda seen: "createAttempt" in seen["status"], "looking for the outcome of its attempt")
    for each in (wreck.announced, wreck.created, wreck.deleted):
        stage.register(each.name, version="2.19.4")
    wreck.renamed.change(clusterName="GPU West")
    until(lambda: len(stage.calls("create_cluster")) == 6, "every POST")
    until(lambda: bool(stage.calls("updateCluster")), "the PUT")


def meddle(wreck: Wreck) -> None:
    """Delete one registration and wipe the annotations of another while no operator runs."""
    wreck.deleted.delete()
    manifest = wreck.stage.manifest(wreck.replaced.name)
    replaced = wreck.stage.kube.kubectl("replace", "-f", "-", stdin=json.dumps(manifest))
    assert replaced.returncode == 0, replaced.stderr


@pytest.fixture(scope="module")
def wreck(house: House) -> Iterator[Wreck]:
    """A crash, and an operator that has come after it and looked twice before lists show everything."""
    simulator = Simulated()
    control_plane = ControlPlane(house, simulator).create_secret().create()
    stage = Stage(house, simulator, control_plane)
    with house.operator(**PATIENT) as first:
        wreck = prepared(stage)
        stage.wait_polls()
        hit(wreck)
        first.kill()
    meddle(wreck)
    with house.operator(**PATIENT):
        stage.wait_polls()
        stage.admin.settings(listLag=0, drainTime=0)
        yield wreck
        stage.clear()
    control_plane.remove()
    simulator.close()


@pytest.mark.case(
    "R-01",
    injected="SIGKILL while the answer to a POST that was carried out is waited for",
    outcome="one POST; the next operator claims the cluster",
)
@pytest.mark.case(
    "R-08",
    injected="SIGKILL with a lost answer, then two lists that do not show the cluster",
    outcome="no second POST; claimed when a list shows it",
)
def test_a_creation_whose_outcome_is_known_is_not_repeated(wreck: Wreck) -> None:
    """A POST that was carried out while the operator died is found again by the next one: one POST, one cluster."""
    wreck.created.wait_ready()

    assert wreck.created.status["origin"] == "Recovered"
    assert [cluster.uuid for cluster in wreck.stage.admin.clusters(name=wreck.created.name)] == [
        wreck.created.status["uuid"]
    ]
    assert wreck.posts(wreck.created) == [True]


@pytest.mark.case(
    "R-16",
    injected="SIGKILL with a lost answer, then `kubectl replace` wipes the attempt while no operator runs",
    outcome="the mirror in the status stands in: one POST, one cluster",
)
def test_an_attempt_that_was_wiped_is_not_forgotten(wreck: Wreck) -> None:
    """An attempt whose annotation `kubectl replace` wipes while no operator runs is still known from the status."""
    wreck.replaced.wait_ready()

    assert wreck.replaced.status["origin"] == "Recovered"
    assert len(wreck.stage.admin.clusters(name=wreck.replaced.name)) == 1
    assert wreck.posts(wreck.replaced) == [True]


@pytest.mark.case(
    "R-18",
    injected="SIGKILL while a PUT that was not carried out is waited for",
    outcome="renamed by the next operator; the same cluster",
)
def test_a_rename_is_repeated(wreck: Wreck) -> None:
    """A rename that was not carried out is: the cluster ends with the name of the spec, under its old uuid."""
    until(lambda: wreck.renamed.cluster.name == "GPU West", "the new name")
    wreck.renamed.wait(lambda seen: seen["status"].get("clusterName") == "GPU West", "shown under the new name")

    assert conditions(wreck.renamed.object)["Ready"] == ("True", "Registered")
    assert wreck.posts(wreck.renamed) == [True]


def test_a_creation_that_was_not_carried_out_is_repeated(wreck: Wreck) -> None:
    """A POST that was announced and never carried out is sent again, once lists prove that it made nothing."""
    assert wreck.posts(wreck.announced) == [False]

    wreck.stage.admin.advance(LONG_AFTER)
    wreck.announced.wait_ready()

    assert wreck.announced.status["origin"] == "Created"
    assert len(wreck.stage.admin.clusters(name=wreck.announced.name)) == 1
    assert wreck.posts(wreck.announced) == [False, True]


@pytest.mark.case(
    "R-28",
    injected="SIGKILL with a lost answer, deleted while no operator runs",
    outcome="the next operator finds the cluster and deletes it",
)
def test_a_deletion_takes_along_what_was_made(wreck: Wreck) -> None:
    """A registration deleted while its outcome was unknown takes the cluster along that its POST made."""
    wreck.deleted.wait_gone()

    assert wreck.stage.admin.clusters(name=wreck.deleted.name) == []
    assert wreck.posts(wreck.deleted) == [True]


@pytest.mark.case(
    "R-23",
    injected="SIGKILL while the cluster drains",
    outcome="waits on without a second DELETE; the object goes with the cluster",
)
def test_a_drain_is_not_begun_again(wreck: Wreck) -> None:
    """A deletion that was asked for before the crash is not asked for again; the object goes with the cluster."""
    wreck.draining.wait_gone()

    assert wreck.stage.admin.clusters(name=wreck.draining.name) == []
    (asked,) = [call.path for call in wreck.stage.calls("delete_cluster") if call.status == 202]
    assert wreck.deletes(asked.rpartition("/")[2]) == 1
