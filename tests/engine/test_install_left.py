"""The install Secret of a cluster that is left behind: it loses its owner first, and never holds up the release."""

import logging

import pytest

from core.situations import UID, at
from engine.test_install import ASKED, Shop, held
from runai_registrar.engine.install import TRIES
from runai_registrar.errors import Absent, KubernetesError, Terminating
from runai_registrar.resources import FINALIZER, RegistrationSpec

ORPHAN = ASKED | {"deletion": {"policy": "Orphan"}}


async def furnished() -> Shop:
    """A registration with its install Secret, of which the process has just started again."""
    shop = Shop(held())
    await shop.reconcile()
    shop.server.writes.clear()
    shop.start()
    return shop


def let_go(shop: Shop, *, orphan: bool = True) -> None:
    """Delete the registration; its cluster stays, or goes."""
    stored = shop.server.stored[UID]
    version = str(int(stored.metadata.resource_version) + 1)
    change = {"deletion_timestamp": at(-1), "generation": 2, "resource_version": version}
    spec = RegistrationSpec.model_validate(ORPHAN if orphan else ASKED)
    metadata = stored.metadata.model_copy(update=change)
    shop.server.stored[UID] = stored.model_copy(update={"metadata": metadata, "spec": spec})
    shop.world.take_in(shop.server.stored[UID])


def owners(shop: Shop) -> list[str]:
    """The owners of the Secret."""
    return [each["uid"] for each in shop.server.secrets["install"]["metadata"]["ownerReferences"]]


def released(shop: Shop) -> bool:
    """Whether our finalizer is gone."""
    return FINALIZER not in shop.server.stored[UID].metadata.finalizers


async def test_it_loses_its_owner_before_the_release() -> None:
    """Two writes, in this order, and no question to the control plane."""
    shop = await furnished()
    called = len(shop.plane.called)
    let_go(shop)
    await shop.reconcile()

    assert shop.server.writes == ["secret", "metadata"]
    assert owners(shop) == []
    assert released(shop)
    assert len(shop.plane.called) == called


async def test_one_that_goes_with_its_cluster_keeps_its_owner() -> None:
    """Under Delete the Secret is neither read nor written."""
    shop = await furnished()
    shop.server.refuses = KubernetesError("It must not be asked for.", status=500)
    let_go(shop, orphan=False)
    await shop.reconcile()

    assert "secret" not in shop.server.writes


@pytest.mark.parametrize(
    "error",
    [
        KubernetesError("Forbidden.", status=403),
        KubernetesError("Invalid.", status=422),
        Terminating("The namespace is being deleted.", status=403),
    ],
    ids=["forbidden", "refused", "namespace-terminating"],
)
async def test_a_refusal_holds_up_no_release(error: KubernetesError, caplog: pytest.LogCaptureFixture) -> None:
    """Where the Secret may not be looked at the registration is released at once, and the log says what of it."""
    shop = await furnished()
    shop.server.refuses = error
    let_go(shop)
    with caplog.at_level(logging.WARNING):
        await shop.reconcile()

    assert released(shop)
    assert f"the install Secret install cannot be freed, so it goes with the registration if that owns it: {error}" in (
        caplog.text
    )


async def test_a_secret_that_is_gone_holds_up_no_release() -> None:
    """Where there is none, nothing is written but the release."""
    shop = await furnished()
    shop.server.refuses = Absent("There is none.", status=404)
    let_go(shop)
    await shop.reconcile()

    assert shop.server.writes == ["metadata"]


async def test_an_unclear_answer_is_tried_again() -> None:
    """A write without an answer is repeated: nobody knows whether it took effect."""
    shop = await furnished()
    shop.server.breaks = 0
    let_go(shop)
    with pytest.raises(KubernetesError):
        await shop.reconcile()
    assert not released(shop)
    await shop.reconcile()

    assert owners(shop) == []
    assert released(shop)


@pytest.mark.parametrize("status", [None, 429, 500])
async def test_an_unclear_answer_holds_up_no_release_for_ever(status: int | None) -> None:
    """After a few tries the registration is released all the same."""
    shop = await furnished()
    shop.server.refuses = KubernetesError("Later.", status=status)
    let_go(shop)
    for _ in range(TRIES - 1):
        with pytest.raises(KubernetesError):
            await shop.reconcile()
        assert not released(shop)
    await shop.reconcile()

    assert released(shop)
