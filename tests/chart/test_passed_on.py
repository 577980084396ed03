"""Every value does something, and what is passed on arrives where it is meant to be, whole."""

import json
from typing import Any

import pytest
import yaml

from chart.charts import Helm, names, one
from chart.everything import ALONE, EVERYTHING, nested
from chart.generate import SCHEMA, VALUES, default, leaves
from kube import Object

PATHS = [path for path, _ in leaves(json.loads(SCHEMA.read_text()))]
UNREAD = {"enabled": "The condition of a parent chart, which Helm reads."}
"""Values that change nothing in what is rendered, and why."""

NEEDS = dict.fromkeys(("networkPolicy.ingress", "networkPolicy.egress"), "--set=networkPolicy.enabled=true")
"""What else must be set for a value to matter."""

POD = "Deployment/spec/template/spec"
CONTAINER = f"{POD}/containers/0"
PLACES = {
    "commonLabels": "NetworkPolicy/metadata/labels",
    "commonAnnotations": "NetworkPolicy/metadata/annotations",
    "image.pullPolicy": f"{CONTAINER}/imagePullPolicy",
    "healthPort": f"{CONTAINER}/ports/0/containerPort",
    "serviceAccount.name": f"{POD}/serviceAccountName",
    "serviceAccount.annotations": "ServiceAccount/metadata/annotations",
    "serviceAccount.automount": f"{POD}/automountServiceAccountToken",
    "networkPolicy.ingress": "NetworkPolicy/spec/ingress",
    "networkPolicy.egress": "NetworkPolicy/spec/egress",
    "podAnnotations": "Deployment/spec/template/metadata/annotations",
    "podLabels": "Deployment/spec/template/metadata/labels",
    "podSecurityContext": f"{POD}/securityContext",
    "livenessProbe": f"{CONTAINER}/livenessProbe",
    "readinessProbe": f"{CONTAINER}/readinessProbe",
    "revisionHistoryLimit": "Deployment/spec/revisionHistoryLimit",
    "extraEnvFrom": f"{CONTAINER}/envFrom",
    "extraVolumes": f"{POD}/volumes",
    "extraVolumeMounts": f"{CONTAINER}/volumeMounts",
    **{name: f"{CONTAINER}/{name}" for name in ("securityContext", "resources")},
    **{name: f"{POD}/{name}" for name in ("terminationGracePeriodSeconds", "nodeSelector", "tolerations", "affinity")},
    **{name: f"{POD}/{name}" for name in ("topologySpreadConstraints", "priorityClassName", "runtimeClassName")},
    **{name: f"{POD}/{name}" for name in ("hostAliases", "dnsPolicy", "dnsConfig")},
}
"""Where in what object a value goes as it stands; a map may find company there."""

ARGUMENTS = {
    "operator.workers": "workers",
    "operator.settle": "settle",
    "operator.freshness": "freshness",
    "operator.requestTimeout": "request-timeout",
    "operator.listLag": "list-lag",
    "log.level": "log-level",
    "log.format": "log-format",
    "healthPort": "health-port",
}
"""The values that are arguments of the operator."""

ELSEWHERE = {
    *("global.imageRegistry", "image.registry", "image.repository", "image.tag", "image.digest"),
    *("nameOverride", "fullnameOverride", "namespaceOverride", "watchNamespaces", "controlPlanes"),
    *("crds.enabled", "crds.keep", "crds.annotations", "policies.enabled", "networkPolicy.enabled"),
    *("serviceAccount.create", "rbac.create", "rbac.installSecrets.enabled", "rbac.installSecrets.namespaces"),
    *("rbac.aggregateToView", "rbac.aggregateToEdit"),
    *("global.imagePullSecrets", "imagePullSecrets", "extraArgs", "extraEnv", "extraObjects"),
}
"""Values of which more is made; they have tests of their own (the last line below, the others in other files)."""


def set_to(path: str) -> Any:
    """Another value than the default."""
    return ALONE[path] if path in ALONE else default(path, EVERYTHING)


