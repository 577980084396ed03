"""The admission policies that are shipped: what they refuse, in which words, and that they refuse nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest

from crds.objects import CONTROL_PLANES_PATH, control_plane, registration, registrations_path
from kube import Kube, KubeError, Object
from operators import until
from policies import MANIFESTS, NAMES, in_force, refused

RELEASE = "runai-registrar.io/release"
PROTECTED = {"deletionProtection": True}
COUNTS = {"total": 5, "managed": 2, "unmanaged": 3}

pytestmark = pytest.mark.usefixtures("policies")


@pytest.fixture(scope="module")
def policies(kube: Kube) -> Iterator[None]:
    """The policies are in force for this module."""
    with in_force(kube):
        yield


@pytest.fixture
def place(kube: Kube, namespace: str) -> Iterator[str]:
    """Where registrations of a test live; what it leaves there loses its protection, so that the namespace can go."""
    path = registrations_path(namespace)
    yield path
    for each in kube.items(path):
        kube.patch(f"{path}/{each['metadata']['name']}", {"spec": {"deletionProtection": None}})
    wait_free(kube, f"/api/v1/namespaces/{namespace}")


@pytest.fixture
def plane(kube: Kube, namespace: str) -> Iterator[str]:
    """A control plane of the test's own, which bears the name of its namespace; it is taken away afterwards."""
    kube.create(
        CONTROL_PLANES_PATH,
        control_plane({"url": "https://a.example.com", "credentialsSecretRef": {"name": "a"}}, namespace),
    )
    path = f"{CONTROL_PLANES_PATH}/{namespace}"
    yield path
    if kube.find(path) is not None:
        count(kube, path, 0)
        kube.delete(path)


def make(kube: Kube, place: str, name: str, spec: Any, release: str | None = None) -> str:
    """Create a registration and return its path; `release` is the annotation."""
    made = registration(spec, name)
    if release is not None:
        made["metadata"]["annotations"] = {RELEASE: release}
    kube.create(place, made)
    return f"{place}/{name}"


def count(kube: Kube, plane: str, managed: int) -> None:
    """Let a control plane's status say that it has so many clusters of registrations."""
    kube.patch(f"{plane}/status", {"status": {"clusters": COUNTS | {"managed": managed}}})


def refusal(kube: Kube, path: str, **query: str) -> str:
    """The sentence with which a deletion is refused."""
    with pytest.raises(KubeError) as caught:
        kube.delete(path, **query)
    assert caught.value.code == 403
    return caught.value.message.partition("denied request: ")[2]


def wait_free(kube: Kube, path: str) -> None:
    """Return when a deletion would be let through: the server hears of a changed registration a moment later."""
    until(lambda: not refused(kube, path), f"nobody who refuses to delete {path}")


def names(kube: Kube, place: str) -> set[str]:
    """The registrations that are there and are not being deleted."""
    return {each["metadata"]["name"] for each in kube.items(place) if not deleting(each)}


def deleting(seen: Object) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in seen["metadata"]


def test_policies_are_bound_and_ours() -> None:
    """Each policy has a binding of its name that denies; names begin with ours, and none is in a namespace."""
    bindings = [each["spec"] for each in MANIFESTS if each["kind"] == "ValidatingAdmissionPolicyBinding"]

    assert [each["policyName"] for each in bindings] == NAMES
    assert all(each["validationActions"] == ["Deny"] for each in bindings)
    assert all(each["metadata"]["name"].startswith("runai-registrar-") for each in MANIFESTS)
    assert not any("namespace" in each["metadata"] for each in MANIFESTS)


def test_a_protected_registration_is_refused_with_a_sentence(kube: Kube, namespace: str, place: str) -> None:
    """The refusal names the registration, how to delete it, and how to leave its cluster."""
    made = make(kube, place, "gpu-east", PROTECTED)

    assert refusal(kube, made) == (
        f"The registration {namespace}/gpu-east is protected from deletion. Set spec.deletionProtection to false to "
        "delete it with its cluster; to give the cluster up instead, annotate the registration with "
        "runai-registrar.io/release=orphan. Then delete it again."
    )
    assert not deleting(kube.get(made))


@pytest.mark.parametrize(
    "options",
    [["--force", "--grace-period=0"], ["--cascade=foreground"], ["--cascade=orphan"], ["--now"], ["--dry-run=server"]],
    ids=lambda options: options[0],
)
def test_no_option_of_kubectl_gets_round_it(kube: Kube, namespace: str, place: str, options: list[str]) -> None:
    """Force, cascades and dry runs are refused alike."""
    made = make(kube, place, "gpu-east", PROTECTED)

    deleted = kube.kubectl("delete", "rcr", "gpu-east", "-n", namespace, "--wait=false", *options)

    assert deleted.returncode == 1
    assert "is protected from deletion" in deleted.stderr
    assert not deleting(kube.get(made))


def test_a_collection_loses_only_what_is_not_protected(kube: Kube, namespace: str, place: str) -> None:
    """`kubectl delete --all` deletes the others and names each protected one; so does a DELETE of the collection."""
    for name, spec in {"a-free": {}, "b-kept": PROTECTED, "c-free": {}, "d-kept": PROTECTED}.items():
        make(kube, place, name, spec)

    deleted = kube.kubectl("delete", "rcr", "--all", "-n", namespace)

    assert deleted.returncode == 1
    assert names(kube, place) == {"b-kept", "d-kept"}
    assert [f"{namespace}/{name} is protected" in deleted.stderr for name in ("b-kept", "d-kept")] == [True, True]
    make(kube, place, "a-free", {})
    assert f"{namespace}/b-kept is protected" in refusal(kube, place)
    assert names(kube, place) == {"b-kept", "d-kept"}


