"""What is shown of a cluster is cut to what an API server takes, and what is unhealthy is cut last."""

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from core.situations import UUID, at, observed, registered, registration
from core.verdicts import READY
from crds.schemas import part
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.mirror import displayed
from runai_registrar.core.report import report
from runai_registrar.mirrored import MAX_ENTRIES, MAX_KEY, MAX_TEXT
from runai_registrar.resources import RegistrationStatus

STATUS = part("RunaiClusterRegistration", "status")
WHOLE = 128 * 1024
HUGE = 32 * 1024
OPERAND = {"ready": False, "reasons": ["r"], "lastTransitionTime": "odd", "unreadyThresholdCrossed": True}


def shown(status: Any, **facts: Any) -> RegistrationStatus:
    """Return the mirrored part of the status of a cluster that displays this."""
    body = {"uuid": UUID, "tenantId": 1001, "name": "gpu-east", "createdAt": "2026-05-01T00:00:00Z", "status": status}
    return RegistrationStatus(**displayed(Cluster.model_validate(body | facts)))


def whole(status: Any, **facts: Any) -> RegistrationStatus:
    """Return the whole status of a registration whose cluster displays this."""
    body = {"uuid": UUID, "tenantId": 1001, "name": "gpu-east", "createdAt": "2026-05-01T00:00:00Z", "status": status}
    shown = Cluster.model_validate(body | facts)
    verdict = replace(READY, message="m" * HUGE, shown=shown)
    return report(observed(registration(status=registered())), verdict)


def test_everything_small_is_shown_as_it_is() -> None:
    """A status of ordinary size gets through whole, unknown words included."""
    status = shown(
        {
            "state": "SomethingNew",
            "platform": {"type": "new", "kubeVersion": "v1.37.2"},
            "config": {"workloadOwnershipProtection": True, "subdomainEnabled": False, "ingressClass": "nginx"},
            "operands": {
                "a": {"ready": False, "reasons": ["r"], "lastTransitionTime": "odd", "unreadyThresholdCrossed": True}
            },
            "dependencies": {
                "required": {"b": {"available": True, "reason": "x", "components": {"c": {"available": False}}}},
                "optional": {"d": {"available": False}},
            },
            "conditions": [{"type": "t", "status": "Odd", "reason": "r", "message": "m", "observedGeneration": 3}],
        },
        domain="https://gpu.example.com",
        version="2.24.18",
        updatedAt="2026-05-02T00:00:00Z",
        lastLiveness="2026-05-03T00:00:00Z",
        deleteRequestedAt="2026-05-04T00:00:00Z",
    )

    assert status.to_dict() == {
        "observedGeneration": -1,
        "uuid": UUID,
        "tenantId": 1001,
        "clusterName": "gpu-east",
        "state": "SomethingNew",
        "domain": "https://gpu.example.com",
        "version": "2.24.18",
        "createdAt": "2026-05-01T00:00:00Z",
        "updatedAt": "2026-05-02T00:00:00Z",
        "lastLiveness": "2026-05-03T00:00:00Z",
        "deleteRequestedAt": "2026-05-04T00:00:00Z",
        "platform": {"type": "new", "kubeVersion": "v1.37.2"},
        "config": {"workloadOwnershipProtection": True, "subdomainEnabled": False, "ingressClass": "nginx"},
        "operands": {
            "a": {"ready": False, "reasons": ["r"], "lastTransitionTime": "odd", "unreadyThresholdCrossed": True}
        },
        "dependencies": {
            "required": {"b": {"available": True, "reason": "x", "components": {"c": {"available": False}}}},
            "optional": {"d": {"available": False}},
        },
        "clusterConditions": [{"type": "t", "status": "Odd", "reason": "r", "message": "m", "observedGeneration": 3}],
    }


@pytest.mark.parametrize("status", [None, {}, {"platform": {}, "config": {}, "dependencies": {}}], ids=str)
def test_nothing_displayed_is_nothing_shown(status: Any) -> None:
    """A cluster without status shows its names and times, and no empty boxes."""
    assert set(shown(status).to_dict()) == {"observedGeneration", "uuid", "tenantId", "clusterName", "createdAt"}


def test_what_vanishes_is_not_kept() -> None:
    """A part that is not displayed any more is not shown any more."""
    before = report(observed(registration()), replace(READY, shown=_cluster({"operands": {"a": {}}})))
    after = report(observed(registration(status=before)), replace(READY, shown=_cluster({"operands": {"b": {}}})))

    assert (set(before.operands), set(after.operands)) == ({"a"}, {"b"})


def _cluster(status: Any) -> Cluster:
    body = {"uuid": UUID, "tenantId": 1001, "name": "gpu-east", "createdAt": at(-60), "status": status}
    return Cluster.model_validate(body)


def test_unhealthy_operands_come_first() -> None:
    """Where not all fit, those that are not ready, or do not say so, stay, in the order of their names."""
    operands: dict[str, Any] = {f"well-{n:03}": {"ready": True} for n in range(300)}
    operands |= {"z-broken": {"ready": False}, "z-silent": {}}
    kept = shown({"operands": operands}).operands

    assert {"z-broken", "z-silent", "well-000"} <= set(kept)
    assert "well-299" not in kept
    assert len(kept) <= MAX_ENTRIES


def test_unavailable_dependencies_come_first() -> None:
    """The same for dependencies and their components, on both levels."""
    many: dict[str, Any] = {f"well-{n:03}": {"available": True} for n in range(300)}
    components = many | {"z-broken": {"available": False}}
    kept = shown({"dependencies": {"required": many | {"z-broken": {"available": False, "components": components}}}})

    assert kept.dependencies is not None
    assert len(kept.dependencies.required) <= MAX_ENTRIES
    assert "z-broken" in kept.dependencies.required["z-broken"].components


