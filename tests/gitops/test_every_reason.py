"""Every word that the operator can say has a health in Argo CD, and one that fits what kstatus waiters see."""

import json
import re

import pytest

from controlplane.api_file import API
from core.kstatus import kstatus
from core.row import Row
from core.verdicts import STANDING, told
from crds.schemas import ROOT
from gitops.argo import health
from kube import Object

GOOD, BUSY, BAD, OFF = "Healthy", "Progressing", "Degraded", "Suspended"

REGISTRATION = {
    ("Adopted", ""): GOOD,
    ("Observing", ""): GOOD,
    ("Registered", ""): GOOD,
    ("AdoptionTargetNotFound", "Stalled"): BAD,
    ("AuthenticationFailed", "Stalled"): BAD,
    ("ClusterMissing", "Reconciling"): BUSY,
    ("ClusterMissing", "Stalled"): BAD,
    ("ControlPlaneNotFound", "Reconciling"): BUSY,
    ("ControlPlaneNotFound", "Stalled"): BAD,
    ("ControlPlaneNotReady", "Reconciling"): BUSY,
    ("ControlPlaneNotReady", "Stalled"): BAD,
    ("ControlPlaneUnreachable", "Reconciling"): BUSY,
    ("CreateAmbiguous", "Stalled"): BAD,
    ("CredentialsNotFound", "Reconciling"): BUSY,
    ("CredentialsNotFound", "Stalled"): BAD,
    ("InstallSecretConflict", "Stalled"): BAD,
    ("InvalidSpec", "Stalled"): BAD,
    ("NameTaken", "Stalled"): BAD,
    ("NamespaceNotAllowed", "Stalled"): BAD,
    ("OwnershipConflict", "Reconciling"): BUSY,
    ("OwnershipConflict", "Stalled"): BAD,
    ("PermissionDenied", "Stalled"): BAD,
    ("Registering", "Reconciling"): BUSY,
    ("RejectedByControlPlane", "Stalled"): BAD,
    ("Suspended", "Stalled"): OFF,
    ("TenantChanged", "Stalled"): BAD,
    ("Throttled", "Reconciling"): BUSY,
    ("Deleting", "Reconciling"): BUSY,
    ("DeletionBlocked", "Stalled"): BUSY,
}
"""By the reason of Ready and what stands beside it; the last two are said of what is being deleted only."""

CONNECTED = {
    ("True", "Connected"): (GOOD, GOOD),
    ("False", "WaitingToConnect"): (GOOD, GOOD),
    ("False", "Disconnected"): (BAD, GOOD),
    ("False", "MissingPrerequisites"): (BAD, GOOD),
    ("False", "ServiceIssues"): (BAD, GOOD),
    ("False", "Unknown"): (GOOD, GOOD),
    ("False", "SomethingNew"): (GOOD, GOOD),
    ("False", "OtherState"): (GOOD, GOOD),
    ("Unknown", "NeverSeen"): (GOOD, GOOD),
}
"""By Connected of a registration that is Ready: the health, and the health by the lenient check."""

CONTROL_PLANE = {
    ("Reachable", ""): GOOD,
    ("CredentialsNotFound", "Reconciling"): BUSY,
    ("CredentialsNotFound", "Stalled"): BAD,
    ("AuthenticationFailed", "Stalled"): BAD,
    ("PermissionDenied", "Stalled"): BAD,
    ("TenantChanged", "Stalled"): BAD,
    ("ControlPlaneUnreachable", "Reconciling"): BUSY,
    ("Throttled", "Reconciling"): BUSY,
    ("ControlPlaneNotReady", "Stalled"): BAD,
    ("ControlPlaneNotReady", "Reconciling"): BUSY,
    ("Suspended", "Stalled"): OFF,
}
"""The same of a RunaiControlPlane."""

FITS = {"Current": {GOOD}, "InProgress": {BUSY}, "Failed": {BAD}, "Terminating": {BUSY}}
"""What Argo CD shows of what a kstatus waiter sees, suspensions and lost connections aside."""


def seen(row: Row) -> Object:
    """Return the object of a situation, with the status that the operator writes."""
    found = row.seen.registration
    spec = json.loads(found.spec.model_dump_json(by_alias=True, exclude_defaults=True))
    status = told(row.seen).to_dict()
    return {"kind": "RunaiClusterRegistration", "metadata": found.metadata.to_dict(), "spec": spec, "status": status}


def conditions(of: Object) -> dict[str, Object]:
    """Return the conditions of an object by type."""
    return {each["type"]: each for each in of["status"]["conditions"]}


def said(of: Object) -> tuple[str, str]:
    """Return the reason of Ready, and which of Reconciling and Stalled stands beside it."""
    found = conditions(of)
    return found["Ready"]["reason"], next((kind for kind in ("Reconciling", "Stalled") if kind in found), "")


@pytest.mark.parametrize("row", STANDING, ids=lambda row: row.name)
def test_every_situation(row: Row) -> None:
    """Whatever the core says of a situation has the health of its reason; only a suspension goes before."""
    found = seen(row)
    suspended = found["spec"].get("suspend", False) and not row.seen.registration.deleting
    expected = BUSY if row.seen.registration.deleting else OFF if suspended else REGISTRATION[said(found)]

    assert health(found, lenient=True)["status"] == expected
    assert health(found)["message"]


