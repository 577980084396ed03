"""The install Secret over changes: lost, renamed, made for something else, given up; and at rest without any."""

import base64
from collections import Counter

import pytest

from install_secrets import INFO, OWNER, Secret, asked, asking, look, made_for
from operators import House, until
from stage import Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")


def test_nothing_is_written_while_nothing_changes(stage: Stage, secret: Secret) -> None:
    """Once it is written, polls cause neither a write nor a read of the Secret, nor a call for its content."""
    made = asking(stage, secret)
    made.wait_ready()
    stage.wait_polls()
    writes, reads = made.writes(), asked(stage, secret)

    stage.wait_polls(3)

    assert asked(stage, secret) == reads == Counter({"get": 1, "create": 1})
    assert made.writes() == writes
    assert len(stage.calls(INFO)) == 1


def test_a_lost_secret_comes_back(stage: Stage, secret: Secret) -> None:
    """A Secret that somebody deleted is written again when a look is asked for, the same as before."""
    made = asking(stage, secret)
    made.wait_ready()
    before = secret.content

    secret.delete()
    look(made)
    made.wait_ready()

    assert secret.content == before
    assert len(stage.calls(INFO)) == 2


def test_a_lost_key_comes_back(stage: Stage, secret: Secret) -> None:
    """A key that somebody removed is written again; keys, labels and owners of others stay."""
    made = asking(stage, secret)
    made.wait_ready()
    configs = secret.path.rpartition("/secrets/")[0] + "/configmaps"
    uid = stage.kube.create(configs, {"metadata": {"name": secret.name}})["metadata"]["uid"]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": secret.name, "uid": uid}
    references = [*secret.metadata["ownerReferences"], other]
    changes = {"labels": {"team": "gpu"}, "ownerReferences": references}
    data = {"clientSecret": None, "theirs": base64.b64encode(b"untouched").decode()}
    stage.kube.patch(secret.path, {"metadata": changes, "data": data})

    look(made)
    made.wait_ready()

    assert secret.content["clientSecret"] == made.cluster.client_secret
    assert secret.content["theirs"] == "untouched"
    assert secret.metadata["labels"]["team"] == "gpu"
    assert {each["uid"] for each in secret.metadata["ownerReferences"]} == {made.object["metadata"]["uid"], uid}


def test_another_version_is_read_again(stage: Stage, secret: Secret) -> None:
    """A changed version brings its own install information into the same Secret."""
    made = asking(stage, secret)
    made.wait_ready()
    uid = secret.metadata["uid"]

    made.change(version="2.25.3")
    made.wait_ready()

    assert made_for(secret.object) == "2.25.3"
    assert '--version="2.25.3"' in secret.content["installationStr"]
    assert secret.metadata["uid"] == uid


def test_another_cluster_gets_its_own_secret(stage: Stage, secret: Secret) -> None:
    """After a recreation the Secret speaks of the new cluster, and of nothing of the old one."""
    made = asking(stage, secret)
    made.wait_ready()
    lost = made.cluster
    stage.wait_polls()

    stage.admin.advance(900)
    stage.admin.delete(lost.uuid)
    made.wait(lambda seen: seen["status"].get("uuid") not in (None, lost.uuid), "registered under another uuid")
    made.wait_ready()

    assert secret.content["clusterUuid"] == made.status["uuid"]
    assert secret.content["clientSecret"] == made.cluster.client_secret != lost.client_secret
    assert lost.client_secret not in str(secret.content)


def test_a_version_that_is_only_displayed_will_do(stage: Stage, secret: Secret) -> None:
    """Without a version nobody can ask: the message says so, until the spec or the control plane names one."""
    made = asking(stage, secret, version=None)
    seen = made.wait_for("InvalidSpec")
    assert "Set spec.version" in str(condition(seen, "Ready"))
    assert not secret.there

    stage.admin.change(made.status["uuid"], version="2.24.18")
    made.wait_ready()

    assert made_for(secret.object) == "2.24.18"


def test_a_change_of_name_moves_it(stage: Stage, secret: Secret) -> None:
    """The Secret of the new name is written, the old one is deleted, and the status names the new one."""
    made = asking(stage, secret)
    made.wait_ready()
    moved = Secret(stage, f"{secret.name}-moved")

    made.change(installSecret={"name": moved.name})
    seen = made.wait_ready()

    assert seen["status"]["installSecret"] == {"name": moved.name}
    assert moved.content["clusterUuid"] == made.status["uuid"]
    assert not secret.there
    moved.delete()


