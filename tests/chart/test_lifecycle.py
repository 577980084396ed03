"""A release of the chart through its life, on a cluster of its own; each test looks at one thing in it.

Both Helms live through the same story. The operator runs as `installation` says: as the chart's service account, with
the rendered arguments.
"""

from collections.abc import Iterator

import pytest

from chart.charts import previous
from chart.rights import refused, unused
from chart.story import PLANE, Story, begin
from kube import Kube
from planes import Simulated


@pytest.fixture(scope="module", params=[3, 4], ids=["helm 3", "helm 4"])
def story(cluster: Kube, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The whole life of a release, told to its end."""
    folder = tmp_path_factory.mktemp("release")
    story, simulator = begin(cluster, request.param, folder), Simulated()
    try:
        story.tell(simulator, previous(folder))
        yield story
    except BaseException:
        story.undo()
        raise
    finally:
        simulator.close()
        story.installation.close()
        story.helm.close()


def test_install_waits_for_the_operator(story: Story) -> None:
    """`helm install --wait` returns when the operator says by /readyz that it is ready."""
    assert "STATUS: deployed" in story.said["install"]
    assert [each.process.returncode for each in story.installation.operators] == [0, 0, 0]


def test_an_upgrade_brings_the_new_crds(story: Story) -> None:
    """What is new in a CRD is there after `helm upgrade`."""
    before, after = story.seen["installed"].columns, story.seen["upgraded"].columns

    assert after[:-1] == before


def test_registrations_live_through_an_upgrade(story: Story) -> None:
    """An upgrade changes nothing in a registration, and nothing in the control plane."""
    before, after = story.seen["installed"], story.seen["upgraded"]

    assert after.registration == before.registration
    assert after.changes == before.changes


def test_control_planes_come_second(story: Story) -> None:
    """A first installation refuses control planes, because the CRDs are not there; the upgrade brings them."""
    assert "ensure CRDs are installed first" in story.said["too early"]
    assert PLANE not in story.seen["installed"].planes
    assert PLANE in story.seen["upgraded"].planes


def test_a_control_plane_that_was_applied_can_be_taken_over(story: Story) -> None:
    """Helm refuses what was applied by hand, as its notes show, until one says `--take-ownership`.

    Helm 4 then makes it what the values say; Helm 3 leaves it as it is, and passes on only what changes afterwards.
    """
    poll_interval = story.seen["upgraded"].planes[PLANE].get("pollInterval")

    assert "cannot be imported into the current release" in story.said["not its own"]
    assert poll_interval == ("1s" if story.helm.major == 4 else None)


def test_uninstall_leaves_nothing_of_the_operator(story: Story) -> None:
    """Of every kind that a release is made of there was something, and all of it is gone."""
    assert story.seen["upgraded"].objects == [
        "clusterrolebindings",
        "clusterroles",
        "deployments",
        "rolebindings",
        "roles",
        "serviceaccounts",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
    ]
    assert story.seen["uninstalled"].objects == []


def test_uninstall_keeps_crds_registrations_and_clusters(story: Story) -> None:
    """What users have made stays as it is, and no cluster is asked to go."""
    before, after = story.seen["upgraded"], story.seen["uninstalled"]

    assert (after.registration, after.columns, after.planes) == (before.registration, before.columns, before.planes)
    assert after.changes == before.changes
    assert "delete_cluster" not in after.changes


def test_a_release_of_another_name_is_refused(story: Story) -> None:
    """The kept CRDs belong to the release that they came with, unless one says `--take-ownership`."""
    assert 'key "meta.helm.sh/release-name" must equal "another"' in story.said["another"]


def test_an_installation_takes_over_what_was_left(story: Story) -> None:
    """Installed again, the operator goes on with the same cluster: renamed, never created a second time."""
    before, after = story.seen["installed"], story.seen["installed again"]

    assert after.registration["status"]["uuid"] == before.registration["status"]["uuid"]
    assert after.changes["create_cluster"] == 1


def test_every_request_is_granted(story: Story) -> None:
    """The API server has refused the operator nothing."""
    assert story.requests
    assert refused(story.requests) == set()


def test_every_right_is_used(story: Story) -> None:
    """Whatever the Roles grant was requested, or has a reason."""
    assert unused(story.rights, story.requests) == set()
