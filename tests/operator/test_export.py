"""`export`, `diff` and `install-command` as an administrator uses them: operator, API server and control plane."""

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from install_secrets import DOMAIN, Secret, asking
from kube import REPOSITORY, Kube, Object
from operators import House
from planes import API, ControlPlane, Simulated
from runai_registrar.apiserver.kubeconfig import write_kubeconfig_as
from runai_registrar.cli.main import main
from stage import Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

Run = Callable[..., tuple[int, str, str]]
"""Runs the command line as the administrator; returns exit code, output and what it said beside it."""

PAGE = (REPOSITORY / "docs" / "export.md").read_text()


@pytest.fixture
def run(kube: Kube, house: House, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in this process."""

    def run(command: str, *words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        where = ["--kubeconfig", str(kube.server.kubeconfig)]
        if command != "install-command":
            where += ["--operator-namespace", house.namespace]
        return main([command, *where, *words]), *capsys.readouterr()

    return run


def applied(stage: Stage, text: str) -> list[Registration]:
    """Apply an export as kubectl does; the registrations in it."""
    done = stage.kube.kubectl("apply", "--filename", "-", stdin=text)
    assert (done.returncode, done.stderr) == (0, "")
    return [stage.known(each["metadata"]["name"]) for each in yaml.safe_load_all(text)]


def plans_to_adopt(seen: Object) -> bool:
    """Whether that is all that Manage would do, by the latest list."""
    planned = seen.get("status", {}).get("plannedAction")
    return bool(planned == f"Manage would adopt the cluster {seen['spec']['adopt']['uuid']}.")


def test_an_export_changes_nothing(stage: Stage, run: Run) -> None:
    """Applied, it says what Manage would do; under Manage it holds every cluster, and nothing was ever written."""
    stage.admin.settings(uniqueNames=False)
    for name in ("gpu-east", "GPU West", "twin", "twin", "1e+3", " odd\n"):
        stage.admin.create(name, domain=f"{DOMAIN}/", version="2.24.18")
    uuids = {each.uuid for each in stage.admin.clusters()}
    where = ["--control-plane", stage.control_plane.name, "-n", stage.house.namespace]
    code, text, said = run("export", *where)
    made = applied(stage, text)
    for each in made:
        each.wait(plans_to_adopt, "planning to adopt its cluster and to do nothing else")
    again = run("export", "--all", *where)
    managed = applied(stage, text.replace("mode: Observe", "mode: Manage"))
    held = [each.wait_for("Adopted") for each in managed]
    stage.wait_polls()

    assert (code, said) == (0, "")
    assert again == (0, text, "")
    assert {each["status"]["uuid"] for each in held} == uuids
    assert [each.object["metadata"]["name"] for each in managed if "Drifted" in conditions(each.object)] == ["odd"]
    assert stage.changes() == {}
    assert stage.calls("create_cluster") + stage.calls("updateCluster") + stage.calls("delete_cluster") == []
    assert run("export", *where)[:2] == (0, "")


def test_names_of_other_registrations_are_left_to_them(stage: Stage, run: Run) -> None:
    """A cluster that is called like a registration of another cluster gets another name: nothing is overwritten."""
    mine = stage.registered(clusterName="something-else", listed=True)
    stranger = stage.admin.create(mine.name)
    _, text, _ = run("export", "--control-plane", stage.control_plane.name)
    _, everything, _ = run("export", "--all", "--control-plane", stage.control_plane.name)

    (document,) = yaml.safe_load_all(text)
    assert document["metadata"] == {"name": f"{mine.name}-{stranger.uuid[:8]}"}
    assert document["spec"]["clusterName"] == mine.name
    assert {each["metadata"]["name"]: each["spec"]["adopt"]["uuid"] for each in yaml.safe_load_all(everything)} == {
        mine.name: mine.status["uuid"],
        document["metadata"]["name"]: stranger.uuid,
    }


def test_live_differences(stage: Stage, run: Run) -> None:
    """Without files, the live registrations are compared with the control plane."""
    made = stage.registered(version="2.24.18", listed=True)
    where = ["--control-plane", stage.control_plane.name]
    equal = run("diff", *where)
    stage.admin.change(made.status["uuid"], version="2.25.0")
    stranger = stage.admin.create("stranger")
    code, output, _ = run("diff", *where)
    name, version = f"{stage.house.namespace}/{made.name}", "version is 2.24.18 in Kubernetes, 2.25.0 displayed"

    assert equal[:2] == (0, "")
    assert (code, output.splitlines()) == (
        1,
        [
            f"differs: {name} ({made.status['uuid']}): {version}",
            f"only in the control plane: stranger ({stranger.uuid})",
        ],
    )


def test_files_belong_to_what_is_held(stage: Stage, run: Run, tmp_path: Path) -> None:
    """A file without adopt.uuid is compared with the cluster that its live registration owns, whatever its name."""
    made = stage.registered(onDrift="Report", listed=True)
    stage.admin.rename(made.status["uuid"], "renamed")
    (tmp_path / "git.yaml").write_text(yaml.safe_dump(stage.manifest(made.name)))
    code, output, _ = run("diff", "--control-plane", stage.control_plane.name, "-f", str(tmp_path))

    assert code == 1
    assert output.endswith(f"clusterName is {made.name} in Git, renamed displayed\n")


def test_install_command_hides_the_secret(stage: Stage, run: Run, secret: Secret, tmp_path: Path) -> None:
    """By default the command reads the values when it runs; asked for, they are in it; both give Helm the same."""
    made = asking(stage, secret)
    made.wait_ready()
    where = [made.name, "-n", stage.house.namespace]
    hidden, shown = run("install-command", *where), run("install-command", *where, "--show-secret")
    helm = tmp_path / "helm"
    helm.write_text('#!/bin/sh\necho "$@"\ncat\n')
    helm.chmod(0o755)
    kubectl = shutil.which("kubectl", path=f"{REPOSITORY / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin") or "kubectl"
    path = {"PATH": f"{tmp_path}:{Path(kubectl).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = [in_a_shell(text, path) for _, text, _ in (hidden, shown)]

    assert (hidden[0], shown[0]) == (0, 0)
    assert secret.content["clientSecret"] not in hidden[1]
    assert secret.content["values.yaml"] in shown[1]
    assert done[0].rstrip() == done[1].rstrip()
    assert done[0].partition("\n")[0] == (
        f"upgrade --install runai-cluster runai-cluster --repo={secret.content['chartRepoURL']} --version=2.24.18 "
        "--namespace=runai --create-namespace --values=-"
    )
    assert done[0].partition("\n")[2].strip() == secret.content["values.yaml"].strip()


def in_a_shell(command: str, environment: dict[str, str]) -> str:
    """What a command prints."""
    words = ["/bin/sh", "-c", command]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout  # noqa: S603  # what is tested


def test_install_command_says_what_is_missing(stage: Stage, run: Run, secret: Secret) -> None:
    """Without an install Secret it names the field, while it is not ready the obstacle; exit code 1."""
    none = stage.registered()
    where = ["-n", stage.house.namespace]
    secret.somebody_elses()
    waiting = asking(stage, secret)
    waiting.wait_for("InstallSecretConflict")
    first, second = run("install-command", none.name, *where), run("install-command", waiting.name, *where)

    assert [(code, output) for code, output, _ in (first, second)] == [(1, ""), (1, "")]
    assert "Set spec.installSecret.name" in first[2]
    assert f"kubectl patch rcr {none.name} --namespace={stage.house.namespace} --type=merge" in first[2]
    assert "is not ready" in second[2]
    assert str((condition(waiting.object, "InstallSecretReady") or {})["message"]) in second[2]


def test_a_lost_install_secret_is_asked_for(stage: Stage, run: Run, secret: Secret) -> None:
    """A Secret that was deleted is not ready, exit code 1; the command that is named has it written again."""
    made = asking(stage, secret)
    made.wait_ready()
    secret.delete()
    code, output, said = run("install-command", made.name, "-n", stage.house.namespace)
    message, command = said.splitlines()
    words = shlex.split(command.replace('"$(date -Is)"', "now"))
    done = stage.kube.kubectl(*words[1:])

    assert (code, output) == (1, "")
    assert f"The Secret {secret.name} is gone" in message
    assert (words[0], done.returncode, done.stderr) == ("kubectl", 0, "")
    assert secret.wait()


def test_what_is_not_there_is_named(kube: Kube, house: House, run: Run) -> None:
    """A control plane, a registration, a context that do not exist: said, with what there is; exit code 2."""
    simulated = Simulated()
    plane = ControlPlane(house, simulated).create()
    said = [
        run("export", "--control-plane", "absent"),
        run("export", "--control-plane", plane.name),
        run("install-command", "absent", "-n", house.namespace),
        run("diff", "--context", "absent"),
    ]
    plane.remove()
    simulated.close()

    assert [each[:2] for each in said] == [(2, "")] * 4
    assert "There is no RunaiControlPlane absent. There is: " in said[0][2]
    assert f"There is no Secret {plane.name} in namespace {house.namespace}" in said[1][2]
    assert "in another namespace, set --operator-namespace" in said[1][2]
    assert f"There is no RunaiClusterRegistration absent in namespace {house.namespace}" in said[2][2]
    assert "Set --kubeconfig or --context" in said[3][2]
    assert kube.find(plane.path) is None


def test_rights_and_tokens(stage: Stage, kube: Kube, run: Run, tmp_path: Path) -> None:
    """Who may not look is told what is forbidden; who is not known, that; exit code 2."""
    stranger, namespace = tmp_path / "stranger", stage.house.namespace
    write_kubeconfig_as(stranger, like=kube.server.kubeconfig, token="wrong", user="stranger")
    kube.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "reader"}})
    nobody = kube.kubeconfig_as(namespace, "reader", tmp_path)
    plane = ["--control-plane", stage.control_plane.name]
    said = [run("export", *plane, "--kubeconfig", str(path)) for path in (stranger, nobody)]
    grant(kube, namespace)
    said.append(run("export", *plane, "--kubeconfig", str(nobody)))

    assert [each[:2] for each in said] == [(2, "")] * 3
    assert "401" in said[0][2]
    assert "403" in said[1][2]
    assert f"You may not read the Secret {stage.control_plane.name}" in said[2][2]


def grant(kube: Kube, namespace: str) -> None:
    """Let the service account `reader` read what is ours, and no Secret."""
    name = f"reader-{namespace}"
    rule = {"apiGroups": ["runai-registrar.io"], "resources": ["*"], "verbs": ["get", "list"]}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [rule],
    }
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    binding = role | {"kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]}
    kube.apply(yaml.safe_dump_all([role, {key: value for key, value in binding.items() if key != "rules"}]))


def test_the_page_shows_what_is_written(stage: Stage, run: Run) -> None:
    """The YAML of the page is what an export of such a cluster writes, its time and uuid aside; it applies."""
    for each in stage.kube.items(f"{API}/runaiclusterregistrations"):  # tests of pages leave theirs, and names are kept
        if each["metadata"]["name"] == "gpu-east":
            stage.kube.delete(f"{API}/namespaces/{each['metadata']['namespace']}/runaiclusterregistrations/gpu-east")
    stage.admin.create("GPU East", domain=DOMAIN, version="2.24.18")
    _, text, _ = run("export", "--control-plane", stage.control_plane.name, "-n", stage.house.namespace)
    shown = dedent(PAGE.partition("```yaml\n")[2].partition("```")[0]).replace('"platform"', stage.house.namespace)

    assert plainly(text) == plainly(shown)
    done = stage.kube.kubectl("apply", "--dry-run=server", "--filename", "-", stdin=shown)
    assert (done.returncode, done.stderr) == (0, "")


def plainly(text: str) -> Object:
    """A registration without what differs from cluster to cluster."""
    document: Object = yaml.safe_load(text)
    document["spec"].pop("controlPlaneRef", None)
    return document | {"spec": document["spec"] | {"adopt": sorted(document["spec"]["adopt"])}}
