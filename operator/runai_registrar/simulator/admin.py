"""A small synchronous client of the admin port, for tests and the demo."""

import ssl
from collections import Counter
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import JsonValue

from runai_registrar.simulator.admin_models import ClusterView, CredentialView
from runai_registrar.simulator.journal import Entry


class AdminError(Exception):
    """The admin port refused a request; the text is its sentence."""


class Admin:
    """Looks into a running simulator and changes it.

    Args:
        url: Its admin URL, for example `http://127.0.0.1:8601`.
    """

    def __init__(self, url: str) -> None:
        # No connection is kept: an Admin that nobody closes leaves no open socket behind.
        limits = httpx.Limits(max_keepalive_connections=0)
        # The port speaks plain HTTP: a TLS context without certificates spares loading them.
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx.Client(base_url=url, limits=limits, trust_env=False, timeout=30, verify=bare)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the client up."""
        self._client.close()

    def settings(self, **changes: JsonValue) -> dict[str, Any]:
        """Change settings by their camelCase names (`listLag=2`), and return all of them."""
        found: dict[str, Any] = self._ask("PATCH", "/settings", changes)
        return found

    def now(self) -> float:
        """Return the simulator's time, in seconds since the epoch."""
        return float(self._ask("GET", "/clock")["now"])

    def advance(self, seconds: float) -> float:
        """Let so many seconds pass at once; return the time it is then."""
        return float(self._ask("POST", "/clock", {"advance": seconds})["now"])

    def fault(
        self,
        fault: str,
        *,
        method: str | None = None,
        path: str | None = None,
        operation: str | None = None,
        match_body: str | None = None,
        times: int | None = 1,
        after: int = 0,
        **params: JsonValue,
    ) -> str:
        """Put a fault in force for requests that fit, once unless `times` says otherwise (None: always).

        Args:
            fault: Its name, for example `cut-after-commit`.
            method: HTTP method.
            path: Regular expression searched in the path.
            operation: operationId of the API file, `token_v1` or `token_v2`.
            match_body: Regular expression searched in the request's body.
            times: How often it strikes; None: always.
            after: How many fitting requests are let through first.
            **params: The fault's own parameters, in camelCase.

        Returns:
            The rule's id.
        """
        rule: dict[str, JsonValue] = {"method": method, "path": path, "operation": operation, "body": match_body}
        rule |= {"times": times, "after": after, "fault": fault, "params": params}
        return str(self._ask("POST", "/faults", rule)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the rules in force, each with how many requests it `fitted` and how often it `struck`."""
        found: list[dict[str, Any]] = self._ask("GET", "/faults")
        return found

    def remove_fault(self, rule_id: str) -> None:
        """Take one rule out of force."""
        self._ask("DELETE", f"/faults/{rule_id}")

    def clear_faults(self) -> None:
        """Take every rule out of force."""
        self._ask("DELETE", "/faults")

    def journal(self, *, since: int = 0, operation: str | None = None) -> list[Entry]:
        """Return the requests so far, those after number `since`, of one operation if given."""
        entries = [Entry(**entry) for entry in self._ask("GET", f"/journal?since={since}")]
        return [entry for entry in entries if operation in (None, entry.operation)]

    def clear_journal(self) -> None:
        """Forget the requests so far."""
        self._ask("DELETE", "/journal")

    def counts(self, *, committed: bool = False) -> Counter[str]:
        """Return the number of requests by operation, or only of those that changed something."""
        return Counter(self._ask("GET", "/journal/counts")["committed" if committed else "requests"])

    def clusters(self, *, name: str | None = None, tenant_id: int | None = None) -> list[ClusterView]:
        """Return the clusters that exist, of one name or tenant if given, whatever lists may hide."""
        views = (ClusterView.model_validate(view) for view in self._ask("GET", "/clusters"))
        return [view for view in views if name in (None, view.name) and tenant_id in (None, view.tenant_id)]

    def cluster(self, uuid: str) -> ClusterView | None:
        """Return one cluster, or None when there is none of that uuid."""
        return next((view for view in self.clusters() if view.uuid == uuid), None)

    def create(self, name: str, **fields: JsonValue) -> ClusterView:
        """Create a cluster as a stranger (`tenantId`, `domain`, `version`, `state`, `status`, `createdAt`, …)."""
        return ClusterView.model_validate(self._ask("POST", "/clusters", {"name": name, **fields}))

    def change(self, uuid: str, **fields: JsonValue) -> ClusterView:
        """Change a cluster behind everybody's back, by camelCase fields."""
        return ClusterView.model_validate(self._ask("PATCH", f"/clusters/{uuid}", fields))

    def set_state(self, uuid: str, state: str | None) -> ClusterView:
        """Put a cluster into a state for good; None: its status becomes null."""
        return self.change(uuid, state=state)

    def rename(self, uuid: str, name: str) -> ClusterView:
        """Rename a cluster behind everybody's back."""
        return self.change(uuid, name=name)

    def delete(self, uuid: str) -> None:
        """Take a cluster away at once, as if it had drained or been deleted by a stranger."""
        self._ask("DELETE", f"/clusters/{uuid}")

    def credentials(self) -> list[CredentialView]:
        """Return the valid credentials."""
        return [CredentialView.model_validate(view) for view in self._ask("GET", "/credentials")]

    def add_credential(
        self, *, client_id: str | None = None, client_secret: str | None = None, tenant_id: int | None = None
    ) -> CredentialView:
        """Add a credential, or replace (rotate) the one of that client id; what is absent is made up."""
        wanted: JsonValue = {"clientId": client_id, "clientSecret": client_secret, "tenantId": tenant_id}
        return CredentialView.model_validate(self._ask("POST", "/credentials", wanted))

    def revoke_credential(self, client_id: str) -> None:
        """Make a credential and its tokens worthless."""
        self._ask("DELETE", f"/credentials/{client_id}")

    def revoke_tokens(self) -> int:
        """Make every token worthless; return how many there were."""
        return int(self._ask("DELETE", "/tokens")["revoked"])

    def reset(self) -> None:
        """Put everything back to the start: clusters, tokens, faults, journal, settings, credentials."""
        self._ask("POST", "/reset")

    def healthy(self) -> bool:
        """Tell whether the simulator answers."""
        try:
            return bool(self._ask("GET", "/healthz")["status"] == "ok")
        except httpx.TransportError:
            return False

    def _ask(self, method: str, path: str, body: JsonValue = None) -> Any:
        response = self._client.request(method, path, json=body)
        if response.is_error:
            raise AdminError(response.json()["message"])
        return response.json() if response.content else None
