"""Bodies of the admin API, in both directions."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, field_validator

from runai_registrar.simulator.settings import WireModel
from runai_registrar.simulator.tokens import Credential


def _as_seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


Time = Annotated[float, BeforeValidator(_as_seconds), Field(ge=0, le=32_503_680_000)]
"""A time in seconds since the epoch, or as RFC 3339 text."""
TenantId = Annotated[int, Field(ge=1, le=2**31 - 1)]
_KNOWN = frozenset({"uuid", "tenantId", "status"})


class _ClusterFields(WireModel):
    domain: str | None = None
    version: str | None = None
    state: str | None = None
    status: dict[str, JsonValue] | None = None
    created_at: Time | None = None
    deleting: bool | None = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("extra")
    @classmethod
    def _only_unknown(cls, extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if taken := sorted(_KNOWN & extra.keys()):
            raise ValueError(f"it must not replace {', '.join(taken)}")
        return extra


class ClusterCreate(_ClusterFields):
    """A cluster made by a stranger; `deleting` starts a graceful deletion at once."""

    name: str
    tenant_id: TenantId | None = None


class ClusterChange(_ClusterFields):
    """Changes behind everybody's back; only the fields given are changed.

    `state: null` (or `status: null`) makes the status null; `status` replaces the whole status as it stands;
    `deleting` starts or takes back a graceful deletion.
    """

    name: str = ""


class CredentialCreate(WireModel):
    """A credential to add; one of the same client id is replaced (rotated). What is absent is made up."""

    client_id: Annotated[str, Field(min_length=1)] | None = None
    client_secret: Annotated[str, Field(min_length=1)] | None = Field(default=None, repr=False)
    tenant_id: TenantId | None = None

    def credential(self, *, default_tenant: int) -> Credential:
        """Return the credential with what is absent made up."""
        return Credential(
            self.client_id or secrets.token_hex(8),
            self.client_secret or secrets.token_urlsafe(24),
            self.tenant_id or default_tenant,
        )


class Advance(WireModel):
    """So many seconds for the clock to be set forward."""

    advance: Annotated[float, Field(ge=0, le=1e9)]


class ClusterView(WireModel):
    """A cluster as the admin API shows it: everything the API shows, and what it does not.

    Attributes:
        source: `api` or `stranger`.
        client_secret: What the installation information holds.
        state: The same as `status.state`; None where status is null.
    """

    model_config = ConfigDict(extra="allow")

    uuid: str
    tenant_id: int
    name: str
    created_at: str
    domain: str | None
    version: str | None
    updated_at: str | None
    deleted_at: str | None
    last_liveness: str | None
    delete_requested_at: str | None
    status: dict[str, Any] | None
    source: str
    client_secret: str = Field(repr=False)
    state: str | None


class CredentialView(WireModel):
    """A valid credential."""

    client_id: str
    client_secret: str = Field(repr=False)
    tenant_id: int
