"""The examples for Argo CD and Flux, as they are shipped."""

from pathlib import Path

import yaml

from crds.schemas import ROOT
from gitops.manifests import read
from kube import Object

EXAMPLES = sorted(
    [*(ROOT / "deploy" / "argocd" / "example").glob("*.yaml"), *(ROOT / "deploy" / "flux").glob("*.yaml")]
)
GITOPS = read(ROOT / "deploy" / "samples" / "gitops.yaml")
WAVE = "argocd.argoproj.io/sync-wave"
"""The annotation of Argo CD that puts manifests in order."""


def written(path: Path) -> list[Object]:
    """Return the manifests of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def named(kind: str) -> dict[str, Object]:
    """Return the manifests of a kind in all examples, by name."""
    return {one["metadata"]["name"]: one for path in EXAMPLES for one in written(path) if one["kind"] == kind}


def wave(one: Object) -> int:
    """Return the sync wave of a manifest."""
    return int(marks(one).get(WAVE, 0))


def marks(one: Object) -> dict[str, str]:
    """Return the annotations of a manifest."""
    return dict(one["metadata"].get("annotations", {}))


def registration() -> Object:
    """Return the registration that the examples are about."""
    (found,) = (one for one in GITOPS if one["kind"] == "RunaiClusterRegistration")
    return found
