"""One tenant makes very many registrations, or edits one all the time: the others are served as if there were few.

Counted by order, not by time: namespaces take turns in `engine/queue.py`. Three hundred registrations; a thousand with
`RUNAI_REGISTRAR_TEST_LONG=1`.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import yaml

from faults.arena import Arena, FaultyHouse
from faults.ring import LONG, wait_all_ready
from faults.vocabulary import POST, WRITE_1, WRITE_2
from kube import REPOSITORY, Kube, KubeError
from operators import until
from planes import API, custom
from stage import Registration, conditions

MANY = 1000 if LONG else 300
FEW = 3
RATE = 20
"""Requests a second to the control plane, as shipped; the crowd waits for its turns."""
WORKERS = 16
NEXT = WORKERS + 2 * FEW + RATE
"""Among so many of the next POSTs are those of the few: behind what is begun already, with a second to spare."""
EDITS = 200
"""Edits of each registration at least, before and while the others register."""


def elsewhere(arena: Arena, namespace: str) -> Registration:
    """A new registration in another namespace, on the control plane of the arena."""
    made = arena.stage.known(f"few-{len(arena.registrations())}")
    made.path = made.path.replace(arena.house.namespace, namespace)
    manifest = arena.stage.manifest(made.name)
    manifest["metadata"]["namespace"] = namespace
    arena.house.kube.create(made.path.rpartition("/")[0], manifest)
    return made


def asked(arena: Arena, since: int = 0) -> list[str]:
    """The names for which clusters were asked, in order, after entry number `since` of the control plane's journal."""
    return [json.loads(call.body)["name"] for call in arena.stage.calls("create_cluster", since=since)]


def ready(arena: Arena) -> int:
    """How many registrations are Ready."""
    return sum(conditions(seen).get("Ready") == ("True", "Registered") for seen in arena.registrations())


@pytest.mark.case(
    "S-09",
    injected="300 registrations of one namespace wait for a control plane with 20 requests a second; 3 of another come",
    outcome="theirs are among the next POSTs, not after all others; one POST each",
)
def test_a_crowd_waits_for_itself_alone(arena: Arena, namespace: str, faulty_house: FaultyHouse) -> None:
    """Registrations of another namespace have their turn at once, however many of one wait already."""
    arena.control_plane.change(requestsPerSecond=RATE)
    for number in range(MANY):
        arena.stage.register(f"crowd-{number}")
    with arena.operator(NAMESPACES=f"{faulty_house.namespace},{namespace}", WORKERS=str(WORKERS)):
        until(lambda: len(asked(arena)) > 0, "the first POST")
        few = [elsewhere(arena, namespace) for _ in range(FEW)]
        since, before = arena.stage.moment(), asked(arena)
        wait_all_ready(few)
        waiting = MANY + FEW - len(before)
        following = asked(arena, since)
        arena.control_plane.change(requestsPerSecond=500)
        until(lambda: ready(arena) == MANY + FEW, "all of them Ready", 120)
        arena.wait_quiet()

    assert waiting > 2 * NEXT
    assert {each.name for each in few} <= {*before, *following[:NEXT]}
    assert len(asked(arena)) == len(set(asked(arena))) == MANY + FEW
    arena.judge()


@contextmanager
def edited(change: Callable[[int], object]) -> Iterator[list[int]]:
    """Make a change again and again while the block runs; the numbers of those that were made, from 1."""
    made: list[int] = []
    enough = threading.Event()

    def edit() -> None:
        """Change, and change again."""
        while not enough.wait(0.005):
            change(len(made) + 1)
            made.append(len(made) + 1)

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        yield made
    finally:
        enough.set()
        thread.join()


@pytest.mark.case(
    "S-09",
    injected="one registration is edited a hundred times a second, another one labelled; there is one worker",
    outcome="20 others become Ready meanwhile; at most one status for each edit, none for labels; it ends Ready",
)
def test_one_that_is_edited_all_the_time(arena: Arena) -> None:
    """What changes whenever it is worked on keeps no other one waiting, and costs at most one status for an edit."""
    with arena.operator(WORKERS="1"):
        busy, labelled = arena.stage.registered(), arena.stage.registered()
        arena.wait_quiet()
        since = arena.journal.moment

        def label(number: int) -> None:
            """Set a label that nobody looks at."""
            arena.house.kube.patch(labelled.path, {"metadata": {"labels": {"edit": str(number)}}})

        with edited(lambda number: busy.change(version=f"2.24.{number}")) as edits, edited(label) as labels:
            until(lambda: len(edits) > EDITS // 2, "half of the edits")
            others = [arena.stage.register() for _ in range(20)]
            wait_all_ready(others)
            until(lambda: min(len(edits), len(labels)) >= EDITS, "the other half")
        busy.wait_ready()
        arena.wait_quiet()

    calls = arena.journal.calls(since=since)
    tried = [call for call in calls if WRITE_2(call) and call.name == busy.name]
    assert 1 <= sum(call.status == 200 for call in tried) <= len(edits)
    assert len(tried) <= 2 * len(edits)
    assert [call for call in calls if WRITE_1(call) and call.name == busy.name] == []
    assert [call for call in calls if call.is_write and call.name == labelled.name] == []
    assert len([call for call in calls if POST(call)]) == len(others)
    arena.judge()


@pytest.mark.case(
    "S-09",
    injected="a namespace has as many registrations as its ResourceQuota allows, and makes one more",
    outcome="the API server refuses it",
)
def test_a_quota_bounds_a_namespace(kube: Kube, namespace: str) -> None:
    """The ResourceQuota of the administrators' page counts registrations: one too many is refused."""
    page = (REPOSITORY / "docs" / "control-planes.md").read_text()
    shown = re.findall(r"^```yaml\n(apiVersion: v1\nkind: ResourceQuota\n.*?)^```", page, re.DOTALL | re.MULTILINE)
    quota = yaml.safe_load(shown[0])
    (counted,) = quota["spec"]["hard"]
    quota["spec"]["hard"] = {counted: "2"}
    kube.apply(yaml.safe_dump(quota), namespace)
    place = f"/api/v1/namespaces/{namespace}/resourcequotas/{quota['metadata']['name']}"
    counts = {"hard": {counted: "2"}, "used": {counted: "0"}}
    kube.patch(f"{place}/status", {"status": counts})  # as the quota controller would
    registrations = f"{API}/namespaces/{namespace}/runaiclusterregistrations"

    def known() -> bool:
        try:
            kube.create(registrations, custom("RunaiClusterRegistration", "gpu-0", {}))
        except KubeError as error:
            if "status unknown for quota" not in error.message:
                raise
            return False
        return True

    until(known, "the counts of the quota with the API server")
    kube.create(registrations, custom("RunaiClusterRegistration", "gpu-1", {}))

    with pytest.raises(KubeError, match="exceeded quota: registrations") as refused:
        kube.create(registrations, custom("RunaiClusterRegistration", "gpu-2", {}))
    assert refused.value.code == 403
