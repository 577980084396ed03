"""What an operator does for a user, from beginning to rest: the flows through which crashes are swept."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from faults.arena import Arena
from kube import Object
from stage import LONG_AFTER, Registration, conditions

WATCHES = ("watch runaicontrolplanes", "watch runaiclusterregistrations")
NAME = "gpu-east"
_SPEC: dict[str, Any] = {"version": "2.24.18", "domain": "https://gpu-east.example.com"}

Step = Callable[[Arena], None]


def _nothing(_: Arena) -> None:
    pass


@dataclass(frozen=True)
class Flow:
    """One flow; its functions keep nothing, so that it can be played many times at once.

    Attributes:
        act: What a user does.
        settled: Whether all is as the user wants it.
        prepare: What has come before; an operator runs that is at rest afterwards.
        before: What is so before the first operator starts.
        staffed: Whether an operator runs when `act` begins; otherwise one is started then.
        passes: Requests that a run without a crash makes: without them it would be another flow.
        forced: Whether the DELETE is to be forced.
        twice: Whether the long form kills two operators in one run.
    """

    name: str
    act: Step
    settled: Callable[[Arena], bool]
    prepare: Step = _nothing
    before: Step = _nothing
    staffed: bool = True
    passes: frozenset[str] = frozenset()
    forced: bool = False
    twice: bool = False

    def __str__(self) -> str:
        return self.name


def _of(arena: Arena) -> Registration:
    return Registration(arena.stage, NAME)


def _seen(arena: Arena) -> Object | None:
    return arena.house.kube.find(_of(arena).path)


def _ready(arena: Arena) -> bool:
    seen = _seen(arena)
    return seen is not None and conditions(seen).get("Ready", ("", ""))[0] == "True"


def _gone(arena: Arena) -> bool:
    return _seen(arena) is None


def _register(arena: Arena) -> None:
    arena.stage.register(NAME, **_SPEC)


def _known(arena: Arena, **spec: Any) -> None:
    """A registration whose cluster is older than any settling, and connected."""
    made = arena.stage.registered(NAME, **_SPEC, **spec)
    arena.admin.set_state(made.status["uuid"], "Connected")
    arena.admin.advance(LONG_AFTER)
    made.wait_for("Connected", "Connected")


def _delete(arena: Arena) -> None:
    _of(arena).delete()


def _stranger(arena: Arena) -> None:
    arena.admin.create(NAME, **_SPEC)
    arena.wait_polls()


def _adopt(arena: Arena) -> None:
    (cluster,) = arena.admin.clusters()
    arena.stage.register(NAME, **_SPEC, adopt={"uuid": cluster.uuid})


def _rename(arena: Arena) -> None:
    _of(arena).change(clusterName="GPU West")


def _renamed(arena: Arena) -> bool:
    return _ready(arena) and _of(arena).status["clusterName"] == "GPU West"


def _prepare_drain(arena: Arena) -> None:
    """The drain outlasts a crash and a start: it ends when time is let pass."""
    arena.admin.settings(drainTime=LONG_AFTER / 2)
    _known(arena)


def _expire(arena: Arena) -> None:
    """A list has just been answered: the creation is what finds out that no token is good any more."""
    arena.admin.revoke_tokens()
    _register(arena)


def _rotate(arena: Arena) -> None:
    """Another secret of the same account; from now on the old one, and every token, is worthless."""
    rotated = arena.admin.add_credential(client_id=arena.simulator.client_id)
    arena.canaries.add(rotated.client_secret)
    arena.admin.revoke_tokens()
    arena.control_plane.change_secret(rotated.client_id, rotated.client_secret)
    arena.admin.set_state(_of(arena).status["uuid"], "ServiceIssues")


def _heard(arena: Arena) -> bool:
    return conditions(_of(arena).object).get("Connected") == ("False", "ServiceIssues")


def _ask_for_secret(arena: Arena) -> None:
    _of(arena).change(installSecret={"name": "gpu-east-install"})


def _written(arena: Arena) -> bool:
    return conditions(_of(arena).object).get("InstallSecretReady") == ("True", "Written")


_CREATES = frozenset(
    {"patch runaiclusterregistrations", "POST /api/v1/clusters", "patch runaiclusterregistrations/status"}
)
_DELETES = frozenset({"DELETE /api/v1/clusters/{uuid}", "patch runaiclusterregistrations"})
_TOKEN = "POST /api/v2/token"

START = Flow(
    "start", act=_nothing, settled=_ready, before=_register, staffed=False, passes=_CREATES | {_TOKEN, *WATCHES}
)
CREATE = Flow("create", act=_register, settled=_ready, passes=_CREATES, twice=True)
ADOPT = Flow(
    "adopt",
    act=_adopt,
    settled=_ready,
    prepare=_stranger,
    passes=frozenset({"list runaiclusterregistrations", "patch runaiclusterregistrations"}),
)
RENAME = Flow(
    "rename", act=_rename, settled=_renamed, prepare=_known, passes=frozenset({"PUT /api/v1/clusters/{uuid}"})
)
DELETE = Flow("graceful delete", act=_delete, settled=_gone, prepare=_prepare_drain, passes=_DELETES, twice=True)
FORCE = Flow(
    "forced delete",
    act=_delete,
    settled=_gone,
    prepare=partial(_known, deletion={"force": True}),
    passes=_DELETES,
    forced=True,
)
TOKEN = Flow("token refresh", act=_expire, settled=_ready, passes=_CREATES | {_TOKEN})
ROTATION = Flow(
    "secret rotation", act=_rotate, settled=_heard, prepare=_known, passes=frozenset({"get secrets", _TOKEN})
)
INSTALL = Flow(
    "install secret",
    act=_ask_for_secret,
    settled=_written,
    prepare=_known,
    passes=frozenset({"create secrets", "GET /api/v1/clusters/{uuid}/cluster-install-info"}),
)
