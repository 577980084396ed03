"""The administrators' page `docs/control-planes.md`: what it shows applies, and what it lists is what there is."""

import ast
import re
import shlex
from collections.abc import Iterator

import pytest
import yaml

from kube import REPOSITORY, Kube, Object
from planes import CONTROL_PLANES
from runai_registrar.errors import AuthenticationFailed, CredentialsNotFound, PermissionDenied

PAGE = (REPOSITORY / "docs" / "control-planes.md").read_text()
PACKAGE = REPOSITORY / "operator" / "runai_registrar"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
SECRET = "/api/v1/namespaces/runai-registrar/secrets/runai-credentials"
NO_REASONS = {"True", "False", "Unknown", "Ready", "Reconciling", "Stalled", "Held"}
"""Words that are found in the same places: of conditions, and a type."""


@pytest.fixture
def written(kube: Kube, namespace: str) -> Iterator[list[Object]]:
    """The manifests of the page, applied as they stand; afterwards none of its control planes is left."""
    kube.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "runai-registrar"}}))
    yield [made for block in BLOCKS for made in kube.apply(block, namespace)]
    for made in kube.items(CONTROL_PLANES):
        kube.delete(f"{CONTROL_PLANES}/{made['metadata']['name']}")
    kube.delete(SECRET)


def schema(part: str) -> Object:
    """The fields of the CRD's spec or status."""
    crd = yaml.safe_load((REPOSITORY / "crds" / "runai-registrar.io_runaicontrolplanes.yaml").read_text())
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return dict(properties[part]["properties"])


def first_column(head: str) -> set[str]:
    """The code words in the first column of the table that begins so."""
    table = PAGE[PAGE.index(head) :].partition("\n\n")[0]
    return set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE))


def test_every_manifest_applies(written: list[Object]) -> None:
    """Each YAML block is accepted by the API server as it stands, and means what it says."""
    manifests = [manifest for block in BLOCKS for manifest in yaml.safe_load_all(block)]

    assert len(manifests) >= 5
    assert [made.get("spec") for made in written] == [each.get("spec") for each in manifests]


def test_every_field_is_described() -> None:
    """The tables have each field of the CRD, the bookkeeping of the status aside, and no other."""
    assert first_column("| field | left out |") == schema("spec").keys()
    assert first_column("| field of status |") == schema("status").keys() - {"conditions", "observedGeneration"}


def test_every_reason_is_described() -> None:
    """The table of reasons has each reason that a look at a control plane can give, and no other."""
    paths = ("core/planes.py", "engine/poller.py", "engine/troubles.py")
    trees = [ast.parse((PACKAGE / path).read_text()) for path in paths]
    constants = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    words = {text for text in constants if isinstance(text, str) and re.fullmatch(r"([A-Z][a-z]+){1,4}", text)}
    of_errors = {error.default_reason for error in (AuthenticationFailed, CredentialsNotFound, PermissionDenied)}

    assert first_column("| reason | Ready |") == (words - NO_REASONS) | of_errors


@pytest.mark.usefixtures("written")
def test_finalizers_come_off_by_hand(kube: Kube) -> None:
    """With the operator gone for good, the commands of the page end a deletion that hangs."""
    held = {f"{CONTROL_PLANES}/default": "runai-registrar.io/control-plane", SECRET: "runai-registrar.io/credentials"}
    for path, finalizer in held.items():
        kube.patch(path, {"metadata": {"finalizers": [finalizer]}})
        kube.delete(path)
        assert kube.find(path) is not None

    commands = [line for line in PAGE.splitlines() if line.startswith("$ kubectl patch") and "finalizers" in line]
    for command in commands:
        done = kube.kubectl(*shlex.split(command)[2:])
        assert done.returncode == 0, done.stderr

    assert [kube.find(path) for path in held] == [None, None]
    kube.apply(BLOCKS[0])
