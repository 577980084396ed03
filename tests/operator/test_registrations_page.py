"""The user page `docs/registrations.md`: what it shows applies, and what it lists is what there is."""

import ast
import re
from collections.abc import Iterator

import pytest
import yaml

from kube import REPOSITORY, Kube
from planes import CONTROL_PLANES

PAGE = (REPOSITORY / "docs" / "registrations.md").read_text()
PACKAGE = REPOSITORY / "operator" / "runai_registrar"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
VERDICTS = {"stalled": 1, "waiting": 1, "late": 1, "Stand": 1, "Trouble": 0, "_since": 1}
"""The functions that name a reason, and the place of it among their arguments."""
NOT_OF_READY = {"Reachable", "OtherState", "Unknown"}
"""Words that are found in the same places: of a RunaiControlPlane, of Connected, and a status."""


@pytest.fixture
def own_namespace(kube: Kube) -> Iterator[None]:
    """The operator's own namespace, which the page takes for granted, and afterwards no control plane of the page."""
    kube.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "runai-registrar"}}))
    yield
    kube.delete(f"{CONTROL_PLANES}/default")


def test_every_manifest_applies(kube: Kube, namespace: str, own_namespace: None) -> None:  # noqa: ARG001  # asked for by the page
    """Each YAML block is accepted by the API server as it stands, and means what it says."""
    written = [manifest for block in BLOCKS for manifest in yaml.safe_load_all(block)]
    applied = [made for block in BLOCKS for made in kube.apply(block, namespace)]

    assert written
    assert [made.get("spec") for made in applied] == [each.get("spec") for each in written]


def test_every_field_is_described() -> None:
    """The table of fields has each field of the CRD's spec, and no other."""
    crd = yaml.safe_load((REPOSITORY / "crds" / "runai-registrar.io_runaiclusterregistrations.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]

    assert {name.split(".")[0] for name in first_column("| field | left out |")} == schema["properties"].keys()
    nested = {name for name in first_column("| field | left out |") if name.startswith("deletion.")}
    assert nested == {f"deletion.{name}" for name in schema["properties"]["deletion"]["properties"]}


def test_every_status_field_is_described() -> None:
    """The table of the status has each field of the CRD's status, its bookkeeping aside."""
    crd = yaml.safe_load((REPOSITORY / "crds" / "runai-registrar.io_runaiclusterregistrations.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]

    bookkeeping = {"conditions", "observedGeneration"}

    assert first_column("| field | what it tells |") == schema["properties"].keys() - bookkeeping


def test_every_reason_is_described() -> None:
    """The table of reasons has each reason that the operator can give Ready, and no other."""
    assert first_column("| reason | Ready |") == reasons() - NOT_OF_READY


def first_column(head: str) -> set[str]:
    """The code words in the first column of the table that begins so."""
    table = PAGE[PAGE.index(head) :].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def reasons() -> set[str]:
    """The reasons that stand in the sources where a verdict, a trouble or an error is made."""
    paths = [*(PACKAGE / "core").glob("*.py"), *(PACKAGE / "engine").glob("*.py"), PACKAGE / "errors.py"]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    return {text for node in nodes for part in naming(node) for text in texts(part)}


def naming(node: ast.AST) -> list[ast.expr]:
    """The expressions of a node that name a reason."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in VERDICTS:
        return node.args[VERDICTS[node.func.id] :][:1]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "default_reason":
        return [node.value] if node.value else []
    if isinstance(node, ast.Assign) and any(isinstance(each, ast.Name) and "reason" in each.id for each in names(node)):
        return [node.value]
    return []


def names(node: ast.Assign) -> list[ast.expr]:
    """The targets of an assignment, those of a tuple one by one."""
    return [part for each in node.targets for part in (each.elts if isinstance(each, ast.Tuple) else [each])]


def texts(part: ast.AST) -> set[str]:
    """The words in an expression that are written as reasons are."""
    found = {node.value for node in ast.walk(part) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in found if re.fullmatch(r"([A-Z][a-z]+){1,4}", text)}
