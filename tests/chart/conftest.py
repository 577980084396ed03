"""What the tests of the chart may use: both Helms, and a cluster that they may change as a whole."""

from collections.abc import Iterator

import pytest

from chart.charts import Helm
from kube import Kube
from runai_registrar.apiserver import ApiServer, Search, find_or_make


@pytest.fixture(scope="session")
def helm() -> Iterator[Helm]:
    """Helm 4, without a cluster."""
    helm = Helm(4)
    yield helm
    helm.close()


@pytest.fixture(scope="session", params=[3, 4], ids=["helm 3", "helm 4"])
def each_helm(request: pytest.FixtureRequest) -> Iterator[Helm]:
    """Either Helm in its turn, without a cluster."""
    helm = Helm(request.param)
    yield helm
    helm.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Kube]:
    """An API server of the module's own with nothing in it, its controllers beside it: CRDs come and go there."""
    binaries = find_or_make(Search.here(controller_manager=True))
    with ApiServer(binaries, controller_manager=True, audit=True) as server, Kube(server) as kube:
        yield kube
