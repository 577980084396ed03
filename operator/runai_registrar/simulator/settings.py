"""What can be switched while the simulator runs; most of it stands for something unknown about the real control plane.

On the wire names are camelCase (`listLag`), in Python snake_case (`list_lag`). Times are seconds.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
ClientErrorStatus = Annotated[int, Field(ge=400, le=499)]


class WireModel(BaseModel):
    """A body of the admin API: camelCase outside, no unknown fields, no conversion of types."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", strict=True, frozen=True, allow_inf_nan=False
    )


def explain(error: ValidationError) -> str:
    """Say in plain words which fields are wrong and why, without repeating the input (it may hold secrets)."""
    problems = (f"{'.'.join(str(step) for step in one['loc']) or 'body'}: {one['msg']}" for one in error.errors())
    return "; ".join(problems)


class Settings(WireModel):
    """Every switch, with the behaviour thought most likely as its default."""

    unique_names: bool = True
    """A second cluster of a name is refused; off: two clusters of one name."""
    conflict_status: ClientErrorStatus = 409
    """How a taken name is refused."""
    draining_holds_name: bool = True
    """A cluster under deletion still counts for uniqueness."""
    strict_limits: bool = False
    """The limits the 2.25 API documents: name 1 to 253 characters, domain up to 253, version up to 50."""

    list_lag: Seconds = 0
    """How long a new cluster stays hidden in lists."""
    get_lag: Seconds = 0
    """How long a new cluster stays hidden from calls by uuid."""
    include_deleting_by_default: bool = False
    """What a list without includeRequestedForDelete means."""

    connect_after: Seconds | None = None
    """When a cluster connects by itself, counted from its creation; None: never."""
    liveness_interval: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 10
    """The step in which lastLiveness of a live cluster moves on."""
    liveness_shown: bool = True
    """Clusters show lastLiveness; off: it is null whatever was heard, as the API file allows (nullable)."""
    agent_version: str = "2.24.18"
    """The version a cluster without one shows once it is connected."""
    waiting_status_null: bool = False
    """A cluster that never connected shows `status: null` instead of WaitingToConnect."""
    domain_shown: Literal["asGiven", "bare", "url"] = "asGiven"
    """How the control plane writes back the domain it was given."""

    drain_time: Seconds | None = 5
    """How long a graceful deletion takes; None: it never ends."""
    drain_needs_agent: bool = False
    """A graceful deletion never ends for a cluster that is not live."""
    unknown_version_graceful: bool = True
    """A cluster without version is deleted gracefully (202); off: at once (204)."""
    deleted_visible_for: Seconds = 0
    """How long a GET by uuid still shows a deleted cluster, with deletedAt; 0: 404 at once."""
    deleted_in_lists: bool = False
    """Such a deleted cluster is also in lists with includeRequestedForDelete=true."""
    delete_absent_status: Literal[202, 204, 400, 403, 404, 409, 410, 500] = 404
    """What DELETE of an absent cluster answers."""
    put_absent_status: Literal[204, 400, 403, 404, 409, 410, 500] = 404
    """What PUT of an absent cluster answers."""

    token_lifetime: Seconds = 3600
    """How long a token is good for."""
    expires_in_shown: JsonValue = None
    """What a token answer says instead of its lifetime, as it stands; "omit": it says nothing; None: the truth."""
    v1_token: bool = True
    """POST /api/v1/token exists; off: 404."""
    v2_token: bool = True
    """POST /api/v2/token exists; off: 404."""
    bad_credentials_v1: ClientErrorStatus = 400
    """How /api/v1/token refuses wrong credentials (no 401 is documented for it)."""
    bad_credentials_v2: ClientErrorStatus = 401
    """How /api/v2/token refuses wrong credentials."""

    clock_skew: Annotated[float, Field(ge=-1e8, le=1e8)] = 0
    """How far the control plane's clock is ahead: its Date header and every time it stamps."""
    latency: Seconds = 0
    """Real seconds each call takes, half before and half after it is carried out."""
    rate_limit: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """Calls per second, as many at once; more are answered 429 with Retry-After. None: no limit."""
    chart_repo_url: str = "https://charts.example.com/runai"
    """The chart repository named by the installation information."""
