"""How to reach the API server: the pod's service account, or a kubeconfig."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from kubernetes.aio import client as kubernetes_client
from kubernetes.aio import config as kubernetes_config

from runai_registrar.errors import SettingsError


async def load_configuration() -> kubernetes_client.Configuration:
    """How to reach the API server: in a pod by its service account, else by KUBECONFIG."""
    configuration = kubernetes_client.Configuration()
    try:
        kubernetes_config.load_incluster_config(client_configuration=configuration)
    except kubernetes_config.ConfigException:
        try:
            await kubernetes_config.load_kube_config(client_configuration=configuration)
        except (kubernetes_config.ConfigException, OSError) as error:
            place = os.environ.get("KUBECONFIG", "~/.kube/config")
            raise SettingsError(
                f"No way to a Kubernetes cluster: not in a pod, and {place} cannot be used ({error}). Set KUBECONFIG."
            ) from None
    return configuration


async def bearer_token(configuration: kubernetes_client.Configuration) -> str | None:
    """The token without its scheme, which a kubeconfig's loader writes `Bearer` and a pod's loader `bearer`."""
    authorization = await configuration.get_api_key_with_prefix("BearerToken")
    return authorization.rpartition(" ")[2] if authorization else None


@dataclass(frozen=True)
class Person:
    """How the person at the keyboard reaches the API server.

    Attributes:
        configuration: Address and credentials.
        context: The context of the kubeconfig; None in a pod.
        namespace: The namespace that this context works in.
    """

    configuration: kubernetes_client.Configuration
    context: str | None = None
    namespace: str = "default"


async def load_person(kubeconfig: str | None = None, context: str | None = None) -> Person:
    """As kubectl does it: by the kubeconfig, which is never written to; in a pod without one by its service account.

    Raises:
        SettingsError: There is no usable kubeconfig, or no such context in it.
    """
    files = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    if not _exists(files):
        return Person(_of_pod(files, wanted=kubeconfig is None and context is None))
    configuration = kubernetes_client.Configuration()
    try:
        loader = await kubernetes_config.load_kube_config(
            files, context, client_configuration=configuration, persist_config=False
        )
        chosen = loader.current_context
        return Person(configuration, chosen["name"], chosen["context"].get("namespace") or "default")
    except kubernetes_config.ConfigException as error:
        raise SettingsError(f"No way to a Kubernetes cluster: {error}. Set --kubeconfig or --context.") from None
    except (OSError, yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError) as error:
        # The library takes the shape of the file for granted.
        raise SettingsError(f"The kubeconfig {files} cannot be used ({type(error).__name__}).") from None


def _exists(files: str) -> bool:
    """Whether one of the files of a KUBECONFIG is there."""
    return any(Path(part).expanduser().exists() for part in files.split(os.pathsep) if part)


def _of_pod(files: str, *, wanted: bool) -> kubernetes_client.Configuration:
    configuration = kubernetes_client.Configuration()
    try:
        if wanted:
            kubernetes_config.load_incluster_config(client_configuration=configuration)
            return configuration
    except kubernetes_config.ConfigException:
        pass  # no pod either: the same error
    raise SettingsError(f"There is no kubeconfig {files}. Set --kubeconfig or KUBECONFIG.")
