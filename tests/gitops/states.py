"""Real registrations and control planes in every state that GitOps tools have to tell apart."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from kube import Object
from operators import House
from planes import CONTROL_PLANES, ControlPlane, Simulated, custom
from stage import Stage, condition

LACKS: dict[str, dict[str, Any]] = {
    "missing-prerequisites": {
        "state": "MissingPrerequisites",
        "dependencies": {"required": {"prometheus": {"available": False, "reason": "Not installed."}}},
    },
    "service-issues": {
        "state": "ServiceIssues",
        "operands": {"runai-agent": {"ready": False, "reasons": ["It restarts."]}},
    },
}
"""What a cluster says of itself that is connected and not well."""

STATES = {"connected": "Connected", "disconnected": "Disconnected", "unknown": "Unknown", "waiting": "WaitingToConnect"}
"""What the control plane shows of the others."""


class States:
    """Objects by the name of the state that they are in; made together, so that what takes time takes it once.

    Args:
        house: Where an operator runs.
        cleaning: What is to be done in the end.
    """

    def __init__(self, house: House, cleaning: ExitStack) -> None:
        self._house, self._cleaning = house, cleaning
        self._simulator, self._silent = self._simulated(), self._simulated()
        self.stage = Stage(house, self._simulator, self._plane(self._simulator))
        cleaning.callback(self.stage.clear)
        self.objects: dict[str, Object] = {}
        self._start()
        self._settle()
        self.planes = self._control_planes()

    def _simulated(self) -> Simulated:
        simulated = Simulated()
        self._cleaning.callback(simulated.close)
        return simulated

    def _plane(self, simulated: Simulated, secret: str | None = None, **spec: object) -> ControlPlane:
        plane = ControlPlane(self._house, simulated).create_secret(secret).create(**spec)
        self._cleaning.callback(plane.remove)
        return plane

    def _start(self) -> None:
        """Register everything; what waits for time to pass goes first."""
        stage, admin = self.stage, self.stage.admin
        admin.settings(drainTime=None)
        admin.fault("refuse", operation="create_cluster", match_body='"registering"', times=None, status=503)
        admin.create("name-taken")
        plane = self._plane(self._silent)
        self._made = {"silent": stage.register("silent", controlPlaneRef={"name": plane.name})}
        self._made["silent"].wait_ready()
        self._silent.down()
        self._down = plane
        self.objects["new"] = stage.kube.create(stage.registrations, stage.manifest("new", suspend=True))
        self._made["suspended-new"] = stage.known("new")
        for name in ("registering", "name-taken", *STATES, *LACKS, "suspended", "deleting", "edited"):
            self._made[name] = stage.register(name)
        self._made["drifted"] = stage.register("drifted", onDrift="Report")
        self._made["observing"] = stage.register("observing", mode="Observe")
        self._made["delete-blocked"] = stage.register("delete-blocked", deletionProtection=True)
        self._made["no-plane"] = stage.register("no-plane", controlPlaneRef={"name": f"no-{plane.name}"})

    def _settle(self) -> None:
        """Bring each one into its state, and look at it there."""
        for name in (*STATES, *LACKS, "suspended", "deleting", "edited", "drifted", "delete-blocked"):
            self._made[name].wait_ready()
        self._change()
        self.objects["edited"] = self._made["edited"].change(clusterName="other-name")
        wanted: dict[str, tuple[str, str]] = {
            **{name: ("Connected", state) for name, state in STATES.items()},
            **{name: ("Connected", str(shown["state"])) for name, shown in LACKS.items()},
            "registering": ("Ready", "Registering"),
            "name-taken": ("Stalled", "NameTaken"),
            "suspended-new": ("Ready", "Suspended"),
            "suspended": ("Ready", "Registered"),
            "drifted": ("Drifted", "DiffersFromSpec"),
            "observing": ("Ready", "Observing"),
            "deleting": ("Ready", "Deleting"),
            "delete-blocked": ("Ready", "DeletionBlocked"),
            "no-plane": ("Ready", "ControlPlaneNotFound"),
            "silent": ("Connected", "ControlPlaneUnreachable"),
        }
        for name, (kind, reason) in wanted.items():
            self.objects[name] = self._made[name].wait(partial(_says, kind, reason), f"{kind} with reason {reason}")

    def _change(self) -> None:
        """What happens to registered clusters, by their users and in the control plane."""
        made, admin = self._made, self.stage.admin
        for name, state in STATES.items():
            admin.set_state(made[name].status["uuid"], state)
        for name, shown in LACKS.items():
            admin.change(made[name].status["uuid"], status=shown)
        admin.rename(made["drifted"].status["uuid"], "somebody-renamed-it")
        made["suspended"].change(suspend=True)
        made["deleting"].delete()
        made["delete-blocked"].delete()

    def _control_planes(self) -> dict[str, Object]:
        """Control planes in every state."""
        secretless = ControlPlane(self._house, self._simulator)
        spec = {"url": self._simulator.url, "credentialsSecretRef": {"name": secretless.name}}
        new = self.stage.kube.create(CONTROL_PLANES, custom("RunaiControlPlane", secretless.name, spec))
        self._cleaning.callback(secretless.remove)
        made = {
            "no-secret": secretless,
            "refused": self._plane(self._simulator, "a-wrong-secret"),
            "suspended-new": self._plane(self._simulator, suspend=True),
            "reachable": self.stage.control_plane,
            "unreachable": self._down,
        }
        seen = {
            name: self._look(plane, lambda seen: condition(seen, "Ready") is not None) for name, plane in made.items()
        }
        self.stage.control_plane.change(suspend=True)
        suspended = self._look(self.stage.control_plane, lambda seen: "Suspended:" in _message(seen))
        self.stage.control_plane.change(suspend=False)
        return {**seen, "new": new, "suspended": suspended}

    def _look(self, plane: ControlPlane, holds: Callable[[Object], bool]) -> Object:
        return self._house.kube.wait_for(plane.path, holds, 30.0, "seen by the operator")


def _says(kind: str, reason: str, seen: Object) -> bool:
    """Whether a condition says this of the present generation."""
    return (condition(seen, kind) or {}).get("reason") == reason


def _message(seen: Object) -> str:
    return str((condition(seen, "Ready") or {}).get("message"))
