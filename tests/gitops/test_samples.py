"""Samples and pages, applied with an operator at work: they end as they say, and are never out of step with Git."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

import pytest
import yaml

from gitops.argo import health
from gitops.manifests import COLLECTIONS, SOURCES, Shipped, path, spaces
from kube import Kube, Object
from operators import House, until
from planes import Simulated

ENDS: dict[str, dict[str, str]] = {
    "adopt.yaml": {"gpu-lab": "Observing", "gpu-north": "Adopted", "gpu-south": "Adopted"},
    "full.yaml": {"gpu-west": "Adopted", "gpu-north": "Adopted"},
    "gitops.yaml": {"gpu-east": "Registered"},
    "minimal.yaml": {"gpu-east": "Registered"},
    "multi-tenant.yaml": {"gpu-east": "Registered", "gpu-elsewhere": "NamespaceNotAllowed"},
    "control-planes.md": {},
    "gitops.md": {"gpu-guarded": "Registered"},
    "install-secret.md": {"gpu-east": "Registered"},
    "registrations.md": {
        "gpu-east": "Registered",
        "gpu-west": "Registered",
        "gpu-old": "Registered",
        "gpu-north": "Adopted",
        "gpu-south": "Adopted",
        "gpu-lab": "Observing",
    },
}
"""By file: the reason of Ready that each of its registrations ends with."""

USERS = {"kubectl-client-side-apply", "gitops"}
"""Who writes specs in these tests."""


@pytest.fixture(scope="module")
def places(house: House) -> Iterator[dict[str, str]]:
    """A namespace of this module's own for each that a file names, and an operator that watches them all."""
    places = {name: f"{name}-{token_hex(3)}" for name in sorted(set(spaces()))}
    kind = {"apiVersion": "v1", "kind": "Namespace"}
    made = yaml.safe_dump_all(kind | {"metadata": {"name": place}} for place in places.values())
    assert house.kube.kubectl("apply", "--filename", "-", stdin=made).returncode == 0
    with house.operator(NAMESPACES=",".join([house.namespace, *places.values()])):
        yield places
    for place in places.values():
        house.kube.delete(f"/api/v1/namespaces/{place}")


Ship = Callable[[Path], Shipped]


@pytest.fixture
def ship(house: House, places: dict[str, str]) -> Iterator[Ship]:
    """Fills a file in; what was applied of it is taken away afterwards."""
    with ExitStack() as cleaning:

        def fill_in(source: Path) -> Shipped:
            simulated = Simulated()
            cleaning.callback(simulated.close)
            shipped = Shipped(house, source, places, simulated)
            cleaning.callback(shipped.remove)
            return shipped

        yield fill_in


def apply(kube: Kube, shipped: Shipped) -> list[str]:
    """Apply as `kubectl apply` does, without a warning; return what it says of our own objects."""
    done = kube.kubectl("apply", "--filename", "-", stdin=shipped.text)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split(" ", maxsplit=1)[1] for line in done.stdout.splitlines() if "runai-registrar.io/" in line]


def specs(objects: dict[str, Object]) -> dict[str, tuple[Object, int]]:
    """Return spec and generation of each object."""
    return {place: (one["spec"], one["metadata"]["generation"]) for place, one in objects.items()}


def server_side(kube: Kube, one: Object, *, dry: bool = False) -> Object:
    """Apply one object server-side as a GitOps tool does (`--force-conflicts`), or ask what would become of it."""
    query = {"fieldManager": "gitops", "force": "true"} | ({"dryRun": "All"} if dry else {})
    content, headers = yaml.safe_dump(one), {"Content-Type": "application/apply-patch+yaml"}
    made: Object = (
        kube.client.patch(path(one), params=query, content=content, headers=headers).raise_for_status().json()
    )
    return {**made, "metadata": {key: made["metadata"][key] for key in made["metadata"] if key != "managedFields"}}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_applied_and_in_step(kube: Kube, ship: Ship, source: Path) -> None:
    """A file is applied, comes to the end that it says, and from then on nothing differs from what is written."""
    shipped = ship(source)
    apply(kube, shipped)
    shipped.wait(ENDS[source.name])
    first = shipped.live()

    written = {path(one): (one["spec"], 1) for one in shipped.ours}
    assert specs(first) == written
    assert kube.kubectl("diff", "--filename", "-", stdin=shipped.text).returncode == 0
    assert set(apply(kube, shipped)) == {"unchanged"}
    for one in shipped.ours:
        server_side(kube, one)
        assert server_side(kube, one, dry=True) == server_side(kube, one)
    assert specs(shipped.live()) == written
    assert operators_fields(shipped.live()) <= {"f:metadata", "f:status"}