def test_conditions_that_are_not_true_come_first_where_there_are_too_many() -> None:
    """A few conditions keep their order; of too many, those that are not True stay."""
    few = [{"type": "a", "status": "True"}, {"type": "b", "status": "False"}]
    many = [{"type": f"well-{n}", "status": "True"} for n in range(300)] + [{"type": "broken", "status": "False"}]

    assert [one.type for one in shown({"conditions": few}).cluster_conditions] == ["a", "b"]
    assert shown({"conditions": many}).cluster_conditions[0].type == "broken"
    assert len(shown({"conditions": many}).cluster_conditions) <= MAX_ENTRIES


def test_a_cut_key_does_not_hide_what_is_unhealthy() -> None:
    """Where two keys are the same once cut, the unhealthy entry is the one that is shown."""
    key = "k" * MAX_KEY
    kept = shown({"operands": {f"{key}-a": {"ready": False}, f"{key}-b": {"ready": True}}}).operands

    assert kept[key].ready is False


def test_only_two_levels_are_shown() -> None:
    """However deep dependencies are nested, two levels of them are shown."""
    deep: dict[str, Any] = {"available": False}
    for _ in range(50):
        deep = {"available": False, "components": {"next": deep}}
    kept = shown({"dependencies": {"required": {"top": deep}}})

    assert kept.to_dict()["dependencies"] == {
        "required": {"top": {"available": False, "components": {"next": {"available": False}}}}
    }


HOSTILE: dict[str, Any] = {
    "operands": {"operands": {f"operand-{n}": {"ready": n % 2 == 0, "reasons": ["m" * HUGE] * 3} for n in range(500)}},
    "many-reasons": {"operands": {"a": {"ready": False, "reasons": ["m" * HUGE] * 1000}}},
    "long-keys": {"operands": {f"{n}" + "k" * 5000: {"ready": True} for n in range(500)}},
    "long-keys-of-wide-letters": {
        "operands": {f"{n:03}" + "\U0001f600" * 5000: {"reasons": ["r"]} for n in range(500)}
    },
    "wide-letters": {"operands": {f"o-{n}": {"reasons": ["\U0001f600" * HUGE] * 4} for n in range(100)}},
    "control-characters": {
        "operands": {f"o-{n}": {"reasons": ["\x01" * HUGE] * 20} for n in range(20)},
        "conditions": [dict.fromkeys(("type", "status", "reason", "message"), "\x01" * HUGE)] * 20,
        "dependencies": {
            kind: {"d": {"reason": "\x01" * HUGE, "components": {"c": {"reason": "\x01" * HUGE}}}}
            for kind in ("required", "optional")
        },
    },
    "conditions": {"conditions": [dict.fromkeys(("type", "status", "reason", "message"), "m" * HUGE)] * 500},
    "dependencies": {
        "dependencies": {
            kind: {
                f"d-{n}": {"reason": "m" * HUGE, "components": {f"c-{m}": {"reason": "m" * HUGE} for m in range(20)}}
                for n in range(20)
            }
            for kind in ("required", "optional")
        }
    },
    "everything-long": {
        "state": "s" * HUGE,
        "platform": {"type": "p" * HUGE, "kubeVersion": "v" * HUGE},
        "config": {"ingressClass": "i" * HUGE},
    },
}
HOSTILE["all-at-once"] = {key: value for status in HOSTILE.values() for key, value in status.items()}


@pytest.mark.case(
    "R-20",
    injected="displays with thousands of huge texts, deep dependencies, control characters",
    outcome="shown as far as it fits, within the CRD",
)
@pytest.mark.case("R-46", injected="displays with thousands of huge texts", outcome="at most 128 KiB are written")
@pytest.mark.parametrize("status", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_status_gets_through(status: Any) -> None:
    """Whatever a cluster displays, the status stays within 128 KiB, within the CRD, and shows what it can."""
    written = whole(status, name="n" * HUGE, domain="d" * HUGE, version="v" * HUGE).to_dict()
    shown_at_all = {"operands", "clusterConditions", "dependencies", "state"} & set(written)

    assert len(json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()) <= WHOLE
    jsonschema.validate(written, STATUS)
    assert shown_at_all


@pytest.mark.parametrize("status", HOSTILE.values(), ids=list(HOSTILE))
def test_keys_and_texts_are_cut(status: Any) -> None:
    """Map keys, which a CRD cannot bound, are cut as texts are."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert max(map(len, value), default=0) <= MAX_KEY
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(item)
        assert not isinstance(value, str) or len(value) <= MAX_TEXT

    check(shown(status).to_dict())


def test_the_same_display_gives_the_same_status() -> None:
    """The order in which entries are displayed makes no difference, not even where some are cut."""
    operands = {f"operand-{n}": {"ready": n % 3 == 0, "reasons": ["m" * 900]} for n in range(300)}
    turned = dict(reversed(operands.items()))

    assert shown({"operands": operands}) == shown({"operands": turned})


def test_a_number_beyond_bounds_does_not_stop_the_rest() -> None:
    """An absurd number in what is only displayed must not make the API server refuse the whole status."""
    kept = shown({"conditions": [{"type": "a", "observedGeneration": 10**30}]}).cluster_conditions[0]

    assert kept.observed_generation is None or kept.observed_generation < 2**63
