"""Rows of the table in `decide` about the install Secret."""

from dataclasses import replace
from typing import Any

from core.row import Row
from core.situations import (
    NOW,
    OTHER,
    OURS,
    RIVAL,
    UID,
    URL,
    UUID,
    ago,
    at,
    attempt,
    cluster,
    failure,
    knows,
    observed,
    plane,
    registered,
    registration,
)
from runai_registrar.core.actions import (
    FreeInstallSecret,
    InstallStatus,
    Phase,
    ReadHolders,
    ReadInstallSecret,
    Release,
    RemoveInstallSecret,
    Stand,
    Title,
    WriteInstallSecret,
)
from runai_registrar.core.installed import Purpose, SecretSeen
from runai_registrar.core.observed import Memory, Observed, Outcome
from runai_registrar.core.times import Stamp
from runai_registrar.resources import RELEASE, InstallSecret, Origin

VERSION = "2.24.18"
PURPOSE = Purpose(UUID, VERSION, None, URL)
ASKED = {"version": VERSION, "installSecret": {"name": "install"}}
SHOWN = cluster(version=VERSION)
RECORDED = {"install_secret": InstallSecret(name="install")}


def secret(name: str = "install", *, since: Stamp = NOW, **facts: Any) -> SecretSeen:
    """Return our own Secret as it is meant to be, as seen at this moment."""
    whole: dict[str, Any] = {"uid": "secret-1", "resource_version": "5", "owner": UID, "purpose": PURPOSE}
    return SecretSeen(name, since, 1, **(whole | {"owned": True, "whole": True} | facts))


def nothing(name: str = "install", *, since: Stamp = NOW) -> SecretSeen:
    """Return what is seen where there is no Secret of this name."""
    return SecretSeen(name, since, 1)


def furnished(*seen: SecretSeen, spec: Any = None, status: Any = None, origin: Any = None, **facts: Any) -> Observed:
    """Return a registration in step that asks for an install Secret, of which that was seen."""
    memory = Memory(install={one.name: one for one in seen}, **facts.pop("memory", {}))
    held = registered(origin or Origin.CREATED, **(status or {}))
    asked = ASKED if spec is None else spec
    metadata = facts.pop("metadata", {})
    return observed(
        registration(status=held, spec=asked, **metadata), facts.pop("shown", SHOWN), memory=memory, **facts
    )


def said(phase: Phase, reason: str, *, recorded: str | None = None, **facts: Any) -> Stand:
    """Return the verdict that something is wrong with the install Secret."""
    install = InstallStatus(ready=False, reason=reason, message="", name=recorded)
    return replace(Stand(phase, reason, "", OURS, shown=SHOWN, install=install), **facts)


def written(name: str = "install", **facts: Any) -> Stand:
    """Return the verdict that all is as asked for."""
    install = InstallStatus(ready=True, reason="Written", message="", name=name)
    return replace(Stand(Phase.READY, "Registered", "", OURS, shown=SHOWN, install=install, wake=300.0), **facts)


def leaving(*seen: SecretSeen, orphan: bool = True, **facts: Any) -> Observed:
    """Return a registration with an install Secret that is being deleted, its cluster left behind or not."""
    policy = {"deletion": {"policy": "Orphan" if orphan else "Delete"}}
    facts["metadata"] = {"deletion_timestamp": at(-1)} | facts.get("metadata", {})
    return furnished(*seen, **{"spec": ASKED | policy, "status": RECORDED} | facts)


LEFT = Release("", leaves=UUID)
ANSWERED = observed(
    registration(attempt=attempt(), spec=ASKED), memory=knows(Outcome.ANSWERED, answer=cluster(version=VERSION))
)
RENAMED = {"status": {"install_secret": InstallSecret(name="old")}}

