"""The user page `docs/deletion.md`: what it shows applies and works, and what it quotes is said."""

import ast
import re
import shlex
from collections.abc import Iterator

import pytest
import yaml

from crds.objects import CONTROL_PLANES_PATH, control_plane
from kube import REPOSITORY, Kube
from policies import NAMES

PAGE = (REPOSITORY / "docs" / "deletion.md").read_text()
PACKAGE = REPOSITORY / "operator" / "runai_registrar"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^\$ kubectl (.*)$", PAGE, re.MULTILINE)


@pytest.fixture
def default(kube: Kube) -> Iterator[None]:
    """The control plane that the page speaks of."""
    spec = {"url": "https://a.example.com", "credentialsSecretRef": {"name": "a"}}
    kube.create(CONTROL_PLANES_PATH, control_plane(spec))
    yield
    kube.delete(f"{CONTROL_PLANES_PATH}/default")


def first_column(head: str) -> list[str]:
    """The code words in the first column of the table that begins so."""
    table = PAGE[PAGE.index(head) :].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def test_every_manifest_applies(kube: Kube, namespace: str) -> None:
    """Each YAML block is accepted by the API server as it stands, and means what it says."""
    written = [manifest for block in BLOCKS for manifest in yaml.safe_load_all(block)]
    applied = [made for block in BLOCKS for made in kube.apply(block, namespace)]

    assert len(written) == 3
    assert [made["spec"] for made in applied] == [each["spec"] for each in written]


def test_the_commands_work(kube: Kube, namespace: str, default: None) -> None:  # noqa: ARG001  # asked for by the page
    """What is to be typed about a registration or a control plane is understood, and does something."""
    kube.apply(BLOCKS[0], namespace)
    typed = [command for command in COMMANDS if not command.startswith("apply")]

    for command in typed:
        words = [namespace if word == "platform" else word for word in shlex.split(command)]
        here = [] if "--all-namespaces" in words or namespace in words else ["-n", namespace]
        done = kube.kubectl(*words, *here, "--overwrite") if "annotate" in words else kube.kubectl(*words, *here)
        assert (done.returncode, done.stderr) == (0, ""), command

    assert len(typed) == 6
    assert kube.get(f"{CONTROL_PLANES_PATH}/default")["status"]["clusters"]["managed"] == 0


def test_the_policies_are_those_that_are_shipped() -> None:
    """The table of policies names each one, in the order of the file, and the command applies that file."""
    assert first_column("| policy | what it refuses") == NAMES
    assert "apply --server-side -f deploy/policies.yaml" in COMMANDS


def test_every_field_is_described() -> None:
    """The table has each field of `deletion` and each of its values."""
    crd = yaml.safe_load((REPOSITORY / "crds" / "runai-registrar.io_runaiclusterregistrations.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["deletion"]
    table = PAGE[PAGE.index("| field of `deletion` |") :].partition("\n\n")[0]
    values = {value for field in schema["properties"].values() for value in field.get("enum", [])}

    assert set(first_column("| field of `deletion` |")) == schema["properties"].keys()
    assert {value for value in values if f"| `{value}` |" not in table} == set()


def test_messages_are_quoted_as_they_are_said() -> None:
    """Each message in the table of what blocks is one that the sources make."""
    quoted, said = first_column("| the message says | the way out |"), "\n".join(sentences())

    assert len(quoted) > 10
    assert [each for each in quoted if each not in said] == []


def sentences() -> list[str]:
    """The texts in the sources."""
    paths = [*sorted((PACKAGE / "core").glob("*.py")), *sorted((PACKAGE / "engine").glob("*.py"))]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
