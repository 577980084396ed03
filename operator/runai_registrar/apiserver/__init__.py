"""A real kube-apiserver with etcd on this machine: for the tests, the demo, and for playing.

The parts: `binaries` finds or makes the programs, `servers` runs them, `given` prefers a cluster named by the
environment, `crds` applies manifests, `audit` reads who did what; ``python -m runai_registrar.apiserver`` is the
command. Nothing here is part of the operator, and nothing here imports it.
"""

from runai_registrar.apiserver.audit import Request, count_by_verb, read_audit_log
from runai_registrar.apiserver.binaries import Binaries, Search, find_or_make
from runai_registrar.apiserver.crds import apply_manifests, install_crds, read_manifests
from runai_registrar.apiserver.errors import ApiServerError
from runai_registrar.apiserver.given import GivenServer, Server, server_for_tests
from runai_registrar.apiserver.kubeconfig import connect, write_kubeconfig, write_kubeconfig_as
from runai_registrar.apiserver.servers import ApiServer

__all__ = [
    "ApiServer",
    "ApiServerError",
    "Binaries",
    "GivenServer",
    "Request",
    "Search",
    "Server",
    "apply_manifests",
    "connect",
    "count_by_verb",
    "find_or_make",
    "install_crds",
    "read_audit_log",
    "read_manifests",
    "server_for_tests",
    "write_kubeconfig",
    "write_kubeconfig_as",
]
