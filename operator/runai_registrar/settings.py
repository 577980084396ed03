"""The operator's settings: `RUNAI_REGISTRAR_*` in the environment, or the equal flags of `runai-registrar operator`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from runai_registrar.core.times import Timing
from runai_registrar.errors import SettingsError
from runai_registrar.resources import parse_duration

PREFIX = "RUNAI_REGISTRAR_"
POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class LogFormat(StrEnum):
    """How log lines look: for people, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe log lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _seconds(value: object) -> object:
    """Read `10s`, `1m30s` or a plain number of seconds."""
    plain = not isinstance(value, str) or value.replace(".", "", 1).isdigit()
    return value if plain else parse_duration(str(value)).total_seconds()


def _names(value: object) -> object:
    """Read `a,b` as two names."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _pod_namespace() -> str:
    """The namespace this pod runs in; outside a cluster the one that `deploy/` uses."""
    return POD_NAMESPACE.read_text().strip() if POD_NAMESPACE.is_file() else "runai-registrar"


Seconds = Annotated[float, BeforeValidator(_seconds)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Everything that can be set for one operator process; times are in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    namespaces: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        default=(), description="Namespaces to watch, separated by commas; none: all namespaces."
    )
    operator_namespace: str = Field(
        default_factory=_pod_namespace, description="The namespace that holds the credential Secrets; in a pod its own."
    )
    workers: int = Field(default=16, ge=1, le=512, description="Registrations worked on at once, per control plane.")
    settle: Seconds = Field(
        default=60.0, description="How long after a lost answer a list must begin to prove that nothing was created."
    )
    freshness: Seconds = Field(default=10.0, description="How old an announced creation may be when it is sent.")
    request_timeout: Seconds = Field(default=30.0, description="How long one call to a control plane may take.")
    list_lag: Seconds = Field(default=15.0, description="How long a list may not show a cluster that was created.")
    health_port: Port = Field(default=8080, description="Port of /healthz and /readyz; 0 picks a free one.")
    health_host: str = Field(
        default="", description="Address that /healthz and /readyz listen on; empty: all, IPv4 and IPv6."
    )
    log_level: LogLevel = Field(default=LogLevel.INFO, description="debug, info, warning or error.")
    log_format: LogFormat = Field(default=LogFormat.TEXT, description="text, or json: one object a line.")

    @property
    def timing(self) -> Timing:
        """The four times of the create protocol."""
        return Timing(
            settle=self.settle,
            freshness=self.freshness,
            request_timeout=self.request_timeout,
            list_lag=self.list_lag,
            snapshot_age=min(5.0, self.freshness),
        )

    @model_validator(mode="after")
    def _safe_times(self) -> Self:
        problem = self.timing.problem()
        if problem:
            raise ValueError(problem)
        return self


def load(**flags: Any) -> Settings:
    """Read the environment, with flags before it; SettingsError with one sentence per bad setting."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("\n".join(_complaint(part["loc"], part["msg"]) for part in error.errors())) from None


def _complaint(place: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{PREFIX}{str(place[0]).upper()}: {text}" if place else text
