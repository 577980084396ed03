"""What the end-to-end tests need: a cluster that is given, and everything installed on it once.

They run only where they are told the cluster and the image (`make e2e`), because they install CRDs and delete them: a
bare `pytest` passes this folder by.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chart.charts import previous
from e2e.cluster import Cluster, KubectlError
from e2e.installation import CONTROL_PLANES, CRDS, OPERATOR, REGISTRATIONS, Installation
from e2e.simulated import Simulated, simulating

IMAGE = "RUNAI_REGISTRAR_E2E_IMAGE"
KUBECONFIG = "RUNAI_REGISTRAR_E2E_KUBECONFIG"
HOME, PLANE, TEAM, OTHER = (f"runai-registrar-e2e{suffix}" for suffix in ("", "-simulator", "-team", "-other"))

_CLUSTER = pytest.StashKey[Cluster]()

collect_ignore_glob = [] if IMAGE in os.environ else ["test_*.py"]


@pytest.fixture(scope="session")
def image() -> str:
    """The image under test; the cluster has it, or can pull it."""
    return _given(IMAGE)


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """The cluster of the kubeconfig; one that has something of ours already is left alone."""
    cluster = Cluster(Path(os.environ.get(KUBECONFIG) or _given("KUBECONFIG")))
    there = {each["metadata"]["name"] for each in cluster.items("customresourcedefinitions,namespaces")}
    if found := there & {*CRDS, HOME, PLANE, TEAM, OTHER}:
        raise pytest.fail.Exception(
            f"The cluster has {', '.join(sorted(found))} already. These tests install everything, and delete it again: "
            "give them a cluster without.",
            pytrace=False,
        )
    pytestconfig.stash[_CLUSTER] = cluster
    return cluster


@pytest.fixture(scope="session")
def spaces(cluster: Cluster) -> Iterator[None]:
    """All namespaces, restricted; they go at the end with whatever a failed test has left."""
    for name in (HOME, PLANE, TEAM, OTHER):
        cluster.make_namespace(name)
    yield
    _sweep(cluster)


@pytest.fixture(scope="session")
def simulated(cluster: Cluster, spaces: None, image: str) -> Iterator[Simulated]:
    """A simulated control plane in a pod."""
    assert spaces is None
    with simulating(cluster, PLANE, image) as simulated:
        yield simulated


@pytest.fixture(scope="session")
def installation(
    cluster: Cluster, simulated: Simulated, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The chart of the version before, installed; its control plane `default` is Ready."""
    installation = Installation(cluster, HOME, image, previous(tmp_path_factory.mktemp("chart")))
    try:
        installation.install()
        cluster.apply(*simulated.control_plane(HOME))
        cluster.wait(f"{CONTROL_PLANES}/default", "condition=Ready")
        yield installation
    finally:
        if installation.installed:
            installation.uninstall()
        installation.close()


@pytest.fixture(scope="session")
def team() -> str:
    """The namespace that most registrations are in."""
    return TEAM


@pytest.fixture(scope="session")
def other() -> str:
    """A namespace that a test may delete."""
    return OTHER


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show pods, events and the operator's log with a test that failed."""
    report = yield
    cluster = item.config.stash.get(_CLUSTER, None)
    if report.failed and cluster is not None:
        for name, words in _LOOKS.items():
            with suppress(KubectlError):
                report.sections.append((name, cluster.kubectl(*words)))
    return report


_LOOKS = {
    "pods": ["get", "pods", "-A", "-o", "wide"],
    "ours": ["get", f"{REGISTRATIONS},{CONTROL_PLANES}", "-A", "-o", "wide"],
    "events": ["get", "events", "-n", HOME, "--sort-by=.lastTimestamp"],
    "the operator's log": ["logs", "-n", HOME, "-l", OPERATOR, "--tail=200", "--prefix"],
}


def _given(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise pytest.fail.Exception(
            f"{variable} is not set. Run `make e2e KUBECONFIG=… IMAGE=…`; docs/testing.md has more.", pytrace=False
        )
    return value


def _sweep(cluster: Cluster) -> None:
    """Delete what is left by force: finalizers are stripped, as the operator may be gone."""
    for kind in (REGISTRATIONS, CONTROL_PLANES):
        with suppress(KubectlError):  # its CRD is gone, which is how it should be
            for each in cluster.items(kind):
                metadata = each["metadata"]
                place = ("-n", metadata.get("namespace", "default"))
                strip = '{"metadata": {"finalizers": null}, "spec": {"deletionProtection": null}}'
                cluster.kubectl("patch", kind, metadata["name"], *place, "--type=merge", "-p", strip)
    cluster.kubectl("delete", "customresourcedefinition", *CRDS, "--ignore-not-found")
    cluster.kubectl("delete", "namespace", HOME, PLANE, TEAM, OTHER, "--ignore-not-found", "--timeout=2m")
