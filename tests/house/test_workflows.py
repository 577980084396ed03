"""The workflows of the code host, read: they run there only, so what can be wrong with them is looked for here."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from house.repository import PROJECT, ROOT
from runai_registrar import __version__

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
CHART: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "helm" / "runai-registrar" / "Chart.yaml").read_text())

NEEDS = {
    "packages": "docker/login-action",
    "id-token": "attest-build-provenance",
    "attestations": "attest-build-provenance",
    "contents": "gh release create",
}
"""What in a job needs each right to write; cosign signs where provenance is attested as well."""

PINNED = re.compile(r"uses: (?:\./\.github/workflows/[\w.-]+|[\w.-]+/[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+)")
REGISTRY = re.compile(r"\b(?:ghcr|docker|quay|gcr|azurecr|amazonaws)\.(?:io|com)\b")

Job = dict[str, Any]


def workflow(name: str) -> dict[Any, Any]:
    """One workflow; its `on` is True here, as YAML 1.1 has it."""
    return dict(yaml.safe_load((GITHUB / "workflows" / f"{name}.yml").read_text()))


def jobs() -> Iterator[tuple[str, Job]]:
    """Each job of each workflow, as `workflow/job`."""
    for path in WORKFLOWS:
        for name, job in workflow(path.stem)["jobs"].items():
            yield f"{path.stem}/{name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each step of each job."""
    for name, job in jobs():
        for step in job.get("steps", []):
            yield name, step


JOBS = [pytest.param(job, id=name) for name, job in jobs()]


def test_both_workflows_are_there() -> None:
    """One for every change, one for every tag; each names its events, and starts without any right."""
    found = {path.stem: workflow(path.stem) for path in WORKFLOWS}

    assert found["ci"][True].keys() == {"push", "pull_request", "workflow_call"}
    assert found["release"][True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}
    assert {name: each["permissions"] for name, each in found.items()} == {"ci": {}, "release": {}}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_only_what_it_does(job: Job) -> None:
    """Each job names its rights: it may write where one of its steps does, and nowhere else."""
    does = yaml.safe_dump(job.get("steps", []), width=1000)
    granted = {right for right, level in job["permissions"].items() if level == "write"}

    assert set(job["permissions"].values()) <= {"read", "write"}
    assert granted == {right for right, need in NEEDS.items() if need in does}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends(job: Job) -> None:
    """A job that hangs is stopped; one that calls a workflow leaves that to it."""
    assert "uses" in job or 0 < job["timeout-minutes"] <= 60


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_actions_are_pinned(path: Path) -> None:
    """An action is a commit, with its version beside it: a tag can be moved."""
    used = re.findall(r"uses: .*", path.read_text())

    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


def test_an_action_has_one_version() -> None:
    """No two steps use different commits of an action."""
    used = {step["uses"] for _, step in steps() if "uses" in step}

    assert len(used) == len({each.partition("@")[0] for each in used})


def test_scripts_take_values_from_the_environment() -> None:
    """No expression stands in a script, where a value with a quote in it would become part of the program."""
    assert [step["run"] for _, step in steps() if "${{ " in step.get("run", "").replace("{{ json", "")] == []


def test_no_step_keeps_the_token() -> None:
    """A checkout leaves no credential behind for later steps."""
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_commands_exist() -> None:
    """What is run of this repository is there: targets of the Makefile, files."""
    scripts = "\n".join(step.get("run", "") for _, step in steps())
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    files = re.findall(r"(?<![\w/])(?:\.ci|crds|deploy|tests|pyproject\.toml)[\w./*-]*", scripts)

    assert set(re.findall(r"\bmake ([a-z0-9-]+)", scripts)) <= targets
    assert files
    assert [name for name in files if not list(ROOT.glob(name))] == []


def test_the_registry_is_a_variable() -> None:
    """No registry's host stands in a workflow: a fork publishes to its own."""
    assert [path.name for path in WORKFLOWS if REGISTRY.search(path.read_text())] == []
    assert workflow("release")["env"]["REGISTRY"] == "${{ vars.REGISTRY }}"


def test_caches_follow_what_they_are_made_from() -> None:
    """The key of the cached programs hashes files that exist, so that a new version is built."""
    keys = [step["with"]["key"] for _, step in steps() if step.get("uses", "").startswith("actions/cache@")]
    hashed = [re.findall(r"'([^']+)'", key) for key in keys]

    assert all(hashed)
    assert [pattern for patterns in hashed for pattern in patterns if not list(ROOT.glob(pattern))] == []


def test_everything_is_one_version() -> None:
    """Project, package, chart, image and the install file have one version, so that a tag can name them all."""
    version = PROJECT["project"]["version"]
    install = (ROOT / "deploy" / "install.yaml").read_text()

    assert {__version__, CHART["version"], CHART["appVersion"]} == {version}
    assert f"ARG VERSION={version}\n" in (ROOT / "Dockerfile").read_text()
    assert re.findall(r'image: "?[^\s"]+?:([^\s":]+)"?$', install, re.MULTILINE) == [version]


def test_updates_are_proposed_for_everything_that_is_pinned() -> None:
    """Dependabot looks after the lock, the actions, the base image and the Go modules, in folders that exist."""
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    folders = [folder for each in updates for folder in each.get("directories", [each.get("directory")])]

    assert {each["package-ecosystem"] for each in updates} == {"pip", "github-actions", "docker", "gomod"}
    assert [folder for folder in folders if not (ROOT / folder.lstrip("/")).is_dir()] == []
