"""The arguments of the three servers. Pure; paths are relative to the data folder, which is their working directory.

etcd listens on Unix sockets in that folder only: no port to clash with, and nobody else on the machine can reach it.
"""

from collections.abc import Sequence

ETCD_SOCKET = "unix://etcd.sock"
CERTIFICATE_FOLDER = "certificates"
SERVING_CERTIFICATE = f"{CERTIFICATE_FOLDER}/apiserver.crt"
TOKEN_FILE = "tokens.csv"  # noqa: S105  # the name of a file
SIGNING_KEY = "service-accounts.key"
AUDIT_POLICY = "audit-policy.yaml"
AUDIT_LOG = "audit.jsonl"
KUBECONFIG = "kubeconfig"

_PEER_SOCKET = "unix://etcd-peer.sock"
_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "validatingadmissionpolicy-status-controller",
)

DEFAULT_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]}
- {level: None, users: ["system:apiserver"]}
- {level: Metadata}
"""
"""Who did what to which object, and the answer's code; no bodies, so no secrets."""


def etcd_flags(*, fsync: bool) -> list[str]:
    """The arguments of etcd; without fsync a crash of the machine (not of etcd) may lose data, and tests are faster."""
    return [
        "--data-dir=etcd",
        f"--listen-client-urls={ETCD_SOCKET}",
        f"--advertise-client-urls={ETCD_SOCKET}",
        f"--listen-peer-urls={_PEER_SOCKET}",
        f"--initial-advertise-peer-urls={_PEER_SOCKET}",
        f"--initial-cluster=default={_PEER_SOCKET}",
        *([] if fsync else ["--unsafe-no-fsync"]),
    ]


def apiserver_flags(port: int, *, audit: bool, extra: Sequence[str]) -> list[str]:
    """The arguments of kube-apiserver on a loopback port; `extra` comes last, so it wins."""
    return [
        f"--etcd-servers={ETCD_SOCKET}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={CERTIFICATE_FOLDER}",
        "--endpoint-reconciler-type=none",  # a loopback address is no valid endpoint of the kubernetes Service
        "--service-cluster-ip-range=10.0.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={SIGNING_KEY}",
        f"--service-account-signing-key-file={SIGNING_KEY}",
        f"--token-auth-file={TOKEN_FILE}",
        "--authorization-mode=RBAC",
        "--profiling=false",
        *(_audit_flags() if audit else []),
        *extra,
    ]


def controller_manager_flags() -> list[str]:
    """The arguments of kube-controller-manager: only the controllers that need no node."""
    return [
        f"--kubeconfig={KUBECONFIG}",
        f"--controllers={','.join(_CONTROLLERS)}",
        f"--service-account-private-key-file={SIGNING_KEY}",
        f"--root-ca-file={SERVING_CERTIFICATE}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def _audit_flags() -> list[str]:
    # "blocking": a record is in the file before the answer is complete.
    return [f"--audit-policy-file={AUDIT_POLICY}", f"--audit-log-path={AUDIT_LOG}", "--audit-log-mode=blocking"]
