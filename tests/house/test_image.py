"""The Dockerfile, read instruction by instruction: what the image promises can be seen without building it."""

import fnmatch
import json
import re
import shlex

import pytest

from house.repository import PROJECT, ROOT, logical_lines

Instruction = tuple[str, str]
Stage = list[Instruction]

HOME = "/opt/runai-registrar"


def stages() -> list[Stage]:
    """The instructions of each stage, its FROM first; what stands before the first FROM is a stage of its own."""
    found: list[Stage] = [[]]
    for line in logical_lines(ROOT / "Dockerfile"):
        keyword, _, rest = line.partition(" ")
        if keyword == "FROM":
            found.append([])
        found[-1].append((keyword, rest.strip()))
    return found


def every(stage: Stage, keyword: str) -> list[str]:
    """What the stage says with one keyword, each time."""
    return [rest for name, rest in stage if name == keyword]


def settings(stage: Stage, keyword: str) -> dict[str, str]:
    """The name=value pairs of a stage's ENV, LABEL or ARG."""
    words = [word for rest in every(stage, keyword) for word in shlex.split(rest)]
    return dict(word.split("=", 1) for word in words)


def commands(stage: Stage) -> list[str]:
    """The single commands of a stage's RUN instructions."""
    return [command.strip() for rest in every(stage, "RUN") for command in rest.split("&&")]


@pytest.fixture
def build() -> Stage:
    """The stage where everything is made."""
    return stages()[1]


@pytest.fixture
def final() -> Stage:
    """The stage that ships."""
    return stages()[-1]


def test_base_image_is_the_builders_choice() -> None:
    """There are two stages, both on the image of the argument BASE_IMAGE, whose default has no registry in its name."""
    head, *made = stages()

    assert [every(stage, "FROM") for stage in made] == [["${BASE_IMAGE} AS build"], ["${BASE_IMAGE}"]]
    assert re.fullmatch(r"python:3\.1[1-9]-slim", settings(head, "ARG")["BASE_IMAGE"])


def test_every_install_is_locked_or_offline(build: Stage) -> None:
    """Pip installs what the locks pin, by hash, and the project's own wheel from the folder it was built into."""
    pip = [command for command in commands(build) if " pip " in command]
    locked = [command for command in pip if "--require-hashes" in command]
    offline = [command for command in pip if {"--no-deps", "--no-index"} <= set(command.split())]

    assert sorted(locked + offline) == sorted(pip)
    assert [command.split()[-1] for command in locked] == ["requirements/build.txt", "requirements/operator.txt"]
    assert [command.split()[-1] for command in offline] == [".", "dist/*.whl"]


def test_only_the_lock_and_the_wheel_ship(build: Stage, final: Stage) -> None:
    """The environment that ships is made without pip, and gets the operator's lock and the project's wheel only."""
    into = [command for command in commands(build) if f"--python {HOME}/bin/python install" in command]

    assert f"python3 -m venv --without-pip {HOME}" in commands(build)
    assert [command.split()[-1] for command in into] == ["requirements/operator.txt", "dist/*.whl"]
    assert every(final, "COPY") == [f"--from=build {HOME} {HOME}"]


def test_no_build_tools_at_run_time(final: Stage) -> None:
    """The last stage runs nothing, and its path has neither the build tools nor the base image's pip."""
    path = settings(final, "ENV")["PATH"].split(":")

    assert every(final, "RUN") == []
    assert path[0] == f"{HOME}/bin"
    assert [folder for folder in path if folder.startswith(("/tools", "/usr/local"))] == []


def test_user_is_a_number_and_not_root(final: Stage) -> None:
    """The user is numeric, as runAsNonRoot needs it, and neither user nor group is 0."""
    (user,) = every(final, "USER")

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_user_needs_no_passwd_entry(final: Stage) -> None:
    """HOME and USER are set: the Kubernetes client asks for the one, kopf for the other, and a number has neither."""
    assert settings(final, "ENV")["HOME"] == "/"
    assert settings(final, "ENV")["USER"]


def test_root_file_system_may_be_read_only(build: Stage, final: Stage) -> None:
    """Byte code is made in the build, and never at run time."""
    assert settings(final, "ENV")["PYTHONDONTWRITEBYTECODE"] == "1"
    assert commands(build)[-1].startswith(f"{HOME}/bin/python -m compileall ")
    assert commands(build)[-1].endswith(f" {HOME}/lib")


def test_image_is_the_operator(final: Stage) -> None:
    """The image runs the command, as process 1 and without a shell; without arguments it is the operator."""
    assert [json.loads(rest) for rest in every(final, "ENTRYPOINT")] == [["runai-registrar"]]
    assert [json.loads(rest) for rest in every(final, "CMD")] == [["operator"]]


def test_labels_agree_with_the_project(final: Stage) -> None:
    """Name, licence and version are the project's."""
    prefix = "org.opencontainers.image."
    labels = {name.removeprefix(prefix): value for name, value in settings(final, "LABEL").items()}

    assert (labels["title"], labels["licenses"]) == (PROJECT["project"]["name"], PROJECT["project"]["license"])
    assert labels["version"] == "${VERSION}"
    assert settings(final, "ARG")["VERSION"] == PROJECT["project"]["version"]


def test_build_context_has_what_is_copied(build: Stage) -> None:
    """Whatever the build copies exists, and .dockerignore lets it through; it lets through nothing else."""
    copied = [word for rest in every(build, "COPY") for word in rest.split()[:-1]]
    first, *rules = logical_lines(ROOT / ".dockerignore")
    admitted = [rule[1:] for rule in rules if rule.startswith("!")]

    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert first == "*"
    assert [name for name in copied if not any(fnmatch.fnmatch(name.split("/")[0], rule) for rule in admitted)] == []
    assert sorted(admitted) == sorted({name.split("/")[0] for name in copied})
