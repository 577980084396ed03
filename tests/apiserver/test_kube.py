"""The words that other tests use: objects by path, waiting, kubectl, and the audit log as the judge."""

from pathlib import Path

import pytest

from kube import Kube, KubeError
from runai_registrar.apiserver import Server, connect


def config_maps(namespace: str, name: str = "") -> str:
    """The path of a namespace's config maps, or of one."""
    return f"/api/v1/namespaces/{namespace}/configmaps/{name}".rstrip("/")


def test_object_from_creation_to_deletion(kube: Kube, namespace: str) -> None:
    """An object is created, changed in each way, listed, deleted, and then is gone."""
    path = config_maps(namespace, "one")
    made = kube.create(config_maps(namespace), {"metadata": {"name": "one"}, "data": {"a": "1"}})

    kube.patch(path, {"data": {"b": "2"}})
    kube.patch(path, [{"op": "remove", "path": "/data/a"}], kind="json")
    assert kube.get(path)["data"] == {"b": "2"}

    with pytest.raises(KubeError) as caught:
        kube.replace(path, made)
    assert caught.value.code == 409

    listed = kube.items(config_maps(namespace), fieldSelector="metadata.name=one")
    assert [each["data"] for each in listed] == [{"b": "2"}]
    kube.delete(path)
    kube.wait_gone(path)
    assert kube.find(path) is None


def test_waiting_returns_the_object(kube: Kube, namespace: str) -> None:
    """What was waited for is what is returned."""
    kube.create(config_maps(namespace), {"metadata": {"name": "one"}, "data": {"a": "1"}})

    seen = kube.wait_for(config_maps(namespace, "one"), lambda each: each["data"]["a"] == "1")

    assert seen["metadata"]["name"] == "one"


def test_waiting_in_vain_shows_the_object(kube: Kube, namespace: str) -> None:
    """A wait that fails says for what, how long, and what was last seen."""
    kube.create(config_maps(namespace), {"metadata": {"name": "one"}, "data": {"colour": "blue"}})

    with pytest.raises(AssertionError, match=r"(?s)was not red after 0.1 s.*colour: blue"):
        kube.wait_for(config_maps(namespace, "one"), lambda each: each["data"]["colour"] == "red", 0.1, "red")


def test_waiting_for_nothing_says_nothing(kube: Kube, namespace: str) -> None:
    """A wait for an object that never comes says so."""
    with pytest.raises(AssertionError, match=r"(?s)Last seen:\nnothing"):
        kube.wait_for(config_maps(namespace, "none"), bool, 0.1)


def test_waiting_for_an_object_to_go_shows_it(kube: Kube, namespace: str) -> None:
    """A wait for an object that stays shows it."""
    kube.create(config_maps(namespace), {"metadata": {"name": "one"}})

    with pytest.raises(AssertionError, match=r"(?s)still there after 0.1 s.*name: one"):
        kube.wait_gone(config_maps(namespace, "one"), 0.1)


def test_kubectl_talks_to_the_same_server(kube: Kube, namespace: str) -> None:
    """The real kubectl sees what the test made, and its failures are for the test to judge."""
    kube.create(config_maps(namespace), {"metadata": {"name": "one"}})

    seen = kube.kubectl("get", "configmap", "one", "-n", namespace, "-o", "name")
    failed = kube.kubectl("apply", "-n", namespace, "-f", "-", stdin="kind: Nothing")

    assert (seen.returncode, seen.stdout) == (0, "configmap/one\n")
    assert failed.returncode == 1
    assert "apiVersion not set" in failed.stderr


def test_namespaces_are_fresh(kube: Kube, namespace: str) -> None:
    """A test's namespace is there and has nothing in it."""
    assert kube.get(f"/api/v1/namespaces/{namespace}")["status"]["phase"] == "Active"
    assert kube.items(f"/api/v1/namespaces/{namespace}/secrets") == []


def test_audit_log_tells_who_did_what(kube: Kube, namespace: str) -> None:
    """Each request is in the log with verb, object, user, client and code by the time its answer is here."""
    kube.create(config_maps(namespace), {"metadata": {"name": "one"}})
    kube.patch(config_maps(namespace, "one"), {"data": {"a": "1"}})
    kube.kubectl("get", "configmap", "two", "-n", namespace)

    create, patch, get = kube.requests(namespace=namespace, resource="configmaps", user="test-admin")

    assert (create.verb, create.name, create.code, create.is_write) == ("create", "one", 201, True)
    assert (patch.verb, patch.name, patch.code, patch.user) == ("patch", "one", 200, "test-admin")
    assert patch.user_agent.startswith("python-httpx/")
    assert (get.verb, get.name, get.code, get.is_write) == ("get", "two", 404, False)
    assert get.user_agent.startswith("kubectl/")


def test_writes_are_counted(kube: Kube, namespace: str) -> None:
    """Writes are counted by verb and target, subresources apart, reads left out."""
    kube.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})
    kube.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/robot/token", {"spec": {}})
    kube.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/robot")

    counts = kube.request_counts(namespace=namespace, name="robot", is_write=True, user="test-admin")

    assert counts == {("create", "serviceaccounts"): 1, ("create", "serviceaccounts/token"): 1}


def test_open_watch_is_one_request(kube: Kube, namespace: str) -> None:
    """A watch is counted once, while it is open and when it has ended."""
    query = {"watch": "true", "timeoutSeconds": "1"}
    with kube.client.stream("GET", config_maps(namespace), params=query) as answer:
        assert kube.request_counts(namespace=namespace, verb="watch") == {("watch", "configmaps"): 1}
        answer.read()

    assert kube.request_counts(namespace=namespace, verb="watch") == {("watch", "configmaps"): 1}


def test_service_account_has_its_own_rights(kube: Kube, namespace: str, tmp_path: Path) -> None:
    """A kubeconfig of a service account logs in as it, with no more than RBAC grants it."""
    kube.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})

    with connect(kube.kubeconfig_as(namespace, "robot", tmp_path)) as robot:
        refusal = robot.get(config_maps(namespace)).json()["message"]

    assert f'User "system:serviceaccount:{namespace}:robot" cannot list resource "configmaps"' in refusal


def test_controllers_collect_what_has_lost_its_owner(controllers: Server, kube: Kube, namespace: str) -> None:
    """With the controllers running an object goes after its owner."""
    owner = kube.create(config_maps(namespace), {"metadata": {"name": "owner"}})
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    kube.create(config_maps(namespace), {"metadata": {"name": "owned", "ownerReferences": [reference]}})

    kube.delete(config_maps(namespace, "owner"))

    kube.wait_gone(config_maps(namespace, "owned"), timeout=30)
    assert controllers is kube.server


@pytest.mark.usefixtures("controllers")
def test_controllers_delete_namespaces(kube: Kube) -> None:
    """With the controllers running a deleted namespace ends."""
    kube.create("/api/v1/namespaces", {"metadata": {"name": "short-lived"}})

    kube.delete("/api/v1/namespaces/short-lived")

    kube.wait_gone("/api/v1/namespaces/short-lived", timeout=30)