@pytest.mark.parametrize("name", ["full.yaml", "gitops.yaml"])
def test_created_server_side(kube: Kube, ship: Ship, name: str) -> None:
    """An object that is first made by a server-side apply is as much in step, and the next one writes nothing."""
    shipped = ship(sample(name))
    command = ("apply", "--server-side", "--field-manager=gitops", "--filename=-")
    made = yaml.safe_dump_all(one for one in shipped.manifests if one["kind"] != "Namespace")  # those are there
    assert kube.kubectl(*command, stdin=made).returncode == 0
    shipped.wait(ENDS[name])
    first, ours = shipped.live(), yaml.safe_dump_all(shipped.ours)

    shown = kube.kubectl("diff", "--server-side", "--field-manager=gitops", "--filename=-", stdin=ours)
    again = kube.kubectl(*command, stdin=ours)

    assert specs(first) == {path(one): (one["spec"], 1) for one in shipped.ours}
    assert (shown.returncode, shown.stdout) == (0, ""), shown.stderr
    assert (again.returncode, again.stderr) == (0, "")
    assert specs(shipped.live()) == specs(first)


def operators_fields(objects: dict[str, Object]) -> set[str]:
    """Return the parts of objects that others than their users have written."""
    entries = [entry for one in objects.values() for entry in one["metadata"]["managedFields"]]
    others = [entry for entry in entries if entry["manager"] not in USERS]
    assert {entry.get("subresource", "") for entry in others} >= {"status"}
    return {part for entry in others for part in entry["fieldsV1"]}


def test_every_sample_has_an_end() -> None:
    """No sample is shipped whose end nobody has seen."""
    assert {source.name for source in SOURCES} == ENDS.keys()


def sample(name: str) -> Path:
    """Return a sample by name."""
    (found,) = (source for source in SOURCES if source.name == name)
    return found


def test_gitops_feeds_the_chart(kube: Kube, ship: Ship) -> None:
    """When the registration is Healthy, the Secret that feeds the chart is there; Git cannot delete it by accident."""
    shipped = ship(sample("gitops.yaml"))
    apply(kube, shipped)
    (registration,) = shipped.of("RunaiClusterRegistration")
    kube.wait_for(path(registration), lambda seen: health(seen)["status"] == "Healthy", 30.0)
    name, place = registration["spec"]["installSecret"]["name"], registration["metadata"]["namespace"]
    secret = kube.get(f"{COLLECTIONS['Secret'].format(place)}/{name}")

    assert {"values.yaml", "clientSecret"} <= secret["data"].keys()
    assert registration["spec"]["deletionProtection"]


def may(kube: Kube, verb: str, one: Object) -> bool:
    """Whether a customer of the group customer-a may do this with an object."""
    group, _, version = one["apiVersion"].rpartition("/")
    resource = COLLECTIONS[one["kind"]].rpartition("/")[2]
    attributes = {"verb": verb, "group": group, "version": version, "resource": resource, **one["metadata"]}
    wanted = {
        key: attributes[key]
        for key in ("verb", "group", "version", "resource", "name", "namespace")
        if key in attributes
    }
    review = {"spec": {"user": "somebody", "groups": ["customer-a"], "resourceAttributes": wanted}}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    answer = kube.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", kind | review)
    return bool(answer["status"]["allowed"])


def test_tenants_are_kept_apart(kube: Kube, ship: Ship) -> None:
    """A customer may register in his own namespace, and sees neither control planes, nor Secrets, nor his neighbour."""
    shipped = ship(sample("multi-tenant.yaml"))
    apply(kube, shipped)
    mine, *others = shipped.of("RunaiClusterRegistration")
    hidden = [*others, *shipped.of("RunaiControlPlane"), *shipped.of("Secret")]

    assert [may(kube, verb, mine) for verb in ("create", "get", "patch", "delete")] == [True] * 4
    assert [one["kind"] for one in hidden for verb in ("create", "get", "patch") if may(kube, verb, one)] == []


def test_a_quota_holds(kube: Kube, ship: Ship) -> None:
    """The quota of the sample counts what it means to count: with one registration of one the next is refused."""
    shipped = ship(sample("multi-tenant.yaml"))
    apply(kube, shipped)
    quota, (mine, *_) = shipped.of("ResourceQuota")[0], shipped.of("RunaiClusterRegistration")
    hard = quota["spec"]["hard"]  # what is used is counted by a controller that does not run here
    kube.patch(f"{path(quota)}/status", {"status": {"hard": hard, "used": hard}})
    one = {**mine, "metadata": {**mine["metadata"], "name": "one-more"}}

    def said() -> str:
        answer = kube.client.post(path(mine).rpartition("/")[0], params={"dryRun": "All"}, json=one)
        return str(answer.json().get("message"))

    until(lambda: "exceeded quota: registrations" in said(), "a refusal, once admission has seen the count")