ROWS = [
    Row(
        "install-unrecorded",
        ANSWERED,
        said(Phase.RECONCILING, "Registering", closes="attempt-1", wake=0.0),
        ("gpu-east is registered", "install is written next"),
    ),
    Row(
        "install-failed",
        furnished(memory={"install_failure": failure("Throttled", left=8.0)}),
        said(Phase.RECONCILING, "Throttled", wake=8.0),
        ("gpu-east is registered", "The call failed."),
    ),
    Row(
        "install-versionless",
        furnished(spec={"installSecret": {"name": "install"}}, shown=cluster()),
        said(Phase.STALLED, "InvalidSpec", shown=cluster(), wake=60.0),
        ("gpu-east is registered", "Set spec.version"),
    ),
    Row("install-unread", furnished(), ReadInstallSecret("install")),
    Row(
        "install-conflict",
        furnished(secret(owner=None)),
        said(Phase.STALLED, "InstallSecretConflict", wake=60.0),
        ("a Secret install that is not", "Delete that Secret", "another spec.installSecret.name"),
    ),
    Row("install-owed", furnished(nothing()), WriteInstallSecret("install", PURPOSE, owned=True)),
    Row("install-old-unread", furnished(secret(), **RENAMED), ReadInstallSecret("old")),
    Row("install-old", furnished(secret(), secret("old"), **RENAMED), RemoveInstallSecret(secret("old"))),
    Row("install-written", furnished(secret(), status=RECORDED), written()),
    Row("install-left-unread", leaving(), ReadInstallSecret("install")),
    Row("install-left-owned", leaving(secret()), FreeInstallSecret(secret())),
]


def owed(seen: SecretSeen, purpose: Purpose = PURPOSE, *, owned: bool = True) -> WriteInstallSecret:
    """Return what writes our own Secret again."""
    return WriteInstallSecret("install", purpose, owned, known=seen)


UNREAD = ReadInstallSecret("install")
RENAMED_TOO: dict[str, Any] = {"status": {"install_secret": InstallSecret(name="old")}}
NOTHING_LEFT = observed(
    registration(spec=ASKED | {"deletion": {"policy": "Orphan"}}, deleting=True, annotations={RELEASE: "orphan"})
)
LEFT_BEHIND: dict[str, dict[str, Any]] = {
    "by-the-annotation": {"spec": ASKED, "metadata": {"annotations": {RELEASE: "orphan"}}},
    "by-adoption": {"spec": ASKED, "origin": Origin.ADOPTED},
    "without-a-control-plane": {"control_plane": plane(exists=False)},
    "while-suspended": {"spec": ASKED | {"suspend": True, "deletion": {"policy": "Orphan"}}},
    "while-observing": {"spec": ASKED | {"mode": "Observe", "deletion": {"policy": "Orphan"}}},
    "by-the-annotation-with-a-spec-that-cannot-be-read": {
        "spec": {},
        "memory": {"invalid": "It cannot be read."},
        "metadata": {"annotations": {RELEASE: "orphan"}},
    },
}

