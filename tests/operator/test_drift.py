"""A cluster that is changed behind the registration's back: corrected, reported, given up, or missing."""

from collections.abc import Iterator

import pytest

from operators import House, Operator, until
from stage import LONG_AFTER, RECONCILE, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

PUT = "updateCluster"


@pytest.fixture(scope="module")
def operator(house: House) -> Iterator[Operator]:
    """One operator, for a control plane whose lists never lag: a name that was undone is put again at once."""
    with house.operator(LIST_LAG="0s") as operator:
        yield operator


def meddle(stage: Stage, made: list[Registration]) -> bool:
    """Rename each cluster that has its name again; whether all registrations have given up."""
    for each in made:
        if each.cluster.name == each.name:
            stage.admin.rename(each.cluster.uuid, f"{each.name} meddled")
    return all(ready(each) == "OwnershipConflict" for each in made)


def ready(made: Registration) -> str:
    """The reason of Ready, or nothing so far."""
    found = condition(made.object, "Ready")
    return str(found["reason"]) if found else ""


@pytest.mark.case(
    "R-18",
    injected="renamed by somebody else each time that it gets its name back",
    outcome="three PUTs, then OwnershipConflict until the other stops, the spec changes or a look is asked for",
)
def test_correcting_stops_where_somebody_else_keeps_renaming(stage: Stage) -> None:
    """After three corrections that were undone none follows; each way out that the message names leads out."""
    asked, reported, restored = made = [stage.register() for _ in range(3)]
    for each in made:
        each.wait_ready()
    until(lambda: meddle(stage, made), "all given up")
    stage.wait_polls()
    seen = conditions(asked.object)
    said = str(condition(asked.object, "Ready"))

    assert seen["Ready"] == ("False", "OwnershipConflict")
    assert seen["Stalled"] == ("True", "OwnershipConflict")
    assert seen["Drifted"] == ("True", "DiffersFromSpec")
    assert f"The name {asked.name} was put 3 times and is {asked.name} meddled now" in said
    assert stage.changes() == {"create_cluster": 3, PUT: 9}

    asked.annotate({RECONCILE: "the other one has stopped"})
    reported.change(onDrift="Report")
    stage.admin.rename(restored.cluster.uuid, restored.name)
    for each in made:
        each.wait_for("Registered")
    until(lambda: asked.cluster.name == asked.name, "the name put once more")
    stage.wait_polls()

    assert "Drifted" in conditions(reported.object)
    assert {"Drifted", "Stalled"} & conditions(restored.object).keys() == set()
    assert stage.changes() == {"create_cluster": 3, PUT: 10}


def test_another_domain_is_drift_and_nothing_is_done_about_it(stage: Stage) -> None:
    """A domain that differs from the spec is reported, because the API has no call that changes it."""
    made = stage.registered(domain="https://gpu-east.example.com")

    stage.admin.change(made.status["uuid"], domain="https://gpu-west.example.com")
    seen = made.wait_for("DiffersFromSpec", "Drifted")

    wanted = "domain is https://gpu-west.example.com, the spec says https://gpu-east.example.com"
    assert wanted in str(condition(seen, "Drifted"))
    assert conditions(seen)["Ready"] == ("True", "Registered")
    assert stage.changes() == {"create_cluster": 1}


def test_a_missing_cluster_is_replaced_only_where_that_is_meant(stage: Stage) -> None:
    """Neither a connected cluster, nor an adopted uuid, nor one under Report gets a new uuid by itself."""
    strange = stage.admin.create("gpu-strange")
    connected, told = stage.registered(), stage.registered(onMissing="Report")
    adopted = stage.registered(clusterName="gpu-strange", adopt={"uuid": strange.uuid}, onMissing="Recreate")
    stage.admin.set_state(connected.status["uuid"], "Connected")
    connected.wait_for("Connected", "Connected")
    stage.admin.advance(LONG_AFTER)
    every = (connected, told, adopted)
    lost = {each.name: each.status["uuid"] for each in every}
    for uuid in lost.values():
        stage.admin.delete(uuid)
    for each in every:
        assert conditions(each.wait_for("ClusterMissing"))["Stalled"] == ("True", "ClusterMissing")
        assert each.status["uuid"] == lost[each.name]
    stage.wait_polls()
    assert stage.changes() == {"create_cluster": 2}
    assert "remove spec.adopt" in str(condition(adopted.object, "Ready"))

    adopted.change(adopt=None)
    adopted.wait_for("Registered")
    assert adopted.cluster.uuid != lost[adopted.name]
    assert stage.changes() == {"create_cluster": 3}
