"""The story: what is said, done and expected, step by step. Data only."""

from dataclasses import dataclass

from runai_registrar.demo.acts import Act, Apply, BadPatch, ChangeThere, Configure, Delete, Patch
from runai_registrar.demo.expectations import (
    Expectation,
    deleting,
    every,
    gone,
    in_state,
    left_alone,
    plane_ready,
    registered,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        title: Its headline.
        words: What is done and why, for a person who has never seen the operator.
        act: What is done.
        look: What to look at.
        expects: What must come of it, in this order.
    """

    title: str
    words: str
    act: Act
    look: str
    expects: tuple[Expectation, ...]


CONTROL_PLANE = """\
apiVersion: runai-registrar.io/v1alpha1
kind: RunaiControlPlane
metadata: {name: default}
spec:
  url: $url
  credentialsSecretRef: {name: runai-credentials}
  pollInterval: 1s
"""

GPU_EAST = """\
apiVersion: runai-registrar.io/v1alpha1
kind: RunaiClusterRegistration
metadata: {name: gpu-east}
spec: {}
"""

TWO_MORE = """\
apiVersion: runai-registrar.io/v1alpha1
kind: RunaiClusterRegistration
metadata: {name: gpu-west}
spec: {clusterName: West Coast, domain: "https://west.example.com", version: "2.24.18"}
---
apiVersion: runai-registrar.io/v1alpha1
kind: RunaiClusterRegistration
metadata: {name: legacy}
spec: {adopt: {byName: true}}
"""

STORY = (
    Step(
        "Name a control plane",
        "An administrator says once where the Run:ai control plane is, and which Secret holds its credential. Here it "
        "is a simulated one on this machine, and the Secret is in place.",
        Apply(CONTROL_PLANE),
        "One cluster exists there already. It is nobody's, and nothing will happen to it unasked.",
        (Expectation("the operator has logged in to the control plane and listed its clusters", plane_ready),),
    ),
    Step(
        "Register a cluster",
        "An empty spec is enough: the name of the object becomes the name of the cluster.",
        Apply(GPU_EAST),
        "READY is True though the cluster waits to connect: it is registered, and its chart can now be installed.",
        (
            Expectation("gpu-east is registered", registered("gpu-east", cluster="gpu-east")),
            Expectation("gpu-east is WaitingToConnect on both sides", in_state("gpu-east", "WaitingToConnect")),
        ),
    ),
    Step(
        "Register two more",
        "gpu-west asks for a name, a domain and a version. legacy takes over the cluster that exists already, "
        "instead of making a second one of that name.",
        Apply(TWO_MORE),
        "The cluster that was nobody's keeps its uuid, and is now held by the registration legacy.",
        (
            Expectation("gpu-west is registered as West Coast", registered("gpu-west", cluster="West Coast")),
            Expectation("legacy has adopted its cluster", registered("legacy", cluster="legacy", origin="Adopted")),
        ),
    ),
    Step(
        "The clusters connect",
        "In real life somebody installs the Run:ai chart on each cluster now, and its agent calls home. Here the "
        "simulated control plane is told that clusters connect 3 s after their creation.",
        Configure({"connectAfter": 3}),
        "STATE follows within one poll: 1 s here, 30 s by default. One request serves all clusters.",
        (
            Expectation(
                "all three are Connected on both sides",
                every(*(in_state(name, "Connected") for name in ("gpu-east", "gpu-west", "legacy"))),
            ),
        ),
    ),
    Step(
        "Rename a cluster",
        "The spec is changed, and the operator renames the cluster in the control plane.",
        Patch("gpu-east", {"clusterName": "gpu-berlin"}),
        "CLUSTER changes on both sides; the uuid stays.",
        (Expectation("gpu-east is called gpu-berlin on both sides", registered("gpu-east", cluster="gpu-berlin")),),
    ),
    Step(
        "Drift is corrected",
        "Somebody renames the cluster of gpu-west in the control plane, past Kubernetes.",
        ChangeThere("gpu-west", {"name": "oops"}),
        "For a moment the control plane says oops; with the next poll the operator puts the name back.",
        (Expectation("the cluster is called West Coast again", registered("gpu-west", cluster="West Coast")),),
    ),
    Step(
        "A cluster has a problem",
        "A component that Run:ai needs goes missing on the cluster of gpu-west, and its agent reports that.",
        ChangeThere("gpu-west", {"state": "MissingPrerequisites"}),
        "STATE shows it within one poll. READY stays True: the registration itself is as it should be.",
        (Expectation("gpu-west shows MissingPrerequisites", in_state("gpu-west", "MissingPrerequisites")),),
    ),
    Step(
        "A bad edit is refused",
        "The domain of a registered cluster cannot be changed, because the control plane has no call for it.",
        BadPatch("gpu-west", {"domain": "https://elsewhere.example.com"}),
        "The API server itself says no, in plain words, and nothing is stored. There is no webhook behind it.",
        (Expectation("gpu-west is as it was", registered("gpu-west", cluster="West Coast")),),
    ),
    Step(
        "Delete gracefully",
        "Deleting the object deletes the cluster. The control plane answers 202 and drains it, for 4 s here.",
        Delete("gpu-east"),
        "The object stays, as Deleting, until the control plane has let go: gone means seen to be gone.",
        (
            Expectation("gpu-east is Deleting, and its cluster is draining", deleting("gpu-east")),
            Expectation("gpu-east and its cluster are gone", gone("gpu-east", cluster="gpu-berlin")),
        ),
    ),
    Step(
        "Let an adopted cluster go",
        "The operator did not make the cluster of legacy, so deleting the registration leaves the cluster alone.",
        Delete("legacy"),
        "The registration goes at once; the cluster is nobody's again. (spec.deletion.policy can say otherwise.)",
        (Expectation("legacy is gone, and its cluster still exists", left_alone("legacy", cluster="legacy")),),
    ),
)
"""The whole story, in its order."""
