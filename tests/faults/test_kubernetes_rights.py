"""Rights are taken away from the operator and given back: real RBAC objects of the house, each right in its turn."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from faults.arena import Arena, FaultyHouse
from faults.calls import Call
from faults.vocabulary import DELETE, POST, PUT, Match, carrying, on
from kube import Object
from operators import Operator, until
from stage import LONG_AFTER, Registration, condition, conditions

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
REGISTRATIONS = "runaiclusterregistrations"
STATUS = f"{REGISTRATIONS}/status"


@pytest.fixture(scope="module")
def operator(faulty_house: FaultyHouse) -> Iterator[Operator]:
    """One operator for the tests that need no start of their own."""
    with faulty_house.operator() as operator:
        yield operator


@contextmanager
def without(house: FaultyHouse, verb: str, resource: str) -> Iterator[None]:
    """Take one right away from the operators of this house, until the end of the block."""
    before = roles(house)
    for role, rules in before.items():
        house.kube.patch(role, {"rules": [_less(rule, verb, resource) for rule in rules]})
    until(lambda: not allowed(house, verb, resource), f"no right to {verb} {resource}")
    try:
        yield
    finally:
        for role, rules in before.items():
            house.kube.patch(role, {"rules": rules})
    until(lambda: allowed(house, verb, resource), f"the right to {verb} {resource} again")


def roles(house: FaultyHouse) -> dict[str, list[Object]]:
    """The rules of all roles of this house, by path."""
    own, everywhere = f"{RBAC}/namespaces/{house.namespace}/roles", f"{RBAC}/clusterroles"
    found = {f"{own}/{each['metadata']['name']}": each["rules"] for each in house.kube.items(own)}
    for each in house.kube.items(everywhere):
        if each["metadata"]["name"].endswith(house.namespace):
            found[f"{everywhere}/{each['metadata']['name']}"] = each["rules"]
    return found


def _less(rule: Object, verb: str, resource: str) -> Object:
    if resource not in rule["resources"]:
        return rule
    return rule | {"verbs": [each for each in rule["verbs"] if each != verb] or ["deletecollection"]}


def allowed(house: FaultyHouse, verb: str, resource: str) -> bool:
    """Whether the operators of this house have a right, as the API server says."""
    kind, _, subresource = resource.partition("/")
    group = "" if kind == "secrets" else "runai-registrar.io"
    asked = {"namespace": house.namespace, "verb": verb, "group": group, "resource": kind, "subresource": subresource}
    review = house.kube.create(REVIEWS, {"spec": {"user": house.user, "resourceAttributes": asked}})
    return bool(review["status"]["allowed"])


def denied(call: Call) -> bool:
    """Whether the API server has refused a request for want of a right."""
    return call.status == 403


@pytest.mark.case(
    "R-43",
    injected="the rights to patch, read and list registrations, to patch their status, and to read Secrets, in turn",
    outcome="what rests on the right is not sent; given back, each call is made once and everything gets in step",
)
@pytest.mark.parametrize(
    ("verb", "resource", "never"),
    [
        ("patch", REGISTRATIONS, POST),
        ("patch", STATUS, None),
        ("get", REGISTRATIONS, PUT),
        ("list", REGISTRATIONS, DELETE),
        ("get", "secrets", None),
    ],
    ids=lambda value: value.replace("/", "-") if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("operator")
def test_a_right_is_taken_away_and_given_back(arena: Arena, verb: str, resource: str, never: Match | None) -> None:
    """Without a right nothing is done that rests on it, and nothing twice; with it again everything is done."""
    arena.admin.settings(uniqueNames=False, drainTime=0)
    renamed, ending = arena.stage.registered(listed=True), arena.stage.registered(listed=True)
    arena.admin.advance(LONG_AFTER)
    since = arena.journal.moment
    with without(arena.house, verb, resource):
        created = arena.stage.register()
        renamed.change(clusterName=f"{renamed.name}-new")
        if never is not PUT:  # the list before a DELETE is a live read of all, which a PUT may rest on
            ending.delete()
        arena.journal.wait_for(denied, since=since, what=f"{verb} {resource}, denied")
        arena.wait_quiet(2.0) if resource == "secrets" else arena.wait_polls(3)
        while_denied = [call for call in arena.journal.calls(since=since) if never and never(call)]
    if never is PUT:
        ending.delete()
    _in_step(created, renamed, ending)
    arena.wait_quiet()

    assert while_denied == []
    assert [len(arena.calls(match)) for match in (POST, PUT, DELETE)] == [3, 1, 1]
    arena.judge()


def _in_step(created: Registration, renamed: Registration, ending: Registration) -> None:
    created.wait_ready()
    renamed.wait(lambda seen: seen["status"]["clusterName"].endswith("-new"), "the new name")
    ending.wait_gone()


@pytest.mark.case(
    "R-43",
    injected="no right to patch the status during the creation, and the operator killed before it comes back",
    outcome="the attempt is durable: the uuid is found and recorded later; one POST",
)
def test_a_uuid_that_cannot_be_recorded_survives_a_crash(arena: Arena) -> None:
    """A uuid that may not be written is found again by the attempt, by an operator that knows nothing else."""
    arena.admin.settings(uniqueNames=False)
    first = arena.operator().wait_ready()
    with without(arena.house, "patch", STATUS):
        made = arena.stage.register()
        arena.journal.wait_for(carrying(on("POST /api/v1/clusters"), made.name), what="the POST")
        arena.journal.wait_for(lambda call: denied(call) and call.name == made.name, what="a denied status")
        first.kill()
        second = arena.operator().wait_ready()
        arena.wait_polls(3)
    made.wait_ready()
    second.stop()

    assert len(arena.calls(POST)) == len(arena.admin.clusters()) == 1
    assert made.status["uuid"] == arena.admin.clusters()[0].uuid
    arena.judge()


@pytest.mark.case(
    "R-43",
    injected="no right to read the credential Secret",
    outcome="control plane and registrations say that it is not allowed, and what to grant",
)
@pytest.mark.usefixtures("operator")
def test_a_secret_that_may_not_be_read_is_said_so(arena: Arena) -> None:
    """Whoever waits for a Secret that the operator may not read is told so by a condition, until it may."""
    arena.wait_polls()
    with without(arena.house, "get", "secrets"):
        plane = arena.house.kube.wait_for(
            arena.control_plane.path, lambda seen: conditions(seen).get("Stalled", ("", ""))[0] == "True", 15
        )
        made = arena.stage.register()
        seen = made.wait_for("ControlPlaneNotReady")
        assert arena.calls(POST) == []
    made.wait_ready()

    said = (condition(plane, "Ready") or {})["message"]
    assert said.startswith(f"The operator may not read the Secret {arena.control_plane.name}")
    assert f"namespace {arena.house.namespace}. Grant it the right to get secrets" in said
    assert said in (condition(seen, "Ready") or {})["message"]
    arena.judge()
