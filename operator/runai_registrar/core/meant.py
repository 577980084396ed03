"""Whether a call is still meant when its turn comes: meanwhile somebody may have changed the registration.

What else could make a call wrong is the control plane's part, or the age of what the call rests on (`engine/grounds`).
"""

from runai_registrar.core.actions import Title
from runai_registrar.core.claims import written_title
from runai_registrar.resources import RELEASE, Registration, RegistrationSpec


def still_meant(then: Registration, now: Registration) -> bool:
    """Whether a registration asks for the same as when the call was decided on.

    It does not where its spec has changed in any way (`suspend`, `mode`, `deletionProtection`, the name), where it is
    being deleted by now or is to be released, and where it owns another cluster. Labels make no difference.
    """
    return _wish(then) == _wish(now)


def _wish(registration: Registration) -> tuple[RegistrationSpec, Title | None, bool, str | None]:
    """All that a call for a registration may rest on."""
    release = registration.metadata.annotations.get(RELEASE)
    return registration.spec, written_title(registration), registration.deleting, release
