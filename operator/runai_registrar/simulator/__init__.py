"""A simulated NVIDIA Run:ai control plane: stateful, faithful to its API file, with faults on demand.

Serve one with `running` or `running_in_thread`, steer it with `Admin`. Nothing here imports the operator.
"""

from runai_registrar.simulator.admin import Admin, AdminError
from runai_registrar.simulator.clock import Clock
from runai_registrar.simulator.server import Server, Tls, running, running_in_thread
from runai_registrar.simulator.settings import Settings
from runai_registrar.simulator.simulator import Simulator
from runai_registrar.simulator.tokens import Credential

__all__ = [
    "Admin",
    "AdminError",
    "Clock",
    "Credential",
    "Server",
    "Settings",
    "Simulator",
    "Tls",
    "running",
    "running_in_thread",
]
