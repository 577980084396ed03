"""What a failed look at a control plane means for its registrations, and in which words it is told."""

from runai_registrar.core.observed import Trouble
from runai_registrar.core.times import Stamp
from runai_registrar.errors import (
    AuthenticationFailed,
    Barred,
    ControlPlaneError,
    CredentialsNotFound,
    InvalidEndpoint,
    PermissionDenied,
    RegistrarError,
)

_PERSON = (CredentialsNotFound, AuthenticationFailed, PermissionDenied, InvalidEndpoint)
_PASSING = ("ControlPlaneUnreachable", "Throttled")


class Troubles:
    """Names the troubles of one control plane; one of the same reason as before began when that one did.

    A trouble that passes by itself keeps its sentence, or every status would flutter while a connection is reset now
    and refused then. Another sentence is told when two tries in a row give it, or where the one told came from no try.
    """

    def __init__(self) -> None:
        self._tried: str | None = None  # what the latest try gave

    def failed(self, error: RegistrarError, began: Stamp, known: Trouble | None) -> Trouble:
        """What a look that ended in this error means; `passing` heals without a person."""
        if isinstance(error, _PERSON):
            reason = "ControlPlaneNotReady" if isinstance(error, InvalidEndpoint) else error.reason
            return self.person(reason, error.message, began, known)
        reason = error.reason if error.reason in _PASSING else "ControlPlaneNotReady"
        if not isinstance(error, ControlPlaneError):
            return self.person(reason, error.message, began, known)
        return self.passing(reason, error.message, began, known, tried=not isinstance(error, Barred))

    def person(self, reason: str, message: str, began: Stamp, known: Trouble | None) -> Trouble:
        """A trouble that takes a person, who is told what is so now."""
        return Trouble(reason, message, passing=False, since=_since(known, reason, began))

    def passing(self, reason: str, message: str, began: Stamp, known: Trouble | None, *, tried: bool = True) -> Trouble:
        """A trouble that passes by itself; `tried`: the control plane was asked, and this is what came of it."""
        if known is None or (known.reason, known.passing) != (reason, True):
            self._tried = message if tried else None
        elif tried:
            tell = self._tried in (None, message)
            self._tried = message
            message = message if tell else known.message
        else:
            message = known.message
        return Trouble(reason, message, passing=True, since=_since(known, reason, began))


def words(trouble: Trouble | None) -> tuple[str, str] | None:
    """What is told of a trouble: its reason and its sentence."""
    return (trouble.reason, trouble.message) if trouble else None


def _since(known: Trouble | None, reason: str, began: Stamp) -> Stamp:
    return known.since if known is not None and known.reason == reason else began
