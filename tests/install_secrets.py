"""The install Secret of a registration, as tests look at it."""

import base64
from collections import Counter
from typing import Any

from kube import Object
from stage import RECONCILE, Registration, Stage

INFO = "get_cluster_install_info_by_uuid"
OWNER = "runai-registrar.io/owner-uid"
DOMAIN = "https://gpu-east.example.com"


class Secret:
    """The Secret that a registration asks for."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._kube, self.name = stage.kube, name
        self.path = f"/api/v1/namespaces/{stage.house.namespace}/secrets/{name}"

    @property
    def object(self) -> Object:
        """The Secret as it is now."""
        return self._kube.get(self.path)

    @property
    def metadata(self) -> Object:
        """Its metadata as it is now."""
        return dict(self.object["metadata"])

    @property
    def content(self) -> dict[str, str]:
        """What stands in it, in the clear."""
        return {key: base64.b64decode(value).decode() for key, value in self.object["data"].items()}

    @property
    def there(self) -> bool:
        """Whether it is there."""
        return self._kube.find(self.path) is not None

    def wait(self, version: str | None = None) -> Object:
        """The Secret as soon as it is there, for a version if one is given."""
        return self._kube.wait_for(self.path, lambda seen: version in (None, made_for(seen)), 30)

    def delete(self) -> None:
        """Take it away, as somebody might by mistake."""
        self._kube.delete(self.path)

    def somebody_elses(self) -> Object:
        """Create a Secret of this name that has nothing to do with the registration."""
        manifest = {"metadata": {"name": self.name}, "stringData": {"theirs": "untouched"}}
        return self._kube.create(self.path.rpartition("/")[0], manifest)


def asking(stage: Stage, secret: Secret, **spec: Any) -> Registration:
    """A new registration that asks for this Secret."""
    wanted: dict[str, Any] = {"version": "2.24.18", "domain": DOMAIN, "installSecret": {"name": secret.name}}
    return stage.register(**(wanted | spec))


def look(made: Registration) -> None:
    """Ask the operator to look at once."""
    before = made.object["metadata"]["resourceVersion"]
    made.annotate({RECONCILE: before})
    made.wait(lambda seen: seen["status"].get("lastHandledReconcileAt") == before, "looked at")


def made_for(secret: Object) -> str | None:
    """The version that a Secret was made for."""
    annotations: dict[str, str] = secret["metadata"].get("annotations", {})
    return annotations.get("runai-registrar.io/cluster-version")


def asked(stage: Stage, secret: Secret) -> Counter[str]:
    """What operators have asked of a Secret, by verb."""
    return Counter(each.verb for each in stage.house.requests(resource="secrets", name=secret.name))
