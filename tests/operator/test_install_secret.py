"""The install Secret as users of kubectl and Helm meet it: what is in it, what holds it up, what it never touches."""

import base64
import re
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from install_secrets import DOMAIN, INFO, OWNER, Secret, asking, look
from kube import REPOSITORY, Kube, Object
from operators import Operator
from stage import Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

PAGE = (REPOSITORY / "docs" / "install-secret.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def test_everything_to_install_is_in_it(stage: Stage, secret: Secret) -> None:
    """Ready means that the Secret is there, with what the control plane says and Helm values made of it."""
    made = asking(stage, secret)
    seen = made.wait_ready()
    content, cluster = secret.content, made.cluster

    assert conditions(seen)["InstallSecretReady"] == ("True", "Written")
    assert seen["status"]["installSecret"] == {"name": secret.name}
    assert secret.object["type"] == "Opaque"
    assert content["chartRepoURL"].startswith("https://")
    assert (content["clusterUuid"], content["clientSecret"]) == (cluster.uuid, cluster.client_secret)
    assert (content["controlPlaneUrl"], content["repositoryName"]) == (stage.simulator.url, "runai")
    assert yaml.safe_load(content["values.yaml"]) == {
        "controlPlane": {"url": stage.simulator.url.removeprefix("http://"), "clientSecret": cluster.client_secret},
        "cluster": {"uid": cluster.uuid, "url": DOMAIN},
    }


def test_it_goes_with_its_owner(stage: Stage, secret: Secret) -> None:
    """The owner reference and the label name the registration; the annotations what the Secret was made for."""
    made = asking(stage, secret)
    owner = made.wait_ready()["metadata"]
    metadata = secret.metadata
    (reference,) = metadata["ownerReferences"]

    assert (reference["kind"], reference["name"], reference["uid"]) == (
        "RunaiClusterRegistration",
        made.name,
        owner["uid"],
    )
    assert not reference["blockOwnerDeletion"]
    assert metadata["labels"][OWNER] == owner["uid"]
    assert metadata["annotations"] == {
        "runai-registrar.io/cluster-uuid": made.status["uuid"],
        "runai-registrar.io/cluster-version": "2.24.18",
        "runai-registrar.io/cluster-domain": DOMAIN,
        "runai-registrar.io/control-plane-url": stage.simulator.url,
    }


def test_what_is_asked_for_goes_to_the_control_plane(stage: Stage, secret: Secret) -> None:
    """The install information is asked for once, for the version and the domain of the spec."""
    asking(stage, secret).wait_ready()

    (call,) = stage.calls(INFO)
    assert call.query == {"version": ["2.24.18"], "remoteClusterUrl": [DOMAIN]}


@pytest.mark.case(
    "S-06",
    injected="a Secret of the name that is not the registration's exists",
    outcome="InstallSecretConflict names the way out; the Secret stays as it is",
)
def test_another_ones_secret_is_never_touched(stage: Stage, secret: Secret) -> None:
    """A Secret of that name that is not ours is a conflict that names the way out; once it is gone ours is written."""
    theirs = secret.somebody_elses()
    made = asking(stage, secret)
    seen = made.wait_for("InstallSecretConflict")

    assert conditions(seen)["Stalled"] == ("True", "InstallSecretConflict")
    assert conditions(seen)["InstallSecretReady"] == ("False", "InstallSecretConflict")
    assert secret.name in str(condition(seen, "Ready"))
    assert "Delete that Secret" in str(condition(seen, "Ready"))
    assert made.cluster.name == made.name
    assert secret.object == theirs

    secret.delete()
    look(made)
    made.wait_ready()
    assert secret.content["clusterUuid"] == made.status["uuid"]


@pytest.mark.case(
    "S-06",
    injected="installSecret is removed, and the registration deleted, while somebody else's Secret has the name",
    outcome="that Secret stays as it is",
)
def test_a_conflict_outlives_the_registration(stage: Stage, secret: Secret) -> None:
    """A registration that is deleted, or that asks for no Secret any more, leaves the Secret of somebody else."""
    theirs = secret.somebody_elses()
    made = asking(stage, secret)
    made.wait_for("InstallSecretConflict")

    made.change(installSecret=None)
    made.wait_ready()
    made.delete()
    made.wait_gone()

    assert secret.object == theirs


LAGS: dict[str, dict[str, Any]] = {
    "not-found": {"fault": "refuse", "status": 404, "body": {"code": 404, "message": "cluster not found"}},
    "unavailable": {"fault": "refuse", "status": 503},
    "incomplete": {"fault": "refuse", "status": 200, "body": {"installationStr": "x", "repositoryName": "runai"}},
    "empty": {
        "fault": "refuse",
        "status": 200,
        "body": {"installationStr": "x", "repositoryName": "runai", "chartRepoURL": "x", "clientSecret": ""},
    },
}


@pytest.mark.parametrize("lag", LAGS.values(), ids=list(LAGS))
def test_install_information_may_lag_behind(stage: Stage, secret: Secret, lag: dict[str, Any]) -> None:
    """The cluster is held at once; Ready is False and Reconciling until the control plane gives what is asked for."""
    fault = stage.admin.fault(**lag, operation=INFO, times=None)
    made = asking(stage, secret)
    seen = made.wait(_waits_for_install_information, "waiting for install information")
    uuid = seen["status"]["uuid"]

    assert conditions(seen)["Reconciling"][0] == "True"
    assert "Stalled" not in conditions(seen)
    assert conditions(seen)["InstallSecretReady"][0] == "False"
    assert not secret.there

    stage.admin.remove_fault(fault)
    look(made)
    assert made.wait_ready()["status"]["uuid"] == uuid
    assert secret.content["clusterUuid"] == uuid
    assert stage.changes() == {"create_cluster": 1}


def test_it_is_asked_for_again_by_itself(stage: Stage, secret: Secret) -> None:
    """Nobody has to do anything when install information comes late."""
    stage.admin.fault("refuse", operation=INFO, times=2, status=404, body={"code": 404, "message": "not yet"})

    asking(stage, secret).wait_ready()

    assert [call.status for call in stage.calls(INFO)] == [404, 404, 200]


def test_a_refusal_takes_a_person(stage: Stage, secret: Secret) -> None:
    """Install information that may not be read is said at once; the cluster is held all the same."""
    stage.admin.fault("refuse", operation=INFO, times=None, status=403)
    made = asking(stage, secret)
    seen = made.wait_for("PermissionDenied")

    assert conditions(seen)["Stalled"] == ("True", "PermissionDenied")
    assert seen["status"]["uuid"] == made.cluster.uuid


@pytest.mark.case(
    "S-07",
    injected="install information is read, refused with an echo of the request, and read again; log level debug",
    outcome="its clientSecret is in the install Secret and nowhere else",
)
def test_no_secret_is_told(stage: Stage, operator: Operator, secret: Secret) -> None:
    """Whatever happens to it, clientSecret is in the Secret alone: in no log, status, event or annotation."""
    stage.admin.fault("echo", operation=INFO, times=1)
    made = asking(stage, secret)
    made.wait_ready()
    canary, uid = made.cluster.client_secret, made.object["metadata"]["uid"]
    made.change(version="2.25.3")
    secret.wait("2.25.3")
    made.wait_ready()
    forms = {canary, base64.b64encode(canary.encode()).decode(), quote(canary, safe="")}
    events = stage.kube.items(f"/api/v1/namespaces/{stage.house.namespace}/events")
    told = f"{operator.log} {made.object} {events} {secret.metadata} {stage.kube.get(stage.control_plane.path)}"

    assert canary in secret.content["values.yaml"]
    assert secret.name in operator.log
    assert uid in told
    assert {form for form in forms if form in told} == set()


def test_the_page_applies(kube: Kube, namespace: str) -> None:
    """Each YAML block of the page is accepted by the API server as it stands."""
    applied = [made["kind"] for block in BLOCKS for made in kube.apply(block, namespace)]

    assert applied == ["RunaiClusterRegistration", "RoleBinding"]


def test_the_page_names_every_key(stage: Stage, secret: Secret) -> None:
    """The table of the page has each key of the Secret, and no other."""
    asking(stage, secret).wait_ready()
    table = PAGE[PAGE.index("| key |") :].partition("\n\n")[0]

    assert {key for line in table.splitlines()[2:] for key in re.findall(r"`([^`]+)`", line.split("|")[1])} == set(
        secret.content
    )


def _waits_for_install_information(seen: Object) -> bool:
    return "no install information" in str(condition(seen, "Ready")) and "uuid" in seen["status"]
