"""The API server itself refuses wrong registrations, in plain sentences."""

from typing import Any

import pytest

from crds.objects import OTHER_UUID, UUID, registered, registration, registrations_path
from kube import Kube, KubeError

BLANKS = "must not be empty, begin or end with a blank, or contain control characters."
DOMAIN_BLANKS = "spec.domain: Invalid value: {}: domain must not be empty or contain blanks or control characters."
TIMEOUT = "timeout must be a duration such as 90s, 10m or 1h30m, more than 0s and at most 720h."
UUIDS = "uuid must be a uuid in lower case, such as 3f2b6c1e-8d94-4a57-9c0b-5e7d1f2a3b4c."

REFUSED: dict[str, tuple[Any, str]] = {
    "no spec": (None, "spec: Required value"),
    "empty cluster name": ({"clusterName": ""}, f'spec.clusterName: Invalid value: "": clusterName {BLANKS}'),
    "cluster name with a blank before": ({"clusterName": " x"}, f"clusterName {BLANKS}"),
    "cluster name with a blank after": ({"clusterName": "x\u00a0"}, f"clusterName {BLANKS}"),
    "cluster name with a newline": ({"clusterName": "x\ny"}, f"clusterName {BLANKS}"),
    "cluster name with an escape": ({"clusterName": "x\x1b[31my"}, f"clusterName {BLANKS}"),
    "cluster name that writes backwards": ({"clusterName": "x\u202ey"}, f"clusterName {BLANKS}"),
    "long cluster name": ({"clusterName": "x" * 254}, "spec.clusterName: Too long: may not be more than 253"),
    "empty domain": ({"domain": ""}, DOMAIN_BLANKS.format('""')),
    "domain with a blank": ({"domain": "a b"}, DOMAIN_BLANKS.format('"a b"')),
    "long domain": ({"domain": "x" * 254}, "spec.domain: Too long: may not be more than 253"),
    "version as a number": ({"version": 2.24}, "spec.version: Invalid value: "),
    "version with a newline": (
        {"version": "2.24\n"},
        "version must not be empty or contain blanks",
    ),
    "long version": ({"version": "2" * 51}, "spec.version: Too long: may not be more than 50"),
    "unknown mode": ({"mode": "Watch"}, 'spec.mode: Unsupported value: "Watch": supported values: "Manage", "Observe"'),
    "unknown drift word": ({"onDrift": "Ignore"}, 'supported values: "Correct", "Report"'),
    "unknown missing word": ({"onMissing": "Ignore"}, 'supported values: "Recreate", "Report"'),
    "suspend as a text": ({"suspend": "yes"}, "spec.suspend: Invalid value: "),
    "reference with capitals": (
        {"controlPlaneRef": {"name": "EU"}},
        "name must be the name of a RunaiControlPlane, made of lower-case letters, digits, '-' and '.'.",
    ),
    "adopt both": ({"adopt": {"uuid": UUID, "byName": True}}, "adopt must have exactly one of uuid and byName."),
    "adopt neither": ({"adopt": {}}, "adopt must have exactly one of uuid and byName."),
    "adopt byName false": (
        {"adopt": {"byName": False}},
        "spec.adopt.byName: Invalid value: false: byName can only be true. Leave adopt out to adopt nothing.",
    ),
    "adopt an upper-case uuid": ({"adopt": {"uuid": UUID.upper()}}, UUIDS),
    "adopt a uuid in braces": ({"adopt": {"uuid": f"{{{UUID}}}"}}, UUIDS),
    "adopt no uuid": ({"adopt": {"uuid": ""}}, UUIDS),
    "timeout of words": ({"deletion": {"timeout": "soon"}}, TIMEOUT),
    "timeout without unit": ({"deletion": {"timeout": "90"}}, TIMEOUT),
    "timeout of days": ({"deletion": {"timeout": "1d"}}, TIMEOUT),
    "timeout with a fraction": ({"deletion": {"timeout": "1.5h"}}, TIMEOUT),
    "timeout of nothing": ({"deletion": {"timeout": "0s"}}, TIMEOUT),
    "negative timeout": ({"deletion": {"timeout": "-5m"}}, TIMEOUT),
    "timeout over the limit": ({"deletion": {"timeout": "720h1s"}}, TIMEOUT),
    "unknown policy": ({"deletion": {"policy": "Keep"}}, 'supported values: "Delete", "Orphan"'),
    "unknown timeout word": ({"deletion": {"onTimeout": "Retry"}}, 'supported values: "Wait", "Force", "Orphan"'),
    "secret without a name": ({"installSecret": {}}, "spec.installSecret.name: Required value"),
    "secret of another namespace": (
        {"installSecret": {"name": "other/secret"}},
        "name must be the name of a Secret, made of lower-case letters, digits, '-' and '.'.",
    ),
}

