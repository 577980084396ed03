"""An API server that goes away, and CRDs that are absent, newer or older than the operator.

These tests have a server of their own, because they hurt it. They are steps of one story and run in their order.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from faults.arena import Arena, FaultyHouse
from faults.vocabulary import POST, Kind, changes
from kube import REPOSITORY, Kube
from operators import Operator, until
from runai_registrar.apiserver import ApiServer, Search, find_or_make, install_crds

CRDS = REPOSITORY / "crds"
REGISTRATIONS = CRDS / "runai-registrar.io_runaiclusterregistrations.yaml"


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    """An API server without our CRDs."""
    with ApiServer(find_or_make(Search.here())) as server:
        yield server


@pytest.fixture(scope="module")
def faulty_house(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyHouse]:
    """A house on that server."""
    with Kube(server) as kube:
        house = FaultyHouse(kube, tmp_path_factory.mktemp("house"))
        yield house
        house.close()


@pytest.fixture(scope="module")
def operator(faulty_house: FaultyHouse) -> Iterator[Operator]:
    """An operator that was started before there were any CRDs, and has noticed."""
    operator = faulty_house.operator()
    operator.allow("kopf._cogs.clients")  # it tries again by itself
    until(lambda: "are not installed; waiting for them" in operator.log, "a word about the CRDs")
    with_port = operator.log.partition("health on port ")[2]
    operator.port = int(with_port.split()[0])
    yield operator
    operator.stop()


def registrations_crd() -> dict[str, Any]:
    """The CRD of registrations as it is shipped."""
    shipped: dict[str, Any] = yaml.safe_load(REGISTRATIONS.read_text())
    return shipped


def fields(crd: dict[str, Any], part: str) -> dict[str, Any]:
    """The properties of `spec` or `status` in a CRD."""
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    properties: dict[str, Any] = schema["properties"][part]["properties"]
    return properties


def serve(house: FaultyHouse, crd: dict[str, Any]) -> None:
    """Put a CRD in the place of the one that is served."""
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}"
    version = house.kube.get(path)["metadata"]["resourceVersion"]
    house.kube.replace(path, crd | {"metadata": crd["metadata"] | {"resourceVersion": version}})


@pytest.mark.case(
    "R-45",
    injected="no CRDs when the operator starts",
    outcome="alive, not ready, a warning that says what is missing; it begins by itself when they come",
)
def test_the_crds_are_waited_for(operator: Operator, server: ApiServer) -> None:
    """Without its CRDs the operator waits and says so, and needs no restart when they are installed."""
    assert (operator.health("/healthz").status_code, operator.health("/readyz").status_code) == (200, 503)

    install_crds(server.kubeconfig, CRDS)
    operator.wait_ready()


@pytest.mark.case(
    "R-42",
    injected="the API server killed and started again while registrations are made and deleted",
    outcome="the operator stays alive; what was begun is finished, nothing twice",
)
@pytest.mark.case(
    "R-07",
    injected="the API server killed between the 201 and the write of the uuid",
    outcome="the uuid is kept and written when it is back; one POST",
)
def test_the_api_server_is_restarted(operator: Operator, server: ApiServer, arena: Arena) -> None:
    """An API server that was away changes nothing: the uuid in hand is written when it is back."""
    held = arena.outside.fault(Kind.LATE_ANSWER, POST)
    made = arena.stage.register()
    held.wait_reached()
    server.kill()
    held.lift()
    until(lambda: "cannot be reached" in operator.log, "a word about the API server")
    server.restart()
    made.wait_ready()
    later = arena.stage.registered()
    arena.wait_quiet()

    assert operator.process.poll() is None
    assert made.status["origin"] == later.status["origin"] == "Created"
    assert len(arena.calls(POST)) == 2
    arena.judge()


@pytest.mark.case(
    "R-45",
    injected="a newer CRD, whose objects have fields that the operator does not know",
    outcome="registered, renamed and deleted; the unknown field of the spec stays as it was written",
)
@pytest.mark.usefixtures("operator")
def test_a_newer_crd(arena: Arena) -> None:
    """A field of the spec that the operator does not know is neither an obstacle nor lost."""
    crd = registrations_crd()
    fields(crd, "spec")["colour"] = fields(crd, "status")["colour"] = {"type": "string", "maxLength": 63}
    serve(arena.house, crd)
    made = arena.stage.known("gpu-colourful")
    until(lambda: _created(arena, made.name), "the field served")
    made.wait_ready()
    made.change(clusterName="gpu-painted")
    made.wait(lambda seen: seen["status"]["clusterName"] == "gpu-painted", "the new name")

    assert made.object["spec"]["colour"] == "green"
    arena.judge()


def _created(arena: Arena, name: str) -> bool:
    """Create a registration with the new field; False where the API server still prunes it."""
    manifest = arena.stage.manifest(name, colour="green")
    kept = arena.house.kube.client.post(arena.stage.registrations, json=manifest, params={"dryRun": "All"})
    if "colour" not in kept.json()["spec"]:
        return False
    arena.house.kube.create(arena.stage.registrations, manifest)
    return True


def _pruned(arena: Arena) -> bool:
    """Whether the API server drops the owner of a title."""
    path = "/openapi/v3/apis/runai-registrar.io/v1alpha1"
    return "ownerUID" not in arena.house.kube.client.get(path).text


@pytest.mark.case(
    "R-45",
    injected="an older CRD that drops fields of the status: the closed attempt, the owner of the title",
    outcome="one POST and no other call; everything in step once the CRD is that of the operator",
)
@pytest.mark.usefixtures("operator")
def test_an_older_crd(arena: Arena) -> None:
    """Fields that the API server drops cost the title at most: nothing is created twice or deleted for it."""
    arena.admin.settings(uniqueNames=False)
    crd = registrations_crd()
    for dropped in ("attempt", "ownerUID", "createAttempt"):
        del fields(crd, "status")[dropped]
    serve(arena.house, crd)
    until(lambda: _pruned(arena), "the older CRD served")
    made = arena.stage.register()
    made.wait(lambda seen: "uuid" in seen["status"], "a uuid")
    arena.wait_quiet()
    assert len(arena.admin.clusters()) == 1

    install_crds(arena.house.kube.server.kubeconfig, CRDS)
    made.wait(lambda seen: seen["status"].get("ownerUID") == seen["metadata"]["uid"], "a title")
    assert made.wait_ready()["status"]["uuid"] == arena.admin.clusters()[0].uuid
    assert len(arena.calls(changes)) == 1
    arena.judge()
