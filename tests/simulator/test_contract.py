"""The simulator against the API file: generated calls on a real socket, and every answer's shape."""

import copy
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
import schemathesis

from runai_registrar.simulator import Admin, Settings, Simulator, contract, running_in_thread
from simulator.calls import CLUSTERS, Api

API_FILE = files("runai_registrar.simulator").joinpath(contract.API_FILE)
SCHEMA = schemathesis.openapi.from_dict(copy.deepcopy(contract.document()))
UNDECLARED = ("400", "404", "405", "409", "415")
"""Answers that the file does not declare for every operation, and that have its Error body."""


def conforms(operation: str, answer: httpx.Response) -> None:
    """Hold an answer against what the API file declares for an operation; raise where it differs."""
    SCHEMA.find_operation_by_id(operation).validate_response(answer)


def widened_file(directory: Path) -> Path:
    """Return a copy of the API file in which the undeclared answers are declared, with the Error schema."""
    document = copy.deepcopy(contract.document())
    error = {
        "description": "Error",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"] = dict.fromkeys(UNDECLARED, error) | operation["responses"]
    path = directory / "api.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_generated_calls(tmp_path: Path) -> None:
    """Right and wrong calls of all six operations, alone and in sequences, are answered as the API file says."""
    settings = Settings(drain_time=0)  # a deleted cluster must be gone at once for the check of use after deletion
    with running_in_thread(Simulator(settings)) as server, Admin(server.admin_url) as admin, Api(server.url) as api:
        token = api.log_in(server.client_id, server.client_secret).headers["Authorization"]
        program = Path(sys.executable).with_name("schemathesis")
        arguments = ["run", str(widened_file(tmp_path)), "--url", server.url, "--header", f"Authorization: {token}"]
        bounds = ["--checks", "all", "--max-examples", "40", "--seed", "20", "--continue-on-failure", "--no-color"]
        ran = subprocess.run(  # noqa: S603  # the program and its arguments are ours
            [program, *arguments, *bounds], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        counts = admin.counts()

    assert ran.returncode == 0, ran.stdout
    assert all(counts[operation] >= 20 for operation in contract.operations()), counts


@pytest.mark.parametrize(
    "state", ["WaitingToConnect", "Connected", "Disconnected", "MissingPrerequisites", "ServiceIssues", "Unknown", None]
)
def test_every_state_is_displayed_as_declared(api: Api, admin: Admin, state: str | None) -> None:
    """A cluster in any state of the API file, fresh or draining, is shown as the file says."""
    uid = api.new("gpu-east", domain="gpu-east.example.com")
    admin.set_state(uid, "Connected")
    admin.set_state(uid, state)

    conforms("get_cluster_by_uuid", api.cluster(uid))
    conforms("get_cluster_by_uuid", api.cluster(uid, verbosity="metadata"))
    conforms("delete_cluster", api.remove(uid))
    conforms("get_clusters", api.get(CLUSTERS, params={"includeRequestedForDelete": "true"}))


def test_every_operation_answers_as_declared(api: Api) -> None:
    """The good answers of create, rename, install information and deletion are those of the file."""
    created = api.create("gpu-east", version="2.19")
    uid = created.json()["uuid"]

    conforms("create_cluster", created)
    conforms("updateCluster", api.rename(uid, "gpu-west"))
    conforms("get_cluster_install_info_by_uuid", api.install_info(uid, version="2.24"))
    conforms("delete_cluster", api.remove(uid))


def test_the_check_itself_fails_for_an_undeclared_state(api: Api, admin: Admin) -> None:
    """A state that the file does not know is found, so the checks above can fail."""
    uid = api.new("gpu-east")
    admin.set_state(uid, "SomethingNew")

    assert not SCHEMA.find_operation_by_id("get_cluster_by_uuid").is_valid_response(api.cluster(uid))


def test_errors_have_the_declared_body(stranger: Api, api: Api) -> None:
    """Declared errors have the Error body."""
    absent = "5f3f0d3c-0000-4000-8000-000000000000"

    conforms("get_clusters", stranger.get(CLUSTERS))
    conforms("get_cluster_by_uuid", api.cluster(absent))
    conforms("get_cluster_install_info_by_uuid", api.install_info(absent, version="2.24"))


def test_api_file_is_package_data() -> None:
    """The API file is where other parts of the project read it, and is the one the routes come from."""
    assert json.loads(API_FILE.read_text(encoding="utf-8")) == contract.document()
    assert len(contract.operations()) == 6
