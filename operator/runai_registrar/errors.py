"""The exception tree: what can go wrong, by who has to do what about it.

```
RegistrarError
├── SettingsError               a setting of this program cannot be used
├── KubernetesError             the API server did not do what was asked: also .status
│   ├── Conflict                    409: the view it was decided on was stale
│   ├── Absent                      404: the object, or its kind, is not there
│   └── Terminating                 403: the namespace is being deleted, nothing new is made in it
├── InvalidEndpoint             the control plane's URL, proxy or CA bundle cannot be used as written
├── CredentialsNotFound         no usable client id and secret
└── ControlPlaneError           a call did not do what was asked: also .status and .retry_after
    ├── NotSent                 no request of this call took effect: not sent at all, or answered 401 before
    │   ├── Barred                  not even tried, by what was learned from calls before
    │   └── Stale                   the caller's own view was too old at the last moment: look again
    ├── Refused                 a definite no: this call changed nothing
    │   ├── AuthenticationFailed    401 after one token refresh, or the credentials were refused
    │   ├── PermissionDenied        403
    │   └── NotFound                404
    └── Unanswered              sent, and nobody knows what became of it
        └── Throttled               429
```

Classes differ only where a caller reacts differently; everything a person reads hangs on `reason` (a condition reason
of the resources' status) and `message` (plain, capped, free of secrets and control characters).
"""
# ruff: noqa: N818 - the names say what happened, as conditions do; only the two roots are called errors

from __future__ import annotations

from typing import ClassVar


class RegistrarError(Exception):
    """Anything this program raises on purpose.

    Attributes:
        message: One or two plain sentences for people: what is so, and what to do. Free of secrets.
        reason: The condition reason it is reported under, PascalCase.
    """

    default_reason: ClassVar[str] = "InvalidSpec"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason


class SettingsError(RegistrarError):
    """A setting or flag cannot be used; the command line ends with code 2."""


class KubernetesError(RegistrarError):
    """The API server did not do what was asked; it is tried again later.

    Attributes:
        status: The HTTP status that was answered; None where there was no answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Conflict(KubernetesError):
    """409: somebody else wrote in between; look again and decide anew."""


class Absent(KubernetesError):
    """404: the object is not there, or its kind is not (the CRDs are not installed)."""


class Terminating(KubernetesError):
    """403 NamespaceTerminating: the namespace is being deleted, and nothing new can be made in it."""


class InvalidEndpoint(RegistrarError):
    """The URL, the proxy or the CA bundle of a control plane cannot be used as written."""


class CredentialsNotFound(RegistrarError):
    """There is no usable client id and client secret."""

    default_reason = "CredentialsNotFound"


class ControlPlaneError(RegistrarError):
    """A call to the control plane did not do what was asked.

    Attributes:
        status: The HTTP status that was answered, if any.
        retry_after: Seconds before which another call is pointless, where that is known.
    """

    default_reason = "ControlPlaneUnreachable"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, reason=reason)
        self.status = status
        self.retry_after = retry_after


class NotSent(ControlPlaneError):
    """No request of this call took effect: none left this process, or the one that did was answered 401.

    Connecting failed, no token could be had (the cause is chained), the pacing barred the way, the client is closed.
    """


class Barred(NotSent):
    """Not even tried: the control plane asked for a pause, or is down and probed by another call."""


class Stale(NotSent):
    """The caller's freshness check said no directly before the request would have been sent."""

    default_reason = "Registering"


class Refused(ControlPlaneError):
    """A definite refusal: the control plane understood, said no, and this call changed nothing."""

    default_reason = "RejectedByControlPlane"


class AuthenticationFailed(Refused):
    """401 with a token just refreshed, or the token endpoint refused the credentials."""

    default_reason = "AuthenticationFailed"


class PermissionDenied(Refused):
    """403: the credentials are known but may not do this."""

    default_reason = "PermissionDenied"


class NotFound(Refused):
    """404, and for reads of one cluster 404 in the API's own words (not a gateway's page)."""


class Unanswered(ControlPlaneError):
    """The request was sent and its outcome is unknown.

    Timeout, reset, 5xx, redirect, a success that cannot be read, any status without a meaning for the operation.
    """


class Throttled(Unanswered):
    """429: too many requests. The API does not say whether such a request had an effect."""

    default_reason = "Throttled"
