"""The Helm command survives a real shell: every word arrives as it was meant."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runai_registrar.gitops.helm import Install, unusable

REPORTER = """#!{python}
import json, sys
print(json.dumps([sys.argv[1:], sys.stdin.read() if sys.argv[0].endswith("helm") else ""]))
"""
PLAIN = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a kubectl that prints its arguments, and a helm that prints them and its input."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("kubectl", "helm"):
        (folder / name).write_text(REPORTER.format(python=sys.executable))
        (folder / name).chmod(0o755)
    return folder


def ran(shell: Path, command: str) -> tuple[list[str], str]:
    """What helm was given by a shell that runs this command: arguments and input."""
    path = {"PATH": str(shell)}
    words = ["/bin/sh", "-c", command]
    done = subprocess.run(words, env=path, capture_output=True, text=True, check=True)  # noqa: S603  # what is tested
    given, stdin = json.loads(done.stdout)
    return given, stdin


HOSTILE = 'https://x/\'; touch /tmp/x; echo $(id) `id` "$HOME" \\ && #'


def test_hidden_command_in_a_shell(shell: Path) -> None:
    """The values of the right Secret are read and go to Helm; quotes and `$` stay what they are."""
    install = Install("platform", "gpu-install", HOSTILE, "2.24; id", ("--context=a b",), ("--kube-context=$X",))

    words, stdin = ran(shell, install.hidden())
    read, _ = json.loads(stdin)

    assert read == [
        *("--context=a b", "get", "secret", "gpu-install", "--namespace=platform"),
        *("-o", 'go-template={{index .data "values.yaml" | base64decode}}'),
    ]
    assert words == [
        *("--kube-context=$X", "upgrade", "--install", "runai-cluster", "runai-cluster", f"--repo={HOSTILE}"),
        *("--version=2.24; id", "--namespace=runai", "--create-namespace", "--values=-"),
    ]


@pytest.mark.parametrize("form", [Install.hidden, lambda install: install.shown("a: b")], ids=["hidden", "shown"])
def test_what_somebody_needs_besides(shell: Path, form: Callable[[Install], str]) -> None:
    """Another chart takes the place of the repository's, and further options come last, whatever is in them."""
    more = ("--set=a=$(id)", "it's", "")
    words, _ = ran(shell, form(Install("a", "b", "https://x", "1", chart="./my chart.tgz", more=more)))

    assert words == [
        *("upgrade", "--install", "runai-cluster", "./my chart.tgz", "--version=1", "--namespace=runai"),
        *("--create-namespace", "--values=-", *more),
    ]


@pytest.mark.parametrize("kubectl", ["exit 1", "echo 'controlPlane: {}'; exit 1", "kill $$"])
def test_helm_is_not_run_without_values(shell: Path, tmp_path: Path, kubectl: str) -> None:
    """Where kubectl fails, Helm is not run: no cluster is upgraded to empty values, and it is no success."""
    shutil.copy(shell / "helm", tmp_path / "helm")
    (tmp_path / "kubectl").write_text(f"#!/bin/sh\n{kubectl}\n")
    (tmp_path / "kubectl").chmod(0o755)
    words = ["/bin/sh", "-c", Install("a", "b", "https://x", "1").hidden()]
    done = subprocess.run(words, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)  # noqa: S603  # what is tested

    assert done.returncode != 0
    assert done.stdout == ""


def test_values_do_not_stay_behind(shell: Path) -> None:
    """A shell into which the command is pasted has no variable with the values afterwards."""
    command = Install("a", "b", "https://x", "1").hidden()
    words = ["/bin/sh", "-c", f'{command} > /dev/null; echo "<$values>"']
    done = subprocess.run(words, env={"PATH": str(shell)}, capture_output=True, text=True, check=True)  # noqa: S603  # what is tested

    assert done.stdout == "<>\n"


def test_shown_command_in_a_shell(shell: Path) -> None:
    """Helm gets the values as they stand in the Secret, even where they hold what could end them."""
    values = "controlPlane:\n  clientSecret: '$(id) `id` $HOME \\'\nVALUES_1\nVALUES_2\n"

    words, stdin = ran(shell, Install("a", "b", "https://x", "1").shown(values))

    assert words[-1] == "--values=-"
    assert stdin == values


@given(PLAIN, PLAIN)
def test_words_stay_words(repository: str, version: str) -> None:
    """Read as a shell reads it, the command has one word for each option, whatever is in it."""
    words = shlex.split(Install("a", "b", repository, version).hidden().rpartition("|\n")[2].removesuffix(")"))

    assert {f"--repo={repository}", f"--version={version}"} <= set(words)
    assert len(words) == 10


def test_unusable_texts_are_found() -> None:
    """What is empty, or would upset a terminal, is named by its key."""
    assert unusable({"a": "x: y\nz: ä\n", "b": "2.24"}) is None
    assert unusable({"a": "x", "b": "\x1b[2J"}) == "b"
    assert unusable({"a": "", "b": "x"}) == "a"
