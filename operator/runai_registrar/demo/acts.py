"""What is done in a step. An act does exactly what the command it shows would do, so the two cannot drift apart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any, Protocol

from runai_registrar.demo.errors import DemoFailedError, RefusedError
from runai_registrar.demo.stage import Stage

_KIND = "runaiclusterregistration.runai-registrar.io"


class Act(Protocol):
    """One thing that a person does."""

    def command(self, stage: Stage) -> str:
        """The command that does it, ready to be copied; may have several lines."""
        ...

    def perform(self, stage: Stage) -> str:
        """Do it, and return what the command would print.

        Raises:
            DemoFailedError: It did not come out as it should.
            RefusedError: The API server refused it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Apply:
    """Applies YAML; `$url` in it is the control plane's address."""

    text: str

    def command(self, stage: Stage) -> str:
        """`kubectl apply` with the YAML in place."""
        return f"kubectl apply -f - <<'EOF'\n{self._filled(stage)}EOF"

    def perform(self, stage: Stage) -> str:
        """Apply it."""
        return "\n".join(f"{title} created" for title in stage.kubernetes.apply(self._filled(stage)))

    def _filled(self, stage: Stage) -> str:
        return Template(self.text).substitute(url=stage.url)


@dataclass(frozen=True, slots=True)
class Patch:
    """Changes fields of a registration's spec."""

    name: str
    spec: Mapping[str, Any]

    def command(self, _stage: Stage) -> str:
        """`kubectl patch` with a merge patch."""
        return f"kubectl patch rcr {self.name} --type merge \\\n  -p '{json.dumps({'spec': self.spec})}'"

    def perform(self, stage: Stage) -> str:
        """Patch it."""
        stage.kubernetes.patch(self.name, self.spec)
        return f"{_KIND}/{self.name} patched"


@dataclass(frozen=True, slots=True)
class BadPatch(Patch):
    """A change that the API server refuses."""

    def perform(self, stage: Stage) -> str:
        """Try it, and return the server's sentence."""
        try:
            stage.kubernetes.patch(self.name, self.spec)
        except RefusedError as refused:
            return str(refused)
        raise DemoFailedError(f"The API server took an edit that it should refuse: {json.dumps(self.spec)}")


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes a registration."""

    name: str

    def command(self, _stage: Stage) -> str:
        """`kubectl delete`, without waiting."""
        return f"kubectl delete rcr {self.name} --wait=false"

    def perform(self, stage: Stage) -> str:
        """Delete it."""
        stage.kubernetes.delete(self.name)
        return f'{_KIND} "{self.name}" deleted'


@dataclass(frozen=True, slots=True)
class ChangeThere:
    """Changes a registration's cluster in the control plane, behind the operator's back (`Admin.change`)."""

    name: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def command(self, stage: Stage) -> str:
        """`curl` to the simulator's admin port."""
        return _curl(self.fields, f"{stage.admin_url}/clusters/{stage.uuid_of(self.name)}")

    def perform(self, stage: Stage) -> str:
        """Change it."""
        changed = stage.admin.change(stage.uuid_of(self.name), **self.fields)
        return f"the control plane now says: name {changed.name}, state {changed.state}"


@dataclass(frozen=True, slots=True)
class Configure:
    """Changes settings of the simulated control plane (`Admin.settings`)."""

    settings: Mapping[str, int]

    def command(self, stage: Stage) -> str:
        """`curl` to the simulator's admin port."""
        return _curl(self.settings, f"{stage.admin_url}/settings")

    def perform(self, stage: Stage) -> str:
        """Change them."""
        now = stage.admin.settings(**self.settings)
        return "the control plane now has: " + ", ".join(f"{name} {now[name]}" for name in self.settings)


def _curl(body: Mapping[str, Any], url: str) -> str:
    return f"curl -X PATCH -d '{json.dumps(body)}' \\\n  {url}"