ACCEPTED: dict[str, Any] = {
    "nothing": {},
    "cluster name with blanks inside": {"clusterName": "GPU East 1"},
    "cluster name in another script": {"clusterName": "グラフィック"},
    "longest cluster name": {"clusterName": "x" * 253},
    "domain as an address": {"domain": "https://gpu-east.example.com:8443/path"},
    "domain as a host": {"domain": "gpu-east.example.com"},
    "version": {"version": "2.24.18"},
    "version with a suffix": {"version": "v3.0.0-rc.1+build"},
    "adopt by uuid": {"adopt": {"uuid": UUID}},
    "adopt by name": {"adopt": {"byName": True}},
    "empty reference": {"controlPlaneRef": {}},
    "reference": {"controlPlaneRef": {"name": "eu.production-1"}},
    "orphan with force, which loses": {"deletion": {"policy": "Orphan", "force": True}},
    "shortest timeout": {"deletion": {"timeout": "1s"}},
    "longest timeout": {"deletion": {"timeout": "720h"}},
    "timeout of parts": {"deletion": {"timeout": "1h30m15s", "onTimeout": "Orphan"}},
    "install secret": {"installSecret": {"name": "gpu-east-install"}},
}

DOMAIN = "spec.domain: Forbidden: domain cannot be changed once the cluster is registered, because"
ADOPTED = "spec.adopt.uuid: Forbidden: this registration already holds another cluster. Orphan it"
REFERENCE = "spec.controlPlaneRef: Forbidden: controlPlaneRef cannot be changed, because a cluster cannot move"

REFUSED_CHANGES: dict[str, tuple[Any, str | None, Any, str]] = {
    "another domain": ({"domain": "a"}, UUID, {"domain": "b"}, DOMAIN),
    "domain removed": ({"domain": "a"}, UUID, {}, DOMAIN),
    "domain set late": ({}, UUID, {"domain": "a"}, DOMAIN),
    "adopt another cluster": ({}, UUID, {"adopt": {"uuid": OTHER_UUID}}, ADOPTED),
    "adopt another cluster instead": ({"adopt": {"uuid": UUID}}, UUID, {"adopt": {"uuid": OTHER_UUID}}, ADOPTED),
    "adopt another cluster than by name": ({"adopt": {"byName": True}}, UUID, {"adopt": {"uuid": OTHER_UUID}}, ADOPTED),
    "another control plane": (
        {"controlPlaneRef": {"name": "a"}},
        None,
        {"controlPlaneRef": {"name": "b"}},
        REFERENCE,
    ),
    "reference removed": ({"controlPlaneRef": {"name": "a"}}, None, {}, REFERENCE),
    "reference added": ({}, None, {"controlPlaneRef": {"name": "b"}}, REFERENCE),
    "reference emptied": ({"controlPlaneRef": {"name": "a"}}, None, {"controlPlaneRef": {}}, REFERENCE),
}

ACCEPTED_CHANGES: dict[str, tuple[Any, str | None, Any]] = {
    "domain corrected before there is a cluster": ({"domain": "a"}, None, {"domain": "b"}),
    "domain removed before there is a cluster": ({"domain": "a"}, None, {}),
    "something else beside a domain": ({"domain": "a"}, UUID, {"domain": "a", "version": "2.25"}),
    "adopt what is held": ({}, UUID, {"adopt": {"uuid": UUID}}),
    "stop adopting": ({"adopt": {"uuid": UUID}}, UUID, {}),
    "something else beside an old adopt": (
        {"adopt": {"uuid": OTHER_UUID}},
        UUID,
        {"adopt": {"uuid": OTHER_UUID}, "suspend": True},
    ),
    "default named": ({}, UUID, {"controlPlaneRef": {"name": "default"}}),
    "default left out": ({"controlPlaneRef": {"name": "default"}}, UUID, {}),
    "everything else": (
        {"clusterName": "a", "version": "1"},
        UUID,
        {"clusterName": "b", "version": "2", "mode": "Observe", "deletion": {"policy": "Orphan"}},
    ),
}


