"""The scripts for Argo CD, by test files in Argo CD's own layout and format, and what is made from them."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa import luajit21  # type: ignore[import-untyped]  # it has no types

from gitops.argo import KINDS, SCRIPTS, act, actions, enabled, folder, health, health_script, run
from gitops.snippets import files
from kube import Kube, Object
from stage import RECONCILE

AT = "0001-01-01T00:00:00Z"
"""What stands for the time of an action in the expected output."""


def written(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text())


def cases(kind: str, file: str, part: str) -> list[tuple[str, Any]]:
    """Return the cases of a test file with their kind."""
    return [(kind, case) for case in written(folder(kind) / file)[part]]


HEALTH = [case for kind in KINDS for case in cases(kind, "health_test.yaml", "tests")]
DISCOVERY = [case for kind in KINDS for case in cases(kind, "actions/action_test.yaml", "discoveryTests")]
ACTIONS = [case for kind in KINDS for case in cases(kind, "actions/action_test.yaml", "actionTests")]


@pytest.mark.parametrize(
    ("kind", "case"), HEALTH, ids=lambda value: value if isinstance(value, str) else value["inputPath"]
)
def test_health(kind: str, case: Any) -> None:
    """`health_test.yaml`: each object has exactly this status and message."""
    assert health(written(folder(kind) / case["inputPath"])) == case["healthStatus"]


@pytest.mark.parametrize(
    ("kind", "case"), DISCOVERY, ids=lambda value: value if isinstance(value, str) else value["inputPath"]
)
def test_discovery(kind: str, case: Any) -> None:
    """`action_test.yaml`: each object offers exactly these actions, whole, as Argo CD's own test compares them."""
    offered = actions(written(folder(kind) / "actions" / case["inputPath"]))

    assert offered == {action["name"]: action for action in case["result"]}


@pytest.mark.parametrize(
    ("kind", "case"), ACTIONS, ids=lambda value: value if isinstance(value, str) else value["action"]
)
def test_actions(kind: str, case: Any) -> None:
    """`action_test.yaml`: each action makes exactly this object; the time it is asked for is a time."""
    tests = folder(kind) / "actions"
    made = act(written(tests / case["inputPath"]), case["action"])
    annotations = made["metadata"].get("annotations", {})
    if case["action"] == "reconcile":
        assert annotations[RECONCILE] > "2026-01-01T00:00:00Z"
        annotations[RECONCILE] = AT

    assert made == written(tests / case["expectedOutputPath"])


def test_every_file_of_testdata_is_used() -> None:
    """No object lies there unasked."""
    used = {folder(kind) / case["inputPath"] for kind, case in HEALTH}
    used |= {
        folder(kind) / "actions" / case[key] for kind, case in ACTIONS for key in ("inputPath", "expectedOutputPath")
    }

    assert used == set(SCRIPTS.rglob("testdata/*.yaml"))


def test_every_action_has_its_script() -> None:
    """What is offered can be done, and what can be done is offered."""
    for kind in KINDS:
        scripts = {path.parent.name for path in (folder(kind) / "actions").glob("*/action.lua")}
        assert scripts == actions({"kind": kind, "metadata": {}}).keys()


def bare(kind: str) -> Object:
    """An object of which nothing is there that may be missing."""
    return {"kind": kind, "metadata": {"generation": 1}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [None, {}, {"observedGeneration": -1}, {"observedGeneration": 1, "conditions": []}])
