"""Real objects in every state: what Argo CD shows of them, and what Flux, Helm and other waiters make of them."""

import pytest

from core.kstatus import kstatus
from crds.schemas import ROOT
from gitops.argo import act, health, merge_patch
from gitops.states import LACKS, States
from planes import CONTROL_PLANES
from stage import RECONCILE

REGISTRATIONS = {
    "new": ("Progressing", "Progressing", "InProgress"),
    "edited": ("Progressing", "Progressing", "InProgress"),
    "registering": ("Progressing", "Progressing", "InProgress"),
    "no-plane": ("Progressing", "Progressing", "InProgress"),
    "waiting": ("Healthy", "Healthy", "Current"),
    "connected": ("Healthy", "Healthy", "Current"),
    "unknown": ("Healthy", "Healthy", "Current"),
    "disconnected": ("Degraded", "Healthy", "Current"),
    "missing-prerequisites": ("Degraded", "Healthy", "Current"),
    "service-issues": ("Degraded", "Healthy", "Current"),
    "silent": ("Progressing", "Progressing", "InProgress"),
    "name-taken": ("Degraded", "Degraded", "Failed"),
    "suspended": ("Suspended", "Suspended", "Current"),
    "suspended-new": ("Suspended", "Suspended", "Failed"),
    "observing": ("Healthy", "Healthy", "Current"),
    "drifted": ("Healthy", "Healthy", "Current"),
    "deleting": ("Progressing", "Progressing", "Terminating"),
    "delete-blocked": ("Progressing", "Progressing", "Terminating"),
}
"""By state: the health in Argo CD, the same by the lenient check, and the status of kstatus."""

PAGE = {
    "just applied, or changed and not looked at yet": ["new", "edited"],
    "being registered, or waiting for something that may come by itself": ["registering", "no-plane"],
    "registered, never connected": ["waiting"],
    "registered and connected": ["connected"],
    "registered, and Disconnected, MissingPrerequisites or ServiceIssues": ["disconnected", *LACKS],
    "registered, and the control plane shows the state Unknown": ["unknown"],
    "registered, and the control plane has been silent for long": ["silent"],
    "a person has to act (Stalled), for example NameTaken": ["name-taken"],
    "`suspend`, a cluster is registered": ["suspended"],
    "`suspend`, nothing was registered": ["suspended-new"],
    "`mode: Observe`": ["observing"],
    "renamed by somebody, under `onDrift: Report`": ["drifted"],
    "being deleted, also where the deletion is blocked": ["deleting", "delete-blocked"],
}
"""The rows of the table in `docs/gitops.md`, and the states that each one speaks of."""


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_registrations(states: States, name: str) -> None:
    """A registration as the API server shows it has the health and the kstatus of its state."""
    seen = states.objects[name]

    found = (health(seen)["status"], health(seen, lenient=True)["status"], kstatus(seen))
    assert found == REGISTRATIONS[name]


def test_the_page_says_what_is_seen() -> None:
    """Each row of the page's table says of its states what was asserted above, and no state is left out."""
    text = (ROOT / "docs" / "gitops.md").read_text()
    lines = text[text.index("| what is so |") :].partition("\n\n")[0].splitlines()[2:]
    rows = {
        cells[0]: tuple(cells[1:]) for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    }

    assert rows == {row: REGISTRATIONS[state] for row, states in PAGE.items() for state in states}
    assert {REGISTRATIONS[state] == rows[row] for row, states in PAGE.items() for state in states} == {True}
    assert {state for states in PAGE.values() for state in states} == REGISTRATIONS.keys()


CONTROL_PLANE_STATES = {
    "new": ("Progressing", "InProgress"),
    "reachable": ("Healthy", "Current"),
    "unreachable": ("Progressing", "InProgress"),
    "no-secret": ("Progressing", "InProgress"),  # for two minutes
    "refused": ("Degraded", "Failed"),
    "suspended": ("Suspended", "Current"),
    "suspended-new": ("Suspended", "Failed"),
}
"""By state: the health in Argo CD, and the status of kstatus."""


@pytest.mark.parametrize("name", CONTROL_PLANE_STATES)
def test_control_planes(states: States, name: str) -> None:
    """A RunaiControlPlane as the API server shows it has the health and the kstatus of its state."""
    seen = states.planes[name]

    assert (health(seen)["status"], kstatus(seen)) == CONTROL_PLANE_STATES[name]


def test_no_state_is_left_out(states: States) -> None:
    """Every object that was brought into a state is asked about above."""
    assert states.objects.keys() == REGISTRATIONS.keys()
    assert states.planes.keys() == CONTROL_PLANE_STATES.keys()


def test_what_is_wrong_is_named(states: States) -> None:
    """The message of a cluster that is not well names what it lacks; that of one not connected yet says so."""
    said = {name: health(seen)["message"] for name, seen in states.objects.items()}

    assert "Not available: prometheus." in said["missing-prerequisites"]
    assert "Not ready: runai-agent." in said["service-issues"]
    assert said["waiting"].endswith("is registered. It has not connected yet.")
    assert "not connected" not in said["connected"]
    assert "somebody-renamed-it" in said["drifted"]


def test_actions_do_what_they_say(states: States) -> None:
    """What Argo CD sends for suspend, resume and reconcile is taken by the API server and honoured by the operator."""
    stage = states.stage
    made = stage.registered()

    def send(action: str) -> None:
        seen = made.object
        stage.kube.patch(made.path, merge_patch(seen, act(seen, action)))

    send("suspend")
    made.wait(lambda seen: health(seen)["status"] == "Suspended", "suspended")
    send("resume")
    made.wait(lambda seen: health(seen)["status"] == "Healthy", "resumed")
    send("reconcile")
    asked = made.object["metadata"]["annotations"][RECONCILE]
    seen = made.wait(lambda seen: seen["status"].get("lastHandledReconcileAt") == asked, "looked at")

    assert (seen["spec"]["suspend"], seen["metadata"]["generation"]) == (False, 3)


def test_actions_on_a_control_plane(states: States) -> None:
    """Suspend and resume are taken for a RunaiControlPlane, too, and change nothing else of its spec."""
    path = f"{CONTROL_PLANES}/{states.stage.control_plane.name}"
    before = states.stage.kube.get(path)
    suspended = states.stage.kube.patch(path, merge_patch(before, act(before, "suspend")))
    resumed = states.stage.kube.patch(path, merge_patch(suspended, act(suspended, "resume")))

    assert suspended["spec"] == before["spec"] | {"suspend": True}
    assert resumed["spec"] == before["spec"] | {"suspend": False}
