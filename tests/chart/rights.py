"""What a release grants the operator, and what the API server's audit log says that it has used of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from chart.installation import Installation
from install_secrets import Secret, asking
from kube import Object
from planes import ControlPlane, Simulated
from runai_registrar.apiserver import Request
from stage import RELEASE, Registration, Stage

Right = tuple[str, str, str]
"""Namespace (empty: everywhere), resource, verb."""

UNUSED = {
    ("runaiclusterregistrations/finalizers", "update"): (
        "The admission plugin OwnerReferencesPermissionEnforcement, which some clusters run, asks for it when an "
        "install Secret gets its owner reference; it is never requested."
    ),
}
"""What is granted and not requested, and why."""

_LABEL = {"team": "gpu"}
_SELECTED = {"from": "Selector", "selector": {"matchLabels": _LABEL}}


def granted(objects: Iterable[Object]) -> set[Right]:
    """The rights in the Roles, and in the ClusterRoles that are bound, of a release."""
    found = list(objects)
    bound = {each["roleRef"]["name"] for each in found if each["kind"] == "ClusterRoleBinding"}
    own = [each for each in found if each["kind"] == "Role" or _is_bound(each, bound)]
    return {right for role in own for right in _of(role)}


def _is_bound(role: Object, bound: set[str]) -> bool:
    return role["kind"] == "ClusterRole" and role["metadata"]["name"] in bound


def unused(rights: set[Right], requests: Iterable[Request]) -> set[tuple[str, str]]:
    """What is granted and was not requested, but for what has a reason."""
    return {(resource, verb) for _, resource, verb in rights - _used(requests, rights)} - UNUSED.keys()


def _of(role: Object) -> Iterator[Right]:
    for rule in role["rules"]:
        for resource in rule["resources"]:
            yield from ((role["metadata"].get("namespace", ""), resource, verb) for verb in rule["verbs"])


def refused(requests: Iterable[Request]) -> set[tuple[str, str]]:
    """What the API server has refused for want of a right, as (verb, resource)."""
    return {(each.verb, each.target) for each in requests if each.code == HTTPStatus.FORBIDDEN}


def _used(requests: Iterable[Request], rights: set[Right]) -> set[Right]:
    """Of the rights those that requests needed: the narrowest that covers each."""
    asked = {(each.namespace, each.target, each.verb) for each in requests if each.resource}
    return {right if right in rights else ("", *right[1:]) for right in asked}


@dataclass
class Team:
    """A namespace where people register a cluster, and a control plane that lets it by its label."""

    stage: Stage
    made: Registration

    def leave(self) -> None:
        """Give the cluster up, and take the control plane away."""
        self.made.annotate(dict(RELEASE))
        self.made.delete()
        self.made.wait_gone()
        self.stage.control_plane.remove()


def busy(installation: Installation, namespace: str, simulator: Simulated) -> Team:
    """A team whose wishes have made the operator do everything that it does in Kubernetes."""
    installation.kube.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": _LABEL}})
    plane = ControlPlane(installation, simulator).create_secret().create(allowedNamespaces=_SELECTED)
    stage = Stage(installation.seen_from(namespace), simulator, plane)
    secret = Secret(stage, "install")
    made = asking(stage, secret)
    made.wait_ready()
    made.change(clusterName=f"{made.name}-renamed", version="2.25.1")
    secret.wait("2.25.1")
    made.change(installSecret=None)
    made.wait(lambda seen: not secret.there and "installSecret" not in seen["status"], "without its Secret")
    made.wait(lambda seen: seen["status"].get("clusterName") == f"{made.name}-renamed", "renamed")
    made.wait_ready()
    return Team(stage, made)