@pytest.mark.parametrize("row", STANDING, ids=lambda row: row.name)
def test_argo_and_kstatus_agree(row: Row) -> None:
    """Argo CD, Flux and Helm wait, pass and fail alike, except that a suspension is a health of its own."""
    found = seen(row)
    shown = health(found, lenient=True)["status"]
    suspended = found["spec"].get("suspend", False) or said(found)[0] == "Suspended"

    assert shown in FITS[kstatus(found)] | ({OFF} if suspended else set())


def made(kind: str, ready: tuple[str, str], progress: str, *more: tuple[str, str, str]) -> Object:
    """Return an object that says so of itself."""
    entries = [("Ready", *ready), *more, *([(progress, "True", ready[1])] if progress else [])]
    said = [{"type": of, "status": status, "reason": reason, "message": "So."} for of, status, reason in entries]
    metadata: Object = {"name": "gpu-east", "generation": 3}
    if ready[1] in ("Deleting", "DeletionBlocked"):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"kind": kind, "metadata": metadata, "spec": {}, "status": {"observedGeneration": 3, "conditions": said}}


def documented(page: str) -> set[tuple[str, str, str]]:
    """Return what a page's table of reasons lists: the status of Ready, its reason, and what stands beside it."""
    text = (ROOT / "docs" / page).read_text()
    table = text[text.index("| reason | Ready | goes with |") :].partition("\n\n")[0]
    found = set()
    for line in table.splitlines()[2:]:
        reason, ready, beside = (cell.strip() for cell in line.split("|")[1:4])
        kinds = re.findall("Reconciling|Stalled", beside.replace("either", "Reconciling Stalled")) or [""]
        found |= {
            (status, reason.strip("`"), kind) for status in re.findall("True|False|Unknown", ready) for kind in kinds
        }
    return found


PAGES = [
    pytest.param("RunaiClusterRegistration", "registrations.md", REGISTRATION, id="registrations"),
    pytest.param("RunaiControlPlane", "control-planes.md", CONTROL_PLANE, id="control-planes"),
]


@pytest.mark.parametrize(("kind", "page", "table"), PAGES)
def test_every_documented_reason(kind: str, page: str, table: dict[tuple[str, str], str]) -> None:
    """Each reason that the pages list has its health, and no other is expected; the check gives it."""
    listed = documented(page)
    spec = {"suspend": True}
    objects = {key: made(kind, (key[0], key[1]), key[2]) for key in listed}
    if kind == "RunaiControlPlane":  # only its own spec suspends it
        objects = {key: found | ({"spec": spec} if key[1] == "Suspended" else {}) for key, found in objects.items()}

    assert {(reason, beside) for _, reason, beside in listed} == table.keys()
    assert {key: health(found)["status"] for key, found in objects.items()} == {key: table[key[1:]] for key in listed}


@pytest.mark.parametrize(("status", "reason"), CONNECTED)
def test_every_state_of_the_connection(status: str, reason: str) -> None:
    """A registered cluster that never connected is Healthy; one that is not well is Degraded by the strict check."""
    found = made("RunaiClusterRegistration", ("True", "Registered"), "", ("Connected", status, reason))

    assert (health(found)["status"], health(found, lenient=True)["status"]) == CONNECTED[status, reason]
    assert kstatus(found) == "Current"


def test_every_state_of_the_api_is_expected() -> None:
    """The states that the control plane's API lists are among those above."""
    assert set(API["components"]["schemas"]["ClusterState"]["enum"]) <= {reason for _, reason in CONNECTED}


@pytest.mark.parametrize("kind", ["RunaiClusterRegistration", "RunaiControlPlane"])
def test_what_was_said_of_an_older_spec_does_not_count(kind: str) -> None:
    """While the operator has not looked at a change, nobody passes and nobody fails."""
    for ready, beside in (
        (("True", "Registered"), ""),
        (("False", "NameTaken"), "Stalled"),
        (("False", "Suspended"), "Stalled"),
    ):
        found = made(kind, ready, beside)
        found["metadata"]["generation"] = 4
        assert (health(found)["status"], kstatus(found)) == (BUSY, "InProgress")


@pytest.mark.parametrize("kind", ["RunaiClusterRegistration", "RunaiControlPlane"])
@pytest.mark.parametrize(("status", "shown", "waited"), [("True", GOOD, "Current"), ("False", BUSY, "InProgress")])
def test_ready_alone_decides_where_nothing_else_is_said(kind: str, status: str, shown: str, waited: str) -> None:
    """Ready without Reconciling and Stalled, on an object without a spec, is Healthy or still waited for."""
    found = made(kind, (status, "Anything"), "")
    del found["spec"]

    assert (health(found)["status"], kstatus(found)) == (shown, waited)


@pytest.mark.parametrize("kind", ["RunaiClusterRegistration", "RunaiControlPlane"])
def test_work_under_way_goes_before_ready(kind: str) -> None:
    """What is Ready and still worked on is waited for, by Argo CD as by kstatus."""
    found = made(kind, ("True", "Registered"), "Reconciling")

    assert (health(found)["status"], kstatus(found)) == (BUSY, "InProgress")


def test_drift_is_shown_and_does_not_degrade() -> None:
    """A registration under onDrift Report is what was asked for; the message says what differs."""
    found = made("RunaiClusterRegistration", ("True", "Registered"), "", ("Connected", "True", "Connected"))
    found["status"]["conditions"].append(
        {"type": "Drifted", "status": "True", "reason": "X", "message": "Another name."}
    )

    assert health(found) == {"status": GOOD, "message": "So. Another name."}
