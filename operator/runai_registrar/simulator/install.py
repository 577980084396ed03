"""What a person would paste to install the agent (schema ClusterInstallationInfoResponse of the API file)."""

from runai_registrar.simulator.cluster import Cluster

REPOSITORY_NAME = "runai"
INSTALLABLE_SINCE = (2, 15)
"""The first version that installation information is given for (operation get_cluster_install_info_by_uuid)."""


def installation_info(
    cluster: Cluster, *, version: str, remote_url: str | None, control_plane: str, repo: str
) -> dict[str, str]:
    """Return the answer's fields; `installationStr` and `clientSecret` both hold the cluster's secret."""
    lines = (
        f"helm repo add {REPOSITORY_NAME} {repo}",
        "helm repo update",
        "helm upgrade -i runai-cluster runai/runai-cluster -n runai \\",
        f"--set controlPlane.url={control_plane} \\",
        f"--set controlPlane.clientSecret={cluster.client_secret} \\",
        f"--set cluster.uid={cluster.uuid} \\",
        f"--set cluster.url={remote_url or cluster.domain or ''} \\",
        f'--version="{version}" --create-namespace',
    )
    return {
        "installationStr": "\n".join(lines),
        "repositoryName": REPOSITORY_NAME,
        "chartRepoURL": repo,
        "clientSecret": cluster.client_secret,
    }