def found(objects: list[Object], place: str) -> Any:
    """What is at a place, in the one object of the kind that it begins with."""
    kind, *steps = place.split("/")
    here: Any = one(objects, kind)
    for step in steps:
        here = here[int(step)] if isinstance(here, list) else here[step]
    return here


@pytest.mark.parametrize("path", [path for path in PATHS if path not in UNREAD])
def test_every_value_does_something(helm: Helm, path: str) -> None:
    """Set to something else than its default, a value changes what is rendered."""
    assert set_to(path) != default(path, yaml.safe_load(VALUES.read_text()))
    needed = [NEEDS[path]] if path in NEEDS else []

    assert helm.objects(*needed, **nested(path, set_to(path))) != helm.objects(*needed)


@pytest.mark.parametrize("path", PLACES)
def test_it_arrives_where_it_is_meant_to_be(helm: Helm, path: str) -> None:
    """What is for the pod or another object is there as it was given."""
    wanted, seen = default(path, EVERYTHING), found(helm.objects(**EVERYTHING), PLACES[path])

    assert (wanted.items() <= seen.items()) if isinstance(wanted, dict) else (seen == wanted)


def test_no_value_has_no_place() -> None:
    """Each value is one that is passed on here, or is looked at by another test."""
    known = PLACES.keys() | ARGUMENTS.keys() | ELSEWHERE | UNREAD.keys()

    assert [path for path in PATHS if not {path, path.rpartition(".")[0]} & known] == []
    assert set(PATHS) >= ELSEWHERE


def test_arguments(helm: Helm) -> None:
    """Settings are arguments; those of one's own come last, so that they win."""
    arguments = found(helm.objects(**EVERYTHING), f"{CONTAINER}/args")

    assert arguments[0] == "operator"
    assert set(arguments[1:-1]) == {f"--{name}={default(path, EVERYTHING)}" for path, name in ARGUMENTS.items()}
    assert arguments[-1:] == EVERYTHING["extraArgs"]


def test_the_rest_of_the_pod(helm: Helm) -> None:
    """Pull secrets are those of all charts and its own; variables are the namespace and its own, and no Service's."""
    objects = helm.objects(**EVERYTHING)

    assert found(objects, f"{POD}/imagePullSecrets") == [{"name": "of-all-charts"}, {"name": "registry"}]
    assert found(objects, f"{POD}/enableServiceLinks") is False
    assert [each["name"] for each in found(objects, f"{CONTAINER}/env")] == ["RUNAI_REGISTRAR_OPERATOR_NAMESPACE", "TZ"]
    assert found(objects, f"{CONTAINER}/env/1") == EVERYTHING["extraEnv"][0]


def test_network_policy_is_about_both_directions(helm: Helm) -> None:
    """By default it lets in the probes and out to DNS, the API server and control planes; all else is shut off."""
    defaults = yaml.safe_load(VALUES.read_text())["networkPolicy"]
    policy = one(helm.objects(networkPolicy={"enabled": True}), "NetworkPolicy")["spec"]

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert (policy["ingress"], policy["egress"]) == (defaults["ingress"], defaults["egress"])
    assert policy["ingress"] == [{"ports": [{"protocol": "TCP", "port": "health"}]}]
    assert {each["port"] for each in policy["egress"][0]["ports"]} == {53, 443, 6443}


def test_further_objects_are_templates(helm: Helm) -> None:
    """Objects of one's own are rendered with the others, and what is a template in them is evaluated."""
    assert names(helm.objects(**EVERYTHING), "ConfigMap") == ["runai-registrar/more"]


@pytest.mark.parametrize("watched", [[], ["a", "b"]], ids=["all namespaces", "two"])
def test_both_helms_make_the_same(each_helm: Helm, helm: Helm, watched: list[str]) -> None:
    """With every value set, too."""
    assert each_helm.objects(**EVERYTHING, watchNamespaces=watched) == helm.objects(
        **EVERYTHING, watchNamespaces=watched
    )
