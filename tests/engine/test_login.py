"""How the operator logs in: each loader of the Kubernetes client writes the token in its own way."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import yaml
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_kube_config
from kubernetes.aio.config.incluster_config import InClusterConfigLoader

from runai_registrar.login import bearer_token

SERVER = "https://127.0.0.1:6443"
Load = Callable[[Path], Awaitable[Configuration]]


async def of_a_kubeconfig(folder: Path) -> Configuration:
    """As KUBECONFIG has it."""
    named = {"clusters": "cluster", "users": "user", "contexts": "context"}
    what = {"cluster": {"server": SERVER}, "user": {"token": "t0ken"}, "context": {"cluster": "c", "user": "c"}}
    parts = {part: [{"name": "c", one: what[one]}] for part, one in named.items()}
    (folder / "kubeconfig").write_text(yaml.safe_dump({"current-context": "c", **parts}))
    configuration = Configuration()
    await load_kube_config(str(folder / "kubeconfig"), client_configuration=configuration)
    return configuration


async def of_a_pod(folder: Path) -> Configuration:
    """As the files and variables of a pod have it."""
    (folder / "token").write_text("t0ken")
    (folder / "ca.crt").write_text("a certificate")
    where = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}
    configuration = Configuration()
    InClusterConfigLoader(str(folder / "token"), str(folder / "ca.crt"), environ=where).load_and_set(configuration)
    return configuration


@pytest.mark.parametrize("load", [of_a_kubeconfig, of_a_pod])
async def test_the_token_stands_alone(load: Load, tmp_path: Path) -> None:
    """However the client keeps it, the watches get the token without its scheme."""
    configuration = await load(tmp_path)

    assert await bearer_token(configuration) == "t0ken"
    assert configuration.host == SERVER


async def test_there_may_be_no_token() -> None:
    """A client certificate needs none."""
    assert await bearer_token(Configuration()) is None
