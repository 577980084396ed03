"""The YAML of an export: any reader finds in it exactly what the control plane shows, or nothing."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from export.clusters import ODD, TEXTS, cluster, read, uuid
from runai_registrar.gitops.manifest import Choice, document, fits
from runai_registrar.gitops.naming import label
from runai_registrar.gitops.reading import read as read_registrations
from runai_registrar.resources import Mode, OnDrift

SCALAR = re.compile(r"^ *(?:name|namespace|clusterName|domain|version|uuid): (.*)$", re.MULTILINE)
BEYOND_DOUBT = re.compile(r'"(?:[^"\\]|\\.)*"|[a-z]+(-[a-z0-9]+)+|https://[a-z0-9.-]+|[0-9a-f-]{36}')


def test_what_an_export_looks_like() -> None:
    """The whole of it: created when, named as it is, observed, adopted by uuid."""
    made = cluster("GPU East", domain="https://gpu-east.example.com", version="2.24.18")

    assert document(made, "gpu-east", Choice("eu", "platform")) == (
        "# Created 2026-01-01T00:00:00Z\n"
        "apiVersion: runai-registrar.io/v1alpha1\n"
        "kind: RunaiClusterRegistration\n"
        "metadata:\n"
        "  name: gpu-east\n"
        '  namespace: "platform"\n'
        "spec:\n"
        "  controlPlaneRef:\n"
        '    name: "eu"\n'
        '  clusterName: "GPU East"\n'
        "  domain: https://gpu-east.example.com\n"
        '  version: "2.24.18"\n'
        "  mode: Observe\n"
        "  adopt:\n"
        f"    uuid: {uuid(0)}\n"
    )


@given(name=TEXTS, domain=st.none() | TEXTS, version=st.none() | TEXTS, mode=st.sampled_from(Mode))
def test_yaml_round_trip(name: str, domain: str | None, version: str | None, mode: Mode) -> None:
    """Read back, the registration asks for what is displayed, or leaves alone what cannot be asked for."""
    made = cluster(name, domain=domain, version=version)
    text = document(made, label(name), Choice(mode=mode))

    (registration,) = read_registrations(text, "it")
    spec = registration.spec

    assert registration.name == label(name)
    assert registration.cluster_name == name or spec.on_drift is OnDrift.REPORT
    assert spec.domain == (domain if domain and fits("domain", domain) else None)
    assert spec.version == (version if version and fits("version", version) else None)
    assert (spec.mode, spec.adopt.uuid if spec.adopt else None) == (mode, made.uuid)


@given(name=TEXTS, domain=TEXTS, version=TEXTS)
def test_nothing_is_open_to_interpretation(name: str, domain: str, version: str) -> None:
    """Every text of somebody else is in double quotes or beyond doubt, one line each; comments are printable."""
    text = document(cluster(name, domain=domain, version=version), label(name), Choice(namespace="yes"))

    assert all(BEYOND_DOUBT.fullmatch(scalar) for scalar in SCALAR.findall(text))
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("state", ["Connected", "a\nkind: Secret", "\x1b[2J"])
def test_the_state_is_a_comment_that_stays_one(state: str) -> None:
    """Only where it is asked for, and never more than a comment."""
    made = cluster("gpu", status={"state": state}).model_validate(
        {"uuid": uuid(0), "tenantId": 1, "name": "gpu", "createdAt": "2026-01-01T00:00:00Z", "status": {"state": state}}
    )

    assert read(document(made, "gpu", Choice(state=True))) == read(document(made, "gpu", Choice()))
    assert document(made, "gpu", Choice(state=True)).startswith("# Created 2026-01-01T00:00:00Z, ")
    assert "," not in document(made, "gpu", Choice())


def test_a_name_that_cannot_stand_is_told_and_left_alone() -> None:
    """The comment quotes it; onDrift: Report keeps Manage from renaming the cluster."""
    text = document(cluster("a\nb"), "a-b", Choice())

    assert '# The control plane shows a clusterName that no registration can have: "a\\nb"' in text
    assert yaml.safe_load(text)["spec"]["onDrift"] == "Report"
    assert "clusterName" not in yaml.safe_load(text)["spec"]


def test_odd_texts_are_odd_enough() -> None:
    """Among the odd texts are some that fit and some that do not, for each field."""
    assert {field: {fits(field, text) for text in ODD} for field in ("clusterName", "domain", "version")} == {
        field: {True, False} for field in ("clusterName", "domain", "version")
    }
