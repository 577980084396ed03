"""The Roles that the chart makes of its values, and whom they are bound to."""

from typing import Any

import pytest

from chart.charts import Helm, container, names, one
from kube import Object


def rules(role: Object) -> set[tuple[str, str]]:
    """What a role grants, as (resource, verb)."""
    return {(each, verb) for rule in role["rules"] for each in rule["resources"] for verb in rule["verbs"]}


def test_rights_of_some_namespaces(helm: Helm) -> None:
    """With watchNamespaces nothing is granted everywhere but control planes, and reading the namespaces by name."""
    objects = helm.objects(watchNamespaces=["b", "a"])
    everywhere = one(objects, "ClusterRole", "runai-registrar")

    assert {resource for resource, _ in rules(everywhere)} == {
        "namespaces",
        "runaicontrolplanes",
        "runaicontrolplanes/status",
    }
    assert everywhere["rules"][-1]["resourceNames"] == ["a", "b", "runai-registrar"]
    assert names(objects, "ClusterRoleBinding") == ["runai-registrar"]
    assert (
        names(objects, "RoleBinding")
        == names(objects, "Role")
        == [
            "a/runai-registrar",
            "a/runai-registrar-install-secrets",
            "b/runai-registrar",
            "b/runai-registrar-install-secrets",
            "runai-registrar/runai-registrar-credentials",
        ]
    )
    assert container(objects)["args"][1:3] == ["--namespace=b", "--namespace=a"]


def test_rights_are_the_same_in_sum(helm: Helm) -> None:
    """What is granted in a namespace does not depend on how it is granted."""
    everywhere, limited = helm.objects(), helm.objects(watchNamespaces=["a"])
    of_operator = [one(everywhere, "ClusterRole", f"runai-registrar{each}") for each in ("", "-install-secrets")]
    in_namespace = [each for each in limited if each["kind"] == "Role" and each["metadata"]["namespace"] == "a"]
    in_namespace.append(one(limited, "ClusterRole", "runai-registrar"))

    assert set().union(*map(rules, of_operator)) == set().union(*map(rules, in_namespace))


@pytest.mark.parametrize(
    ("given", "where"),
    [({"enabled": False}, []), ({"namespaces": ["x"]}, ["x/runai-registrar-install-secrets"])],
    ids=["none", "one"],
)
def test_install_secrets_can_be_limited(helm: Helm, given: dict[str, Any], where: list[str]) -> None:
    """The right to write Secrets is granted nowhere, or in some namespaces, while registrations are watched in all."""
    objects = helm.objects(rbac={"installSecrets": given})
    credentials = ["runai-registrar/runai-registrar-credentials"]

    assert names(objects, "Role") == names(objects, "RoleBinding") == sorted(credentials + where)
    assert names(objects, "ClusterRoleBinding") == ["runai-registrar"]


def test_every_binding_has_its_role_and_its_subject(helm: Helm) -> None:
    """No binding leads nowhere, whatever things are called."""
    objects = helm.objects(fullnameOverride="other", namespaceOverride="home", watchNamespaces=["a"])
    subject = {"kind": "ServiceAccount", "name": "other", "namespace": "home"}
    roles = {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in objects}

    for binding in (each for each in objects if each["kind"].endswith("RoleBinding")):
        role, namespace = binding["roleRef"], binding["metadata"].get("namespace")
        assert (role["kind"], namespace, role["name"]) in roles
        assert binding["subjects"] == [subject]
    assert one(objects, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "other"