def test_nothing_said_yet(kind: str, status: Any) -> None:
    """Without a word of the operator an object is Progressing; no missing field is an error."""
    seen = bare(kind) | ({"status": status} if status is not None else {})

    assert health(seen)["status"] == "Progressing"
    assert enabled(seen)["suspend"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_spec_stays_a_map(kind: str) -> None:
    """Lua knows no difference between an empty map and an empty list; actions do not turn one into the other."""
    seen: Object = bare(kind) | {"spec": {}, "status": {}}

    assert act(seen, "suspend") == seen | {"spec": {"suspend": True}}
    assert act(bare(kind), "resume")["spec"] == {"suspend": False}
    assert act(seen, "suspend")["status"] == {}


def test_a_deleted_object_cannot_be_suspended() -> None:
    """Suspending would stop a deletion half-way: the button is off while one is under way; resuming stays possible."""
    seen = bare("RunaiClusterRegistration")
    seen["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert enabled(seen) == {"reconcile": True, "suspend": False, "resume": False}
    assert enabled(seen | {"spec": {"suspend": True}})["resume"]


@pytest.mark.parametrize(
    "script",
    ["return string.rep('a', 3)", "return ('a'):rep(3)", "return os.date()", "return math.min(1, 2)", "io.write('')"],
)
def test_the_sandbox_is_argos(script: str) -> None:
    """Scripts run here without the libraries that Argo CD leaves out, so that none of ours can need them."""
    with pytest.raises(luajit21.LuaError, match=r"nil value|index a string"):
        run(script, {})
    assert run("local os = require('os') return os.date('!%Y') .. table.concat({1, 2})", {}).endswith("12")


def test_many_names_are_cut() -> None:
    """Of many things that a cluster lacks five are named, in order."""
    seen = copy.deepcopy(written(folder("RunaiClusterRegistration") / "testdata" / "missing-prerequisites.yaml"))
    names = ["g", "c", "a", "f", "b", "e", "d"]
    seen["status"]["dependencies"]["required"] = {name: {"available": name == "d"} for name in names}

    assert "Not available: a, b, c, e, f and more." in health(seen)["message"]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_what_is_made_from_the_scripts_is_up_to_date(path: Path) -> None:
    """Each file is what the generator makes of the scripts (`python tests/gitops/snippets.py`)."""
    assert path.read_text() == files()[path]


def test_a_snippet_says_what_the_scripts_say() -> None:
    """What Argo CD reads from `argocd-cm` is the text of the files, and all of it."""
    snippet = written(SCRIPTS.parent / "argocd-cm.yaml")["data"]
    values = written(SCRIPTS.parent / "helm-values.yaml")["configs"]["cm"]
    prefix = "resource.customizations"
    for kind in KINDS:
        made = yaml.safe_load(snippet[f"{prefix}.actions.runai-registrar.io_{kind}"])
        scripts = {path.parent.name: path.read_text() for path in (folder(kind) / "actions").glob("*/action.lua")}
        assert snippet[f"{prefix}.health.runai-registrar.io_{kind}"] == health_script(kind)
        assert made["discovery.lua"] == (folder(kind) / "actions" / "discovery.lua").read_text()
        assert {each["name"]: each["action.lua"] for each in made["definitions"]} == scripts

    assert len(snippet) == 4
    assert values == snippet


def test_the_lenient_snippet_differs_in_one_line() -> None:
    """The two forms differ in whether a lost connection is Degraded, and in nothing else."""
    strict, lenient = ((SCRIPTS.parent / f"argocd-cm{form}.yaml").read_text().splitlines() for form in ("", "-lenient"))
    lenient.remove("# Lenient: a registered cluster that has lost its connection, or lacks something, stays Healthy.")
    pairs = [pair for pair in zip(strict, lenient, strict=True) if pair[0] != pair[1]]

    assert pairs == [("    local strict = true", "    local strict = false")]


def test_a_snippet_is_merged(kube: Kube) -> None:
    """`kubectl patch --patch-file` adds the entries to an `argocd-cm` that has others, and is no change again."""
    file = SCRIPTS.parent / "argocd-cm.yaml"
    entries = written(file)["data"]
    kube.apply("{apiVersion: v1, kind: Namespace, metadata: {name: argocd}}")
    there = "{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm, namespace: argocd}, data: {url: here}}"
    (before,) = kube.apply(there)
    command = ("patch", "configmap", "argocd-cm", "-n", "argocd", "--type", "merge", "--patch-file", str(file))
    outcomes = [kube.kubectl(*command).stdout.strip() for _ in range(2)]
    after = kube.get("/api/v1/namespaces/argocd/configmaps/argocd-cm")
    kube.delete("/api/v1/namespaces/argocd/configmaps/argocd-cm")

    assert outcomes == ["configmap/argocd-cm patched", "configmap/argocd-cm patched (no change)"]
    assert after["data"] == before["data"] | entries
