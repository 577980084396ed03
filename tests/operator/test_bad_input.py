"""What the API server refuses of a registration, in words that help, while the operator holds a cluster for it."""

import json

import pytest

from kube import Object
from stage import Registration, Stage

pytestmark = pytest.mark.usefixtures("operator")


def refusal(stage: Stage, manifest: Object) -> str:
    """What `kubectl apply` says about a manifest that is refused."""
    applied = stage.kube.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    assert applied.returncode != 0, applied.stdout
    return applied.stderr


def patch_refusal(stage: Stage, made: Registration, **spec: object) -> str:
    """What `kubectl patch` says about a change of the spec that is refused."""
    change = json.dumps({"spec": spec})
    patched = stage.kube.kubectl(
        "patch", "rcr", made.name, "-n", stage.house.namespace, "--type=merge", "--patch", change
    )
    assert patched.returncode != 0, patched.stdout
    return patched.stderr


@pytest.mark.case(
    "R-22",
    injected="the domain of a registered cluster is edited",
    outcome="refused by the API server, with what to do instead",
)
def test_the_domain_of_a_registered_cluster(stage: Stage) -> None:
    """The domain is locked once the cluster is registered, and the refusal says what to do instead."""
    made = stage.registered(domain="https://gpu-east.example.com")

    said = patch_refusal(stage, made, domain="https://gpu-west.example.com")

    assert "domain cannot be changed once the cluster is registered" in said
    assert "Delete and create the registration to register the cluster anew." in said


def test_the_domain_of_a_cluster_that_is_not_registered(stage: Stage) -> None:
    """A domain that the control plane refused can be corrected."""
    stage.admin.fault("refuse", operation="create_cluster", status=400)
    made = stage.register(domain="wrong.example.com")
    made.wait_for("RejectedByControlPlane")

    made.change(domain="right.example.com")

    assert made.wait_ready()["status"]["domain"] == "right.example.com"


@pytest.mark.case(
    "R-22",
    injected="the control plane of a registration is edited",
    outcome="refused by the API server, with the reason",
)
def test_the_control_plane_of_a_registration(stage: Stage) -> None:
    """A cluster cannot move between control planes."""
    made = stage.registered()

    said = patch_refusal(stage, made, controlPlaneRef={"name": "another"})

    assert "controlPlaneRef cannot be changed, because a cluster cannot move between control planes." in said


@pytest.mark.case(
    "R-22",
    injected="a registration that holds a cluster is pointed at another one",
    outcome="refused by the API server, with the reason",
)
def test_another_cluster_than_the_one_held(stage: Stage) -> None:
    """A registration that holds a cluster cannot be pointed at another one."""
    made = stage.registered()

    said = patch_refusal(stage, made, adopt={"uuid": "00000000-0000-4000-8000-000000000000"})

    assert "this registration already holds another cluster." in said


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"clustername": "GPU East"}, 'unknown field "spec.clustername"'),
        ({"adopt": {"byName": True, "uuid": "3f2b6c1e-8d94-4a57-9c0b-5e7d1f2a3b4c"}}, "exactly one of uuid and byName"),
        ({"adopt": {"byName": False}}, "byName can only be true. Leave adopt out to adopt nothing."),
        ({"domain": "two words"}, "domain must not be empty or contain blanks or control characters."),
        ({"deletion": {"timeout": "soon"}}, "timeout must be a duration such as 90s, 10m or 1h30m"),
        ({"onDrift": "Ignore"}, 'supported values: "Correct", "Report"'),
    ],
)
def test_a_bad_field(stage: Stage, spec: Object, sentence: str) -> None:
    """A bad field is refused with a sentence that names it and what it may be."""
    said = refusal(stage, stage.manifest("gpu-east", **spec))

    assert sentence in said


def test_a_name_that_is_too_long(stage: Stage) -> None:
    """A resource name of more than 63 characters is refused with the reason."""
    said = refusal(stage, stage.manifest("g" * 64))

    assert "metadata.name must be at most 63 characters, because it becomes a label value." in said