def test_the_old_one_stays_while_the_new_name_is_taken(stage: Stage, secret: Secret) -> None:
    """Nothing is deleted before its successor is there."""
    made = asking(stage, secret)
    made.wait_ready()
    taken = Secret(stage, f"{secret.name}-taken")
    taken.somebody_elses()

    made.change(installSecret={"name": taken.name})
    seen = made.wait_for("InstallSecretConflict")

    assert seen["status"]["installSecret"] == {"name": secret.name}
    assert secret.there
    taken.delete()


def test_not_asked_for_any_more_it_is_deleted(stage: Stage, secret: Secret) -> None:
    """Without installSecret in the spec there is no Secret, no record of it and no condition."""
    made = asking(stage, secret)
    made.wait_ready()

    made.change(installSecret=None)
    seen = made.wait_ready()

    assert not secret.there
    assert "installSecret" not in seen["status"]
    assert "InstallSecretReady" not in conditions(seen)


def test_under_orphan_it_has_no_owner(stage: Stage, secret: Secret) -> None:
    """With policy Orphan the Secret has no owner reference, and stays when the registration goes."""
    made = asking(stage, secret, deletion={"policy": "Orphan"})
    uid = made.wait_ready()["metadata"]["uid"]
    metadata = secret.metadata

    assert "ownerReferences" not in metadata
    assert metadata["labels"][OWNER] == uid
    made.delete()
    made.wait_gone()
    assert secret.there


def test_the_owner_follows_the_policy(stage: Stage, secret: Secret) -> None:
    """A change of policy to Orphan takes the owner reference away, and back again."""
    made = asking(stage, secret)
    made.wait_ready()

    made.change(deletion={"policy": "Orphan"})
    made.wait_ready()
    assert not secret.metadata.get("ownerReferences")

    made.change(deletion={"policy": "Delete"})
    made.wait_ready()
    assert len(secret.metadata["ownerReferences"]) == 1


def test_observing_writes_none(stage: Stage, secret: Secret) -> None:
    """Mode Observe reads nothing and writes nothing, and leaves a Secret as it is."""
    stage.stranger(f"{secret.name}-cluster", version="2.24.18")
    made = asking(stage, secret, mode="Observe", clusterName=f"{secret.name}-cluster", domain=None)
    seen = made.wait_for("Observing")

    assert conditions(seen)["InstallSecretReady"] == ("False", "Observing")
    assert not secret.there
    assert not stage.calls(INFO)


def test_suspended_writes_none(stage: Stage, secret: Secret) -> None:
    """While suspended, a lost Secret stays lost; resumed, it is written again."""
    made = asking(stage, secret)
    made.wait_ready()

    made.change(suspend=True)
    made.wait(lambda seen: "Suspended" in str(condition(seen, "Ready")), "suspended")
    secret.delete()
    look(made)
    made.wait(lambda seen: seen["status"].get("lastHandledReconcileAt") is not None, "looked at")
    assert not secret.there

    made.change(suspend=False)
    made.wait_ready()
    secret.wait()


def test_a_deleted_registration_writes_none(stage: Stage, secret: Secret) -> None:
    """While the cluster drains, a Secret that goes is not written again."""
    stage.admin.settings(drainTime=None)
    made = asking(stage, secret)
    made.wait_ready()

    made.delete()
    made.wait_for("Deleting")
    secret.delete()
    stage.wait_polls(3)

    assert not secret.there
    assert len(stage.calls(INFO)) == 1


def test_a_new_operator_finds_it_as_it_should_be(stage: Stage, house: House, secret: Secret) -> None:
    """An operator that starts, or takes over, looks at the Secret once and writes nothing."""
    made = asking(stage, secret)
    made.wait_ready()
    before = secret.metadata["resourceVersion"]

    with house.operator() as second:
        until(lambda: asked(stage, secret)["get"] > 1, "a look of the second operator")
        stage.wait_polls()
        assert secret.metadata["resourceVersion"] == before
        assert second.complaints() == []

    assert len(stage.calls(INFO)) == 1
