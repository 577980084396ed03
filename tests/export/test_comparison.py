"""Git against the control plane: what is only on one side, and what differs."""

import json

from hypothesis import given
from hypothesis import strategies as st

from export.clusters import TEXTS, cluster, deleting, owner, registration, uuid
from runai_registrar.controlplane.models import Cluster
from runai_registrar.gitops.comparison import Kind, compare
from runai_registrar.gitops.manifest import Choice, document
from runai_registrar.gitops.reading import read
from runai_registrar.gitops.seen import Seen
from runai_registrar.resources import Registration


def lines(registrations: list[Registration], clusters: list[Cluster], held: dict[str, str] | None = None) -> list[str]:
    """The differences as people read them."""
    return [each.line("Git") for each in compare(registrations, clusters, held or {})]


def test_equal_sides_have_no_difference() -> None:
    """By name, by adopt.uuid or by what a live registration owns: a cluster as asked for is none."""
    clusters = [cluster("gpu-a", 1, domain="gpu-a.example.com", version="2.24"), cluster("b", 2), cluster("c", 3)]
    files = [
        registration("gpu-a", domain="https://gpu-a.example.com/", version="2.24"),
        registration("other", clusterName="b", adopt={"uuid": uuid(2)}),
        registration("c", "platform"),
    ]

    assert lines(files, clusters, {"platform/c": uuid(3)}) == []


def test_only_in_git() -> None:
    """A registration without a cluster says why it has none."""
    clusters = [cluster("twin", 1), cluster("twin", 2), deleting("going", 3)]
    files = [
        registration("gone", "platform"),
        registration("never", adopt={"uuid": uuid(9)}),
        registration("twin"),
        registration("going", adopt={"uuid": uuid(3)}),
    ]

    assert lines(files, clusters)[:4] == [
        f"only in Git: going: its cluster {uuid(3)} is being deleted",
        f"only in Git: never: there is no cluster {uuid(9)}",
        "only in Git: platform/gone: no cluster is named gone",
        "only in Git: twin: several clusters are named twin",
    ]


def test_only_in_the_control_plane() -> None:
    """A live cluster that no registration means is named; one that is being deleted is not."""
    assert lines([], [cluster("gpu", 1), deleting("going", 2)]) == [f"only in the control plane: gpu ({uuid(1)})"]


def test_differing() -> None:
    """Name, domain and version, where the registration says what they should be."""
    seen = cluster("new", 1, domain="https://b.example.com", version="2.25")
    files = [registration("gpu", clusterName="old", domain="https://a.example.com", version="2.24")]

    assert lines(files, [seen], {"/gpu": uuid(1)}) == [
        f"differs: gpu ({uuid(1)}): clusterName is old in Git, new displayed",
        f"differs: gpu ({uuid(1)}): domain is https://a.example.com in Git, https://b.example.com displayed",
        f"differs: gpu ({uuid(1)}): version is 2.24 in Git, 2.25 displayed",
    ]
    assert lines([registration("gpu", adopt={"uuid": uuid(1)}, clusterName="new")], [seen]) == []


def test_a_cluster_has_one_registration() -> None:
    """The second one that means the same cluster is named: a slip of copy and paste."""
    files = [registration(name, adopt={"uuid": uuid(1)}, clusterName="gpu") for name in ("a", "b")]

    assert lines(files, [cluster("gpu", 1)]) == [f"only in Git: b: its cluster {uuid(1)} is that of a"]


def test_a_uuid_goes_before_a_name() -> None:
    """A registration that means a cluster by its uuid gets it, although another one bears the name."""
    files = [registration("gpu"), registration("z", clusterName="gpu", adopt={"uuid": uuid(1)})]

    assert lines(files, [cluster("gpu", 1)]) == ["only in Git: gpu: no cluster is named gpu"]


def test_terminals_are_safe() -> None:
    """Names of others do not move the cursor, nor begin a line of their own."""
    (line,) = lines([], [cluster("a\x1b[2J\nonly in Git: b", 1)])

    assert line.isprintable()


def test_json_has_the_same() -> None:
    """Each kind has its fields, and nothing that is not there."""
    first, second = compare([registration("gone")], [cluster("gpu", 1)], {})

    assert (first.kind, second.kind) == (Kind.ONLY_DECLARED, Kind.ONLY_IN_CONTROL_PLANE)
    assert json.loads(json.dumps(first.to_dict())) == {
        "clusterName": "gone",
        "registration": "gone",
        "note": "no cluster is named gone",
    }
    assert second.to_dict() == {"clusterName": "gpu", "uuid": uuid(1)}


CLUSTERS = st.lists(st.tuples(TEXTS, st.none() | TEXTS, st.none() | TEXTS), max_size=8).map(
    lambda found: tuple(cluster(name, n, domain=d, version=v) for n, (name, d, v) in enumerate(found))
)


@given(CLUSTERS)
def test_an_export_has_no_differences(clusters: tuple[Cluster, ...]) -> None:
    """What was just exported differs in nothing, names that no registration can have aside."""
    seen = Seen("default", clusters)
    names = seen.names()
    text = "---\n".join(document(each, names[each.uuid], Choice()) for each in seen.live)
    found = compare(read(text, "it"), clusters, {})

    assert {each.field for each in found} <= {"clusterName"}
    assert all("no registration can have" in text for _ in found)


def test_what_has_a_registration_is_left_out() -> None:
    """A cluster that is owned, or asked for by uuid, is chosen only where all are; registrations keep their names."""
    live = (
        owner("mine", 1),
        registration("asking", "lab", adopt={"uuid": uuid(2)}),
        owner("gpu-c", 7),
        registration("elsewhere", controlPlaneRef={"name": "other"}, adopt={"uuid": uuid(3)}),
    )
    seen = Seen("default", (cluster("gpu-a", 1), cluster("gpu-b", 2), cluster("gpu-c", 3), deleting("gpu-d", 4)), live)

    assert [each.name for each in seen.chosen((), everything=False)] == ["gpu-c"]
    assert [each.name for each in seen.chosen(("gpu-[ab]",), everything=True)] == ["gpu-a", "gpu-b"]
    assert seen.names() == {uuid(1): "mine", uuid(2): "asking", uuid(3): "gpu-c-00000004"}
