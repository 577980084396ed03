"""The install Secret as a value: what it is made for, how it says whose it is, and what stands in it (design 4.6).

What is remembered of a Secret is its metadata and the names of its keys, never a byte of what they hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import SecretStr

from runai_registrar.controlplane.models import InstallInfo
from runai_registrar.core.times import Stamp
from runai_registrar.resources import API_VERSION, GROUP, Registration

OWNER = f"{GROUP}/owner-uid"
"""The label that names `metadata.uid` of the registration: what makes a Secret ours, owner reference or not."""

MANAGED_BY = "app.kubernetes.io/managed-by"

CLUSTER_UUID = f"{GROUP}/cluster-uuid"
CLUSTER_VERSION = f"{GROUP}/cluster-version"
CLUSTER_DOMAIN = f"{GROUP}/cluster-domain"
CONTROL_PLANE_URL = f"{GROUP}/control-plane-url"

KEYS = frozenset(
    {
        "clusterUuid",
        "controlPlaneUrl",
        "clientSecret",
        "chartRepoURL",
        "repositoryName",
        "installationStr",
        "values.yaml",
    }
)
"""The keys of the Secret; others, which somebody else has added, are left alone."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Purpose:
    """What install information is asked for, and which control plane is asked."""

    uuid: str
    version: str
    domain: str | None
    url: str

    def annotations(self) -> dict[str, str | None]:
        """How a Secret remembers it; None removes an annotation."""
        return {
            CLUSTER_UUID: self.uuid,
            CLUSTER_VERSION: self.version,
            CLUSTER_DOMAIN: self.domain,
            CONTROL_PLANE_URL: self.url,
        }


@dataclass(frozen=True)
class SecretSeen:
    """What a look at a Secret has shown; without a `uid` there was none, or none that may be touched.

    `generation` is the registration's at that moment.
    """

    name: str
    at: Stamp  # when the look began
    generation: int
    uid: str | None = None
    resource_version: str = ""
    owner: str | None = None
    purpose: Purpose | None = None
    owned: bool = False  # it has an owner reference to that registration
    whole: bool = False  # every key is there

    def of(self, registration: Registration) -> bool:
        """Whether it is this registration's own Secret."""
        return self.uid is not None and self.owner == registration.uid

    @classmethod
    def read(cls, body: Mapping[str, Any], at: Stamp, registration: Registration) -> "SecretSeen":
        """Take from a Secret what may be remembered of it."""
        metadata = body["metadata"]
        references = metadata.get("ownerReferences") or ()
        return cls(
            name=metadata["name"],
            at=at,
            generation=registration.metadata.generation,
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            owner=(metadata.get("labels") or {}).get(OWNER),
            purpose=_purpose(metadata.get("annotations") or {}),
            owned=any(reference.get("uid") == registration.uid for reference in references),
            whole=(body.get("data") or {}).keys() >= KEYS,
        )


def _purpose(annotations: Mapping[str, str]) -> Purpose | None:
    """What a Secret says it was made for; None where it does not say so."""
    uuid, version, url = (annotations.get(key) for key in (CLUSTER_UUID, CLUSTER_VERSION, CONTROL_PLANE_URL))
    if uuid is None or version is None or url is None:
        return None
    return Purpose(uuid, version, annotations.get(CLUSTER_DOMAIN), url)


def metadata(registration: Registration, purpose: Purpose, *, owned: bool) -> Json:
    """The metadata of a Secret: whose it is, what it is made for, and the owner reference (a strategic merge patch)."""
    return {
        "labels": {OWNER: registration.uid, MANAGED_BY: "runai-registrar"},
        "annotations": purpose.annotations(),
        **(_owned(registration) if owned else unowned(registration)),
    }


def _owned(registration: Registration) -> Json:
    reference = {
        "apiVersion": API_VERSION,
        "kind": "RunaiClusterRegistration",
        "name": registration.name,
        "uid": registration.uid,
        "blockOwnerDeletion": False,
    }
    return {"ownerReferences": [reference]}


def unowned(registration: Registration) -> Json:
    """The part of a Secret's metadata that takes our owner reference away, and no other (a strategic merge patch)."""
    return {"ownerReferences": [{"$patch": "delete", "uid": registration.uid}]}


def new_metadata(name: str, changes: Json) -> Json:
    """The metadata of a new Secret: what a patch would set, without what it would remove."""
    annotations = {key: value for key, value in changes["annotations"].items() if value is not None}
    references = [each for each in changes["ownerReferences"] if "$patch" not in each]
    return {**changes, "name": name, "annotations": annotations, "ownerReferences": references}


def lacking(info: InstallInfo) -> str | None:
    """The first field of the install information that is empty, by its name in the API; None where none is."""
    values = {
        "clientSecret": info.client_secret.get_secret_value(),
        "chartRepoURL": info.chart_repo_url,
        "repositoryName": info.repository_name,
        "installationStr": info.installation_str.get_secret_value(),
    }
    return next((name for name, value in values.items() if not value), None)


def contents(info: InstallInfo, purpose: Purpose) -> dict[str, SecretStr]:
    """What stands in the Secret (ClusterInstallationInfoResponse, and what it was asked for)."""
    return {
        "clusterUuid": SecretStr(purpose.uuid),
        "controlPlaneUrl": SecretStr(purpose.url),
        "clientSecret": info.client_secret,
        "chartRepoURL": SecretStr(info.chart_repo_url),
        "repositoryName": SecretStr(info.repository_name),
        "installationStr": info.installation_str,
        "values.yaml": _values(info, purpose),
    }


def _values(info: InstallInfo, purpose: Purpose) -> SecretStr:
    """Helm values for the chart runai-cluster, from the fields: `installationStr` is for people, never parsed.

    The chart is told the control plane's host without `https://`, as the control plane's own command does.
    """
    host = purpose.url.strip().rpartition("://")[2].rstrip("/")
    cluster = {"uid": purpose.uuid} | ({"url": purpose.domain} if purpose.domain else {})
    values = {
        "controlPlane": {"url": host, "clientSecret": info.client_secret.get_secret_value()},
        "cluster": cluster,
    }
    return SecretStr(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
