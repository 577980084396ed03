"""The examples for Argo CD and Flux: what they name is there, in the order in which it is needed."""

import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from gitops.examples import EXAMPLES, GITOPS, named, registration, wave, written
from kube import Object
from runai_registrar.core.installed import KEYS

CHART_VALUES = {"controlPlane": {"url", "existingSecret", "secretKeys"}, "cluster": {"uid", "url"}}


def text() -> Object:
    """Return the schema of a text that says something."""
    return {"type": "string", "minLength": 1}


def fields(required: str = "", **known: Any) -> Object:
    """Return the schema of an object with these fields and no others."""
    return {"type": "object", "properties": known, "required": required.split(), "additionalProperties": False}


def listed(item: Object) -> Object:
    """Return the schema of a list of these, not empty."""
    return {"type": "array", "items": item, "minItems": 1}


TIME = {"type": "string", "pattern": "^([0-9]+[smh])+$"}
FLAG = {"type": "boolean"}
REFERENCE = fields("kind name", kind=text(), name=text())
SOURCE = fields(
    "repoURL targetRevision",
    **{name: text() for name in ("repoURL", "targetRevision", "path", "chart")},
    helm=fields(releaseName=text(), valuesObject={"type": "object"}),
)
SYNC = fields(
    automated=fields(prune=FLAG, selfHeal=FLAG),
    syncOptions=listed(text()),
    retry=fields(
        limit={"type": "integer"}, backoff=fields(duration=TIME, factor={"type": "integer"}, maxDuration=TIME)
    ),
)
REMEDIATION = fields(createNamespace=FLAG, remediation=fields(retries={"type": "integer"}))
CHART_OF = fields(
    "chart sourceRef",
    chart=text(),
    version=text(),
    reconcileStrategy={"enum": ["ChartVersion", "Revision"]},
    sourceRef=REFERENCE,
)
CHECKED = {"apiVersion": text(), "kind": text()}
SPECS = {
    ("argoproj.io/v1alpha1", "Application"): fields(
        "project source destination",
        project=text(),
        source=SOURCE,
        destination=fields("server namespace", server=text(), namespace=text()),
        syncPolicy=SYNC,
    ),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"): fields(
        "interval url", interval=TIME, url=text(), ref=fields(branch=text())
    ),
    ("source.toolkit.fluxcd.io/v1", "OCIRepository"): fields(
        "interval url", interval=TIME, url={"type": "string", "pattern": "^oci://"}, ref=fields(tag=text())
    ),
    ("source.toolkit.fluxcd.io/v1", "HelmRepository"): fields("url", interval=TIME, url=text()),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"): fields(
        "interval prune sourceRef",
        interval=TIME,
        retryInterval=TIME,
        timeout=TIME,
        path=text(),
        prune=FLAG,
        wait=FLAG,
        deletionPolicy={"enum": ["MirrorPrune", "Delete", "WaitForTermination", "Orphan"]},
        dependsOn=listed(fields("name", name=text())),
        sourceRef=REFERENCE,
        healthChecks=listed(fields("kind name", **CHECKED, name=text(), namespace=text())),
        healthCheckExprs=listed(fields("apiVersion kind current", **CHECKED, current=text())),
    ),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"): fields(
        "interval chart",
        interval=TIME,
        timeout=TIME,
        releaseName=text(),
        targetNamespace=text(),
        install=REMEDIATION,
        upgrade=REMEDIATION,
        chart=fields("spec", spec=CHART_OF),
        values={"type": "object"},
        valuesFrom=listed(fields("kind name", kind={"enum": ["Secret"]}, name=text(), valuesKey=text())),
    ),
}
"""The fields that the examples use, as the CRDs of Argo CD and Flux had them in August 2026."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_well_formed(path: Path) -> None:
    """Each manifest has a known kind, the fields of that kind and no others."""
    for one in written(path):
        jsonschema.validate(one["spec"], SPECS[one["apiVersion"], one["kind"]])
        assert one.keys() == {"apiVersion", "kind", "metadata", "spec"}
        assert {"name", "namespace"} <= one["metadata"].keys() <= {"name", "namespace", "annotations", "finalizers"}


def test_waves_are_in_order() -> None:
    """The control plane and the namespace come before the registration, and the registration before the chart."""
    before = [wave(one) for one in GITOPS if one["kind"] in ("RunaiControlPlane", "Namespace")]
    chart = [named("Application")["gpu-east-runai-cluster"], *named("HelmRepository").values()]
    after = [wave(one) for one in (*chart, named("HelmRelease")["runai-cluster"])]

    assert wave(named("Application")["runai-registrar"]) < min(before)
    assert max(before) < wave(registration()) < min(after)


def test_flux_waits_for_the_registration() -> None:
    """The Kustomization of the chart depends on one that waits, and every name that is depended on is there."""
    steps = named("Kustomization")
    needs = {name: [each["name"] for each in one["spec"].get("dependsOn", [])] for name, one in steps.items()}

    assert needs == {
        "runai-registrar": [],
        "gpu-east-registration": ["runai-registrar"],
        "gpu-east-runai-cluster": ["gpu-east-registration"],
        "gpu-east-workloads": ["gpu-east-runai-cluster"],
    }
    assert [name for name in ("runai-registrar", "gpu-east-registration") if not steps[name]["spec"]["wait"]] == []
    assert {one["spec"]["sourceRef"]["name"] for one in steps.values()} == set(named("OCIRepository"))
    assert {*named("GitRepository")} == {*named("OCIRepository"), "runai-registrar"}


def test_flux_reads_the_install_secret() -> None:
    """The HelmRelease takes its values from the Secret of the registration: its name, its namespace, a key it has."""
    release = named("HelmRelease")["runai-cluster"]
    (values,) = release["spec"]["valuesFrom"]
    wanted = registration()

    assert values["name"] == wanted["spec"]["installSecret"]["name"]
    assert values["valuesKey"] in KEYS
    assert release["metadata"]["namespace"] == wanted["metadata"]["namespace"]
    assert release["spec"]["chart"]["spec"]["version"] == wanted["spec"]["version"]
    assert release["spec"]["chart"]["spec"]["sourceRef"]["name"] in named("HelmRepository")


def test_flux_asks_for_the_connection_of_this_registration() -> None:
    """What comes after the connection is held back by the registration's own condition."""
    spec = named("Kustomization")["gpu-east-workloads"]["spec"]
    (check,), (expression,) = spec["healthChecks"], spec["healthCheckExprs"]
    wanted = registration()

    assert {**check, **expression} == {
        **{key: wanted[key] for key in ("apiVersion", "kind")},
        **{key: wanted["metadata"][key] for key in ("name", "namespace")},
        "current": expression["current"],
    }
    assert re.findall(r"'(\w+)'", expression["current"]) == ["Connected", "True"]


def test_argo_feeds_the_chart_without_a_secret() -> None:
    """The chart's Application names the Secret and its key; the values fit the registration, and none is secret."""
    spec = named("Application")["gpu-east-runai-cluster"]["spec"]
    values, wanted = spec["source"]["helm"]["valuesObject"], registration()

    assert {name: part.keys() for name, part in values.items()} == CHART_VALUES
    assert values["controlPlane"]["existingSecret"] == wanted["spec"]["installSecret"]["name"]
    assert set(values["controlPlane"]["secretKeys"].values()) <= KEYS
    assert spec["destination"]["namespace"] == wanted["metadata"]["namespace"]
    assert values["cluster"]["url"] == wanted["spec"]["domain"]
    assert spec["source"]["targetRevision"] == wanted["spec"]["version"]
