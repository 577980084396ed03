"""The install Secret that a registration owes: looked at, written, put right, removed (design 4.6).

It comes last, when everything else is as asked for, and it never keeps a registration from holding its cluster.
"""

from dataclasses import replace

from runai_registrar.core.actions import (
    Action,
    FreeInstallSecret,
    InstallStatus,
    Phase,
    ReadInstallSecret,
    Release,
    RemoveInstallSecret,
    Stand,
    WriteInstallSecret,
)
from runai_registrar.core.delete import policy
from runai_registrar.core.installed import Purpose, SecretSeen
from runai_registrar.core.observed import Observed
from runai_registrar.core.verdicts import LOOK_AGAIN, observes, own_title, stalled, waiting
from runai_registrar.resources import RELEASE, DeletionPolicy

LOOK_SELDOM = 300.0
"""Seconds after which our own install Secret is looked at again: it may have been deleted, and nobody would tell."""


def finish(o: Observed, action: Action) -> Action:
    """What the install Secret still needs before that is done; most actions stay as they are."""
    return _free(o, action) if isinstance(action, Release) else _furnish(o, action)


def _free(o: Observed, release: Release) -> Action:
    """A Secret whose cluster is left behind by Orphan stays with it: without an owner it is not collected.

    This needs no control plane. A Secret that cannot be looked at or freed counts as none: it holds up no release.
    """
    if release.leaves is None or not _orphaned(o):
        return release
    for name in sorted(_known(o)):
        seen = _look(o, name)
        if seen is None:
            return ReadInstallSecret(name)
        if seen.of(o.registration) and seen.owned:
            return FreeInstallSecret(seen)
    return release


def _known(o: Observed) -> set[str]:
    """The names under which there may be a Secret of ours: asked for, recorded, or seen."""
    asked, recorded = o.registration.spec.install_secret, o.registration.status.install_secret
    return {one.name for one in (asked, recorded) if one} | _seen(o)


def _seen(o: Observed) -> set[str]:
    return {name for name, seen in o.memory.install.items() if seen.of(o.registration)}


def _furnish(o: Observed, action: Action) -> Action:
    """What the install Secret still needs before a registration is Ready; any other action stays as it is."""
    ready = isinstance(action, Stand) and action.phase is Phase.READY and action.title is not None
    if not ready or not isinstance(action, Stand) or o.registration.deleting or observes(o):
        return action
    wanted = o.registration.spec.install_secret
    if not _recorded(o, action):
        return _later(o, action, wanted.name) if wanted else action
    if failed := _failed(o):
        return _instead(o, action, failed)
    return _owed(o, action, wanted.name) if wanted else _tidy(o, None) or _unasked(o, action)


def _recorded(o: Observed, action: Stand) -> bool:
    """Whether the status holds the title already: the uuid is never kept waiting for install information."""
    return action.title == own_title(o) and action.closes in (None, o.registration.status.attempt)


def _later(o: Observed, action: Stand, name: str) -> Stand:
    """Hold the cluster first, and go on at once."""
    verdict = waiting(o, "Registering", f"The install Secret {name} is written next.", 0.0)
    return _instead(o, action, verdict)


def _failed(o: Observed) -> Stand | None:
    """The last try that failed, until it is time for another or the spec has changed."""
    failure = o.memory.install_failure
    if failure is None or failure.generation != o.registration.metadata.generation:
        return None
    left = failure.retry_at.boot - o.now.boot
    if left <= 0:
        return None
    kind = Phase.STALLED if failure.stalled else Phase.RECONCILING
    return Stand(kind, failure.reason, failure.message, wake=left)


def _owed(o: Observed, action: Stand, name: str) -> Action:
    purpose = _purpose(o, action)
    if purpose is None:
        message = (
            f"The install Secret {name} cannot be written: install information is given for a version, and none is "
            "known. Set spec.version."
        )
        return _instead(o, action, stalled(o, "InvalidSpec", message))
    seen = _look(o, name)
    if seen is None:
        return ReadInstallSecret(name)
    if seen.uid is not None and not seen.of(o.registration):
        message = (
            f"There is a Secret {name} that is not this registration's, so it is not touched. Delete that Secret, or "
            "choose another spec.installSecret.name."
        )
        return _instead(o, action, stalled(o, "InstallSecretConflict", message))
    owned = not _orphaned(o)
    if not seen.whole or seen.purpose != purpose or seen.owned != owned:
        return WriteInstallSecret(name, purpose, owned, seen if seen.uid else None)
    return _tidy(o, name) or _done(o, action, seen)


def _purpose(o: Observed, action: Stand) -> Purpose | None:
    """What the Secret is to be made for: the spec goes before what the control plane displays."""
    spec, status, shown = o.registration.spec, o.registration.status, action.shown
    version = spec.version or (shown.version if shown else status.version)
    domain = spec.domain or (shown.domain if shown else status.domain)
    if action.title is None or not version:
        return None
    return Purpose(action.title.uuid, version, domain or None, o.control_plane.url)


def _orphaned(o: Observed) -> bool:
    """Whether the cluster outlives the registration: then its Secret does, too, and has no owner reference."""
    told = o.registration.metadata.annotations.get(RELEASE) == "orphan"
    return told or policy(o, own_title(o)) is DeletionPolicy.ORPHAN


def _look(o: Observed, name: str) -> SecretSeen | None:
    """The last look at a Secret, as long as it counts."""
    seen, asked = o.memory.install.get(name), o.memory.requested
    if seen is None or seen.generation != o.registration.metadata.generation:
        return None
    if _left(o, seen) <= 0 or (asked is not None and not seen.at.after(asked)):
        return None
    return seen


def _left(o: Observed, seen: SecretSeen) -> float:
    """Seconds for which a look still counts: what is in the way may be removed by a person any time."""
    return (LOOK_SELDOM if seen.of(o.registration) else LOOK_AGAIN) - seen.at.age(o.now)


def _tidy(o: Observed, wanted: str | None) -> Action | None:
    """Remove our own Secrets of other names; None where there are none."""
    recorded, own = o.registration.status.install_secret, o.registration
    names = _seen(o) | ({recorded.name} if recorded else set())
    for name in sorted(names - {wanted}):
        seen = _look(o, name)
        if seen is None:
            return ReadInstallSecret(name)
        if seen.of(own):
            return RemoveInstallSecret(seen)
    return None


def _unasked(o: Observed, action: Stand) -> Stand:
    """No Secret is asked for, and none is left."""
    if o.registration.status.install_secret is None:
        return action
    return replace(action, install=InstallStatus(ready=False, reason="NotAskedFor", message="", name=None))


def _done(o: Observed, action: Stand, seen: SecretSeen) -> Stand:
    message = f"The Secret {seen.name} holds what is needed to install Run:ai on the cluster."
    written = InstallStatus(ready=True, reason="Written", message=message, name=seen.name)
    return replace(action, install=written, wake=_sooner(action.wake, _left(o, seen)))


def _instead(o: Observed, action: Stand, verdict: Stand) -> Stand:
    """Registered, but not Ready because of the install Secret."""
    recorded = o.registration.status.install_secret
    return replace(
        action,
        phase=verdict.phase,
        reason=verdict.reason,
        message=f"{action.message} {verdict.message}",
        install=InstallStatus(
            ready=False, reason=verdict.reason, message=verdict.message, name=recorded.name if recorded else None
        ),
        wake=_sooner(action.wake, verdict.wake),
    )


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((wake for wake in (one, other) if wake is not None), default=None)