@pytest.mark.case(
    "S-08",
    injected="cluster names with a line break, an escape, backward writing, too long",
    outcome="refused by the API server",
)
@pytest.mark.case("S-05", injected="an install Secret named `other/secret`", outcome="refused by the API server")
@pytest.mark.parametrize(("spec", "sentence"), REFUSED.values(), ids=list(REFUSED))
def test_refused(kube: Kube, namespace: str, spec: Any, sentence: str) -> None:
    """A wrong spec is refused with a sentence that says what is right."""
    with pytest.raises(KubeError) as refused:
        kube.create(f"{registrations_path(namespace)}?dryRun=All", registration(spec))

    assert refused.value.code == 422
    assert sentence in refused.value.message


@pytest.mark.parametrize("spec", ACCEPTED.values(), ids=list(ACCEPTED))
def test_accepted(kube: Kube, namespace: str, spec: Any) -> None:
    """A right spec is accepted and comes back as it was written: nothing is defaulted."""
    created = kube.create(f"{registrations_path(namespace)}?dryRun=All", registration(spec))

    assert created["spec"] == spec


@pytest.mark.parametrize(("before", "uuid", "after", "sentence"), REFUSED_CHANGES.values(), ids=list(REFUSED_CHANGES))
def test_refused_changes(kube: Kube, namespace: str, before: Any, uuid: str | None, after: Any, sentence: str) -> None:
    """A change that the control plane cannot follow is refused, once and in plain words."""
    path = registered(kube, namespace, before, uuid)

    with pytest.raises(KubeError) as refused:
        kube.replace(path, kube.get(path) | {"spec": after})

    assert refused.value.code == 422
    assert refused.value.message.count(sentence) == 1


@pytest.mark.parametrize(("before", "uuid", "after"), ACCEPTED_CHANGES.values(), ids=list(ACCEPTED_CHANGES))
def test_accepted_changes(kube: Kube, namespace: str, before: Any, uuid: str | None, after: Any) -> None:
    """Everything else may change, and what means the same is no change."""
    path = registered(kube, namespace, before, uuid)

    assert kube.replace(path, kube.get(path) | {"spec": after})["spec"] == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"domain": "a"}, {"domain": "b"}),
        ({"domain": "a"}, {}),
        ({}, {"domain": "a"}),
        ({"adopt": {"uuid": UUID}}, {"adopt": {"uuid": OTHER_UUID}}),
    ],
    ids=["domain corrected", "domain removed", "domain set", "another one to adopt"],
)
def test_what_is_only_observed_locks_nothing(kube: Kube, namespace: str, before: Any, after: Any) -> None:
    """A registration that shows a cluster without holding it, as Observe does, may still be corrected."""
    path = registered(kube, namespace, {"mode": "Observe", **before}, origin=None)

    assert kube.replace(path, kube.get(path) | {"spec": after})["spec"] == after


def test_one_sentence_per_mistake(kube: Kube, namespace: str) -> None:
    """A wrong duration is answered by its own sentence alone, without patterns or conversion errors."""
    with pytest.raises(KubeError) as refused:
        kube.create(registrations_path(namespace), registration({"deletion": {"timeout": "soon"}}))

    assert refused.value.message.endswith(f'spec.deletion.timeout: Invalid value: "soon": {TIMEOUT}')


def test_names_fit_into_labels(kube: Kube, namespace: str) -> None:
    """A name of 63 characters is accepted, a longer one refused with the reason."""
    kube.create(registrations_path(namespace), registration({}, name="x" * 63))

    with pytest.raises(KubeError, match=r"metadata.name must be at most 63 characters, because it becomes a label va"):
        kube.create(registrations_path(namespace), registration({}, name="x" * 64))


@pytest.mark.parametrize("where", ["spec", "deletion"])
def test_unknown_fields(kube: Kube, namespace: str, where: str) -> None:
    """A mistyped field is refused by name instead of being dropped."""
    spec: Any = {"deletionPolicy": "Orphan"} if where == "spec" else {"deletion": {"polcy": "Orphan"}}
    with pytest.raises(KubeError, match="strict decoding error: unknown field") as refused:
        kube.create(f"{registrations_path(namespace)}?fieldValidation=Strict", registration(spec))

    assert refused.value.code == 400


def test_spec_can_be_edited_while_deleting(kube: Kube, namespace: str) -> None:
    """A registration that is being deleted can still be told to give its cluster up."""
    path = registered(kube, namespace, {})
    kube.patch(path, {"metadata": {"finalizers": ["runai-registrar.io/registration"]}})
    kube.delete(path)

    edited = kube.patch(path, {"spec": {"deletion": {"policy": "Orphan"}}})

    assert edited["metadata"]["deletionTimestamp"]
    kube.patch(path, {"metadata": {"finalizers": None}})
    kube.wait_gone(path)