def test_protection_hinders_nothing_else(kube: Kube, place: str) -> None:
    """A protected registration is edited as any other, and goes once it is not protected any more."""
    made = make(kube, place, "gpu-east", PROTECTED)

    kube.patch(made, {"spec": {"clusterName": "other"}, "metadata": {"finalizers": ["example.com/held"]}})
    kube.patch(f"{made}/status", {"status": {"state": "Connected"}})
    kube.patch(made, {"metadata": {"finalizers": None}})
    kube.patch(made, {"spec": {"deletionProtection": False}})
    kube.delete(made)

    assert kube.find(made) is None


@pytest.mark.parametrize(
    ("spec", "release"),
    [
        ({}, None),
        ({"deletionProtection": False}, None),
        ({"deletion": {"force": True}}, None),
        (PROTECTED, "orphan"),
        ({}, "orphan"),
    ],
)
def test_what_is_let_through(kube: Kube, namespace: str, place: str, spec: Any, release: str | None) -> None:
    """What is not protected goes, and so does what its cluster is to be given up for; with its namespace as well."""
    for name in ("one", "another"):
        make(kube, place, name, spec, release)

    kube.delete(f"{place}/one")
    kube.delete(f"/api/v1/namespaces/{namespace}", dryRun="All")

    assert names(kube, place) == {"another"}


@pytest.mark.parametrize("release", ["", "Orphan", "true"])
def test_a_mistyped_release_protects(kube: Kube, namespace: str, place: str, release: str) -> None:
    """Only the value orphan releases, here as in the operator."""
    made = make(kube, place, "gpu-east", PROTECTED, release)

    assert "is protected" in refusal(kube, made)
    assert "is protected" in refusal(kube, f"/api/v1/namespaces/{namespace}")


def test_a_namespace_with_a_protected_registration_is_refused(kube: Kube, namespace: str, place: str) -> None:
    """One protected registration among others keeps its namespace, which is told so; without it the namespace goes."""
    for name, spec in {"a-free": {}, "b-kept": PROTECTED, "c-free": {}}.items():
        make(kube, place, name, spec)
    home = f"/api/v1/namespaces/{namespace}"

    for query in ({}, {"dryRun": "All"}, {"gracePeriodSeconds": "0"}, {"propagationPolicy": "Foreground"}):
        assert refusal(kube, home, **query) == (
            f"The namespace {namespace} holds the registration b-kept, which is protected from deletion. Set its "
            "spec.deletionProtection to false to delete it with its cluster; to give the cluster up instead, annotate "
            "it with runai-registrar.io/release=orphan. Then delete the namespace again."
        )
    assert names(kube, place) == {"a-free", "b-kept", "c-free"}

    kube.patch(home, {"metadata": {"labels": {"team": "gpu"}}})
    kube.patch(f"{place}/b-kept", {"spec": {"deletionProtection": False}})
    wait_free(kube, home)


def test_other_namespaces_are_not_concerned(kube: Kube, namespace: str, place: str) -> None:
    """A protected registration keeps its own namespace and no other, with registrations or without any."""
    make(kube, place, "gpu-east", PROTECTED)
    empty, free = f"{namespace}-empty", f"{namespace}-free"
    for name in (empty, free):
        kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    make(kube, registrations_path(free), "gpu-east", {})

    for name in (empty, free):
        assert deleting(kube.delete(f"/api/v1/namespaces/{name}"))

    assert "is protected" in refusal(kube, f"/api/v1/namespaces/{namespace}")


def test_a_control_plane_in_use_is_refused(kube: Kube, plane: str) -> None:
    """With clusters of registrations a control plane stays, and it is said what to do; also in a collection."""
    count(kube, plane, 2)

    for path, query in ((plane, {}), (plane, {"dryRun": "All"}), (CONTROL_PLANES_PATH, {"dryRun": "All"})):
        said = refusal(kube, path, **query)
        assert "is in use: status.clusters.managed is " in said
        assert said.endswith(
            "Delete its registrations first; one with the annotation runai-registrar.io/release=orphan leaves its "
            "cluster behind. The number follows with the next list of clusters."
        )

    assert refusal(kube, plane).startswith(f"The control plane {plane.rpartition('/')[2]} is in use")
    kube.patch(plane, {"spec": {"suspend": True}})
    assert kube.get(plane)["spec"]["suspend"] is True


@pytest.mark.parametrize("managed", [None, 0])
def test_an_idle_control_plane_goes(kube: Kube, plane: str, managed: int | None) -> None:
    """One that was never looked at, or that has only clusters of others, is nobody's to keep."""
    if managed is not None:
        count(kube, plane, managed)

    kube.delete(plane)

    assert kube.find(plane) is None


def test_a_number_that_nobody_brings_up_to_date(kube: Kube, namespace: str, plane: str) -> None:
    """Where no operator counts any more, an administrator corrects the number, and the control plane goes."""
    count(kube, plane, 2)
    corrected = kube.kubectl(
        "patch",
        "runaicp",
        namespace,
        "--subresource=status",
        "--type=merge",
        '--patch={"status":{"clusters":{"managed":0}}}',
    )
    assert corrected.returncode == 0, corrected.stderr

    kube.delete(plane)

    assert kube.find(plane) is None