AFTER = [
    Row(
        "install-unrecorded/adopted",
        replace(
            furnished(spec=ASKED | {"adopt": {"uuid": UUID}}, reads=ANSWERED.reads),
            registration=registration(spec=ASKED | {"adopt": {"uuid": UUID}}),
            reads=replace(ANSWERED.reads, registrations=NOW),
        ),
        said(Phase.RECONCILING, "Registering", title=Title(UUID, Origin.ADOPTED), wake=0.0),
    ),
    Row(
        "install-failed/refused",
        furnished(secret(), status=RECORDED, memory={"install_failure": failure("PermissionDenied", stalled=True)}),
        said(Phase.STALLED, "PermissionDenied", recorded="install", wake=100.0),
    ),
    Row(
        "install-failed/tried-again",
        furnished(nothing(), memory={"install_failure": failure(left=0)}),
        WriteInstallSecret("install", PURPOSE, owned=True),
    ),
    Row(
        "install-versionless/displayed",
        furnished(spec={"installSecret": {"name": "install"}}),
        ReadInstallSecret("install"),
    ),
    Row("install-unread/looked-at-long-ago", furnished(secret(since=ago(301.0))), ReadInstallSecret("install")),
    Row(
        "install-unread/spec-changed",
        furnished(secret(), metadata={"generation": 2}),
        ReadInstallSecret("install"),
    ),
    Row(
        "install-unread/asked-for-since",
        furnished(secret(since=ago(0.9)), memory={"requested": ago(0.8)}, listed=0.5),
        ReadInstallSecret("install"),
    ),
    Row(
        "install-conflict/looked-at-a-minute-ago",
        furnished(secret(owner=None, since=ago(61))),
        ReadInstallSecret("install"),
    ),
    Row(
        "install-conflict/of-another-registration",
        furnished(secret(owner=RIVAL)),
        said(Phase.STALLED, "InstallSecretConflict", wake=60.0),
    ),
    *(
        Row(f"install-owed/{why}", furnished(seen, spec=ASKED | spec), owed(seen, purpose))
        for why, seen, spec, purpose in (
            ("other-uuid", secret(purpose=replace(PURPOSE, uuid=OTHER)), {}, PURPOSE),
            (
                "other-domain",
                secret(),
                {"domain": "https://a.example.com"},
                replace(PURPOSE, domain="https://a.example.com"),
            ),
            ("key-lost", secret(whole=False), {}, PURPOSE),
            ("reference-lost", secret(owned=False), {}, PURPOSE),
        )
    ),
    Row(
        "install-owed/other-version",
        furnished(secret(), spec=ASKED | {"version": "2.25.1"}),
        owed(secret(), replace(PURPOSE, version="2.25.1")),
    ),
    Row(
        "install-owed/other-version-displayed",
        furnished(secret(), spec={"installSecret": {"name": "install"}}, shown=cluster(version="2.25.1")),
        owed(secret(), replace(PURPOSE, version="2.25.1")),
    ),
    Row(
        "install-owed/other-control-plane-url",
        furnished(secret(), control_plane=plane(url="https://other.example.com")),
        owed(secret(), replace(PURPOSE, url="https://other.example.com")),
    ),
    Row(
        "install-owed/orphan-policy",
        furnished(secret(), spec=ASKED | {"deletion": {"policy": "Orphan"}}),
        owed(secret(), owned=False),
    ),
    Row(
        "install-owed/orphan-by-adoption",
        furnished(nothing(), origin=Origin.ADOPTED),
        WriteInstallSecret("install", PURPOSE, owned=False),
    ),
    Row(
        "install-owed/release-annotation",
        furnished(nothing(), metadata={"annotations": {RELEASE: "orphan"}}),
        WriteInstallSecret("install", PURPOSE, owned=False),
    ),
    Row(
        "install-old-unread/new-one-first",
        furnished(nothing(), **RENAMED),
        WriteInstallSecret("install", PURPOSE, owned=True),
    ),
    Row("install-old-unread/not-asked-for", furnished(spec={}, status=RECORDED), ReadInstallSecret("install")),
    Row("install-old/not-asked-for", furnished(secret(), spec={}, status=RECORDED), RemoveInstallSecret(secret())),
    Row("install-old/not-recorded-so-far", furnished(secret(), secret("old")), RemoveInstallSecret(secret("old"))),
    Row("install-written/old-one-gone", furnished(secret(), nothing("old"), **RENAMED), written()),
    Row("install-written/old-one-is-not-ours", furnished(secret(), secret("old", owner=None), **RENAMED), written()),
    Row("install-written/a-while-ago", furnished(secret(since=ago(200.0))), written(wake=100.0)),
    Row(
        "install-written/not-asked-for-any-more",
        furnished(nothing(), spec={}, status=RECORDED),
        replace(written(), install=InstallStatus(ready=False, reason="NotAskedFor", message="", name=None), wake=None),
    ),
    Row("install-left-unread/looked-at-before-the-deletion", leaving(replace(secret(), generation=0)), UNREAD),
    Row("install-left-unread/only-asked-for", leaving(status={}), UNREAD),
    Row("install-left-unread/not-asked-for-any-more", leaving(spec={"deletion": {"policy": "Orphan"}}), UNREAD),
    Row("install-left-unread/the-old-one-too", leaving(secret(owned=False), **RENAMED_TOO), ReadInstallSecret("old")),
    Row("install-left-unread/never-asked-for", leaving(spec={"deletion": {"policy": "Orphan"}}, status={}), LEFT),
    Row("install-left-unread/not-under-delete", leaving(orphan=False), ReadHolders(UUID, ago(5.0))),
    Row("install-left-unread/nothing-registered", NOTHING_LEFT, Release("")),
    *(
        Row(f"install-left-owned/{why}", leaving(secret(), **facts), FreeInstallSecret(secret()))
        for why, facts in LEFT_BEHIND.items()
    ),
    Row("install-left-owned/free", leaving(secret(owned=False)), LEFT),
    Row("install-left-owned/gone", leaving(nothing()), LEFT),
    Row("install-left-owned/of-somebody-else", leaving(secret(owner=RIVAL)), LEFT),
    Row(
        "install-written/not-while-observing",
        furnished(nothing(), spec=ASKED | {"mode": "Observe"}),
        Stand(Phase.READY, "Observing", "", OURS, shown=SHOWN, planned="Manage would change nothing."),
    ),
]
