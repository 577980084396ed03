"""A certificate of the past or of another host: nothing is sent, both objects say why, and a good one heals it live."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.certificates import Authority, authority
from operators import Operator
from planes import Reloaded
from runai_registrar.simulator.server import Tls
from stage import Stage, condition

HOST = "127.0.0.1"
FLAWS = {
    "expired": (HOST, -1, "certificate has expired"),
    "another host": ("elsewhere.example.com", 1, "IP address mismatch"),
}
"""For whom a certificate is and for how many days, and what is said of it."""


def issued(ca: Authority, name: str, *, days: int = 1) -> Tls:
    """A certificate of an authority that is trusted, for this host."""
    ca.server(name, days=days)
    return Tls(ca.folder / f"{name}.pem", ca.folder / f"{name}.key")


@pytest.mark.usefixtures("operator")
@pytest.mark.case(
    "R-41",
    injected="a trusted authority's certificate that has expired, or is for another host; then a good one",
    outcome="no request gets there; said on the control plane and on its registration; heals without a restart",
)
@pytest.mark.parametrize("flaw", FLAWS)
def test_a_certificate_that_is_not_good(beside: Callable[..., Stage], tmp_path: Path, flaw: str) -> None:
    """Nothing is sent to whoever shows a certificate of the past or of another host, until it shows a good one."""
    name, days, said = FLAWS[flaw]
    ca = authority(tmp_path / "ca")
    bad = issued(ca, name, days=days)
    shown = Reloaded(bad.certificate, bad.key)
    stage = beside(shown, caBundle=ca.pem)
    made = stage.register()

    for path in (stage.control_plane.path, made.path):
        seen = stage.kube.wait_for(path, lambda seen: said in str(condition(seen, "Ready")), 30, f"saying {said}")
        ready = condition(seen, "Ready") or {}
        assert (ready["status"], ready["reason"]) == ("False", "ControlPlaneUnreachable")
    assert stage.admin.journal() == []

    shown.exchange(issued(ca, HOST))
    made.wait_for("Registered")
    stage.kube.wait_for(
        stage.control_plane.path, lambda seen: (condition(seen, "Ready") or {}).get("reason") == "Reachable", 30, "well"
    )


def test_the_operator_was_not_restarted(operator: Operator) -> None:
    """All of that is the work of one process, which still runs."""
    assert operator.process.poll() is None
