"""Four control planes at once: plain, by TLS with an own CA, and either of them behind a forward proxy.

Those behind the proxy have host names that only the proxy can resolve: nothing gets there by another way. Proxies in
the operator's environment point at somebody else.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controlplane.certificates import Authority, authority
from faults.decoy import Decoy
from forward_proxy import ForwardProxy
from operators import House, Operator, until
from planes import ControlPlane, Simulated
from runai_registrar.simulator.server import Tls
from stage import LONG_AFTER, Stage, condition

KINDS = ("plain", "tls", "proxy", "tunnel")
NAMES = {"proxy": "plain.invalid", "tunnel": "tls.invalid"}
"""Hosts that the proxy alone knows."""
CHANGES = {"create_cluster": 3, "updateCluster": 1, "delete_cluster": 1}


@pytest.fixture(scope="module")
def decoy() -> Iterator[Decoy]:
    """What the proxies of the operator's environment lead to."""
    with Decoy() as decoy:
        yield decoy


@pytest.fixture(scope="module")
def operator(house: House, decoy: Decoy) -> Iterator[Operator]:
    """An operator whose environment names proxies; the tests' own environment stays as it was."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            environment.setenv(name, decoy.url)
            environment.setenv(name.lower(), decoy.url)
        for name in ("NO_PROXY", "no_proxy"):
            environment.delenv(name, raising=False)
        started = house.operator()
    with started as operator:
        yield operator


@pytest.fixture(scope="module")
def proxy() -> Iterator[ForwardProxy]:
    """The forward proxy."""
    with ForwardProxy(dict.fromkeys(NAMES.values(), "127.0.0.1")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private CA with certificates for the servers that speak TLS."""
    made = authority(tmp_path_factory.mktemp("tls") / "ca")
    for name in ("127.0.0.1", NAMES["tunnel"]):
        made.server(name)
    return made


def tls(ca: Authority, kind: str) -> Tls | None:
    """The certificate of a control plane of this kind."""
    name = {"tls": "127.0.0.1", "tunnel": NAMES["tunnel"]}.get(kind)
    return Tls(ca.folder / Path(f"{name}.pem"), ca.folder / Path(f"{name}.key")) if name else None


@pytest.fixture
def planes(house: House, operator: Operator, proxy: ForwardProxy, ca: Authority) -> Iterator[dict[str, Stage]]:
    """A stage on a control plane of each kind; the operator has not complained afterwards."""
    stages = {}
    for kind in KINDS:
        simulator = Simulated(tls(ca, kind))
        plane = ControlPlane(house, simulator).create_secret()
        spec: dict[str, Any] = {"caBundle": ca.pem} if kind in ("tls", "tunnel") else {}
        if kind in NAMES:
            url = simulator.url.replace("127.0.0.1", NAMES[kind])
            spec |= {"url": url, "proxyUrl": proxy.url, "allowInsecureTransport": kind == "proxy"}
        stages[kind] = Stage(house, simulator, plane.create(**spec))
    yield stages
    for stage in stages.values():
        stage.clear()
        stage.control_plane.remove()
        stage.simulator.close()
    assert operator.complaints() == []


def reason(stage: Stage) -> str:
    """The reason of Ready of a control plane."""
    return str((condition(stage.kube.get(stage.control_plane.path), "Ready") or {}).get("reason"))


def heard(stage: Stage) -> str:
    """Everything that a control plane was ever sent."""
    return "\n".join(f"{call.headers} {call.query} {call.body}" for call in stage.admin.journal())


@pytest.mark.case(
    "S-15",
    injected="HTTP(S)_PROXY and ALL_PROXY point at somebody else; four control planes, two of them with a proxyUrl",
    outcome="each is reached the way its object says, and no other",
)
def test_each_is_reached_as_its_object_says(planes: dict[str, Stage], proxy: ForwardProxy, decoy: Decoy) -> None:
    """The same names on four control planes are registered, renamed and deleted, each on its own and by its own way."""
    made = {kind: [stage.register(clusterName=name) for name in ("a", "b", "c")] for kind, stage in planes.items()}
    each = [one for ones in made.values() for one in ones]
    uuids = {one.wait_ready()["status"]["uuid"] for one in each}
    for kind, stage in planes.items():
        assert names(stage) == ["a", "b", "c"]
        made[kind][0].change(clusterName="A")
        stage.admin.advance(LONG_AFTER)
        made[kind][1].delete()
    for ones in made.values():
        ones[0].wait(lambda seen: seen["status"].get("clusterName") == "A", "renamed")
        ones[1].wait_gone()

    assert len(uuids) == len(each)
    assert [names(stage) for stage in planes.values()] == [["A", "c"]] * len(KINDS)
    assert [stage.changes() for stage in planes.values()] == [CHANGES] * len(KINDS)
    got = Counter(call.method for call in planes["proxy"].admin.journal())
    assert got <= Counter(method for method, _ in proxy.requests)
    assert {origin.rpartition(":")[0] for _, origin in proxy.requests} == {f"http://{NAMES['proxy']}"}
    assert {authority.rpartition(":")[0] for authority in proxy.tunnels} == {NAMES["tunnel"]}
    assert decoy.heard == []


def names(stage: Stage) -> list[str]:
    """The names of all clusters of a control plane."""
    return sorted(cluster.name for cluster in stage.admin.clusters())


@pytest.mark.usefixtures("decoy")
def test_a_credential_goes_to_its_own_control_plane_alone(planes: dict[str, Stage], proxy: ForwardProxy) -> None:
    """No control plane is sent the secret or a token of another one, and a tunnel shows the proxy neither."""
    for stage in planes.values():
        stage.registered()
    secrets = {kind: stage.simulator.client_secret for kind, stage in planes.items()}
    got = {kind: heard(stage) for kind, stage in planes.items()}

    assert {(at, of) for at in KINDS for of in KINDS if secrets[of] in got[at]} == {(kind, kind) for kind in KINDS}
    assert secrets["proxy"].encode() in proxy.seen
    assert secrets["tunnel"].encode() not in proxy.seen


def test_without_its_proxy_nothing_gets_through(planes: dict[str, Stage], proxy: ForwardProxy, decoy: Decoy) -> None:
    """Without proxyUrl a control plane behind one is away, for no other way is tried; with it all goes on."""
    kept = {kind: planes[kind].registered() for kind in NAMES}
    for kind in NAMES:
        planes[kind].control_plane.change(proxyUrl=None)
    until(lambda: {reason(planes[kind]) for kind in NAMES} == {"ControlPlaneUnreachable"}, "both of them away")
    before = {kind: planes[kind].moment() for kind in NAMES}
    late = {kind: planes[kind].register() for kind in NAMES}
    for one in late.values():
        one.wait_for("ControlPlaneUnreachable")
    planes["plain"].wait_polls()
    planes["tls"].registered()

    assert {kind: planes[kind].moment() for kind in NAMES} == before
    for kind in NAMES:
        planes[kind].control_plane.change(proxyUrl=proxy.url)
    for one in (*late.values(), *kept.values()):
        one.wait_for("Registered")
    assert decoy.heard == []
