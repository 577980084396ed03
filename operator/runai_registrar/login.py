"""How to reach the API server: the pod's service account, or a kubeconfig."""

import os

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
