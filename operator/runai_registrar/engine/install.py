"""Look at, write and remove install Secrets: one read of the control plane, one write, and nothing kept of either."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from runai_registrar.core.actions import FreeInstallSecret, ReadInstallSecret, RemoveInstallSecret, WriteInstallSecret
from runai_registrar.core.installed import SecretSeen, contents, lacking, metadata, new_metadata, unowned
from runai_registrar.core.observed import Observed
from runai_registrar.engine import clock
from runai_registrar.engine.cache import Entry
from runai_registrar.engine.grounds import Grounds
from runai_registrar.errors import (
    Absent,
    Conflict,
    ControlPlaneError,
    KubernetesError,
    NotFound,
    Refused,
    Stale,
    Terminating,
    Unanswered,
)
from runai_registrar.kube import Kube

logger = logging.getLogger(__name__)

Install = ReadInstallSecret | WriteInstallSecret | RemoveInstallSecret | FreeInstallSecret

TRIES = 5
"""How often a Secret is tried to be freed where the API server gives no clear answer, before it is left as it is."""


class Installing:
    """Carries out what the install Secret needs; a failure is remembered and reported, and holds up nothing else."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def apply(self, entry: Entry, o: Observed, action: Install, grounds: Callable[[], Grounds]) -> None:
        """Carry out one action; `grounds` returns what a call rests on, or raises NotSent.

        Raises:
            KubernetesError: The API server did not answer; try again later.
        """
        name = action.known.name if isinstance(action, RemoveInstallSecret | FreeInstallSecret) else action.name
        try:
            await self._carry_out(entry, o, action, grounds)
        except Stale:
            return
        except ControlPlaneError as error:
            _not_told(entry, o, name, error)
        except Conflict:
            _forget(entry, name)
        except KubernetesError as error:
            _failed(entry, o, name, error)

    async def _carry_out(self, entry: Entry, o: Observed, action: Install, grounds: Callable[[], Grounds]) -> None:
        match action:
            case ReadInstallSecret(name):
                await self._read(entry, o, name)
            case WriteInstallSecret():
                await self._write(entry, o, action, grounds())
            case RemoveInstallSecret(known):
                await self._remove(entry, o, known)
            case FreeInstallSecret(known):
                await self._free(entry, o, known)

    async def _read(self, entry: Entry, o: Observed, name: str) -> None:
        began, registration = clock.now(), o.registration
        try:
            body = await self._kube.secret(registration.metadata.namespace, name)
        except Absent:
            _remember(entry, SecretSeen(name, began, registration.metadata.generation))
        else:
            _remember(entry, SecretSeen.read(body, began, registration))

    async def _write(self, entry: Entry, o: Observed, action: WriteInstallSecret, grounds: Grounds) -> None:
        purpose, registration, known = action.purpose, o.registration, action.known
        info = await grounds.client.install_info(
            purpose.uuid, purpose.version, purpose.domain, still_fresh=grounds.hold
        )
        if lack := lacking(info):
            raise Unanswered(f"Its {lack} is empty so far.", reason="Registering")
        changes, content = metadata(registration, purpose, owned=action.owned), contents(info, purpose)
        began, namespace = clock.now(), registration.metadata.namespace
        if known is None:
            body = await self._kube.create_secret(namespace, new_metadata(action.name, changes), content)
        else:
            changes |= {"uid": known.uid, "resourceVersion": known.resource_version}
            body = await self._kube.patch_secret(namespace, known.name, changes, content)
        _remember(entry, SecretSeen.read(body, began, registration))
        entry.furnished()
        logger.info("%s: wrote the install Secret %s for version %s", registration.key, action.name, purpose.version)

    async def _remove(self, entry: Entry, o: Observed, known: SecretSeen) -> None:
        began, registration = clock.now(), o.registration
        await self._kube.delete_secret(
            registration.metadata.namespace, known.name, known.uid or "", known.resource_version
        )
        _remember(entry, SecretSeen(known.name, began, registration.metadata.generation))
        logger.info("%s: removed the install Secret %s", registration.key, known.name)

    async def _free(self, entry: Entry, o: Observed, known: SecretSeen) -> None:
        began, registration = clock.now(), o.registration
        changes = {**unowned(registration), "uid": known.uid, "resourceVersion": known.resource_version}
        body = await self._kube.patch_secret(registration.metadata.namespace, known.name, changes, {})
        _remember(entry, SecretSeen.read(body, began, registration))
        logger.info("%s: the install Secret %s stays with its cluster", registration.key, known.name)


def _failed(entry: Entry, o: Observed, name: str, error: KubernetesError) -> None:
    """The API server did not do it: what follows depends on what it is for, and on how clear the answer was.

    Raises:
        KubernetesError: It was not clear; try again later.
    """
    if o.registration.deleting:
        _left(entry, o, name, error)
    elif isinstance(error, Terminating):
        entry.unfurnished("Registering", error.message, clock.now(), stalled=False)
    elif _definite(error):
        _refused(entry, o, name, error)
    else:
        raise error


def _left(entry: Entry, o: Observed, name: str, error: KubernetesError) -> None:
    """A registration is not held for its Secret's sake: a refusal counts at once, an unclear answer after a while."""
    entry.freeing += 1
    if not _definite(error) and entry.freeing < TRIES:
        raise error
    logger.warning(
        "%s: the install Secret %s cannot be freed, so it goes with the registration if that owns it: %s",
        o.registration.key,
        name,
        error.message,
    )
    _remember(entry, SecretSeen(name, clock.now(), o.registration.metadata.generation))


def _remember(entry: Entry, seen: SecretSeen) -> None:
    entry.remember(install={**entry.memory.install, seen.name: seen})


def _forget(entry: Entry, name: str) -> None:
    """Somebody else wrote in between, or removed it: look again."""
    entry.remember(install={known: seen for known, seen in entry.memory.install.items() if known != name})


def _definite(error: KubernetesError) -> bool:
    """Whether the API server understood, and will say the same again until somebody changes something."""
    passing = (HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    return error.status is not None and 400 <= error.status < 500 and error.status not in passing  # noqa: PLR2004  # the class of client errors


def _not_told(entry: Entry, o: Observed, name: str, error: ControlPlaneError) -> None:
    """There is no install information so far; right after a creation it may lag behind, so a 404 is no refusal."""
    stalled = isinstance(error, Refused) and not isinstance(error, NotFound)
    reason = "Registering" if isinstance(error, NotFound) else error.reason
    message = f"There is no install information for the Secret {name}: {error.message}"
    if isinstance(error, NotFound):
        message += " It is asked for again; it is given for versions from 2.15 on."
    if entry.memory.install_failure is None:
        logger.warning("%s: %s", o.registration.key, message)
    entry.unfurnished(reason, message, clock.now(), stalled=stalled, at_least=error.retry_after)


def _refused(entry: Entry, o: Observed, name: str, error: KubernetesError) -> None:
    namespace = o.registration.metadata.namespace
    if error.status == HTTPStatus.FORBIDDEN:
        message = (
            f"The operator may not look after the Secret {name} in namespace {namespace} (403). Grant it get, create, "
            "patch and delete of Secrets there, or remove spec.installSecret."
        )
        entry.unfurnished("PermissionDenied", message, clock.now(), stalled=True)
    else:
        message = (
            f"The API server refused to change the Secret {name} ({error.status}). Delete it if it is immutable, or "
            "choose another spec.installSecret.name."
        )
        entry.unfurnished("InstallSecretConflict", message, clock.now(), stalled=True)
