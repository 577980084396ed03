"""One performance: the stage is opened, the story played and, if asked for, everything left to the user for a while."""

import shlex
import time
from collections.abc import Sequence
from contextlib import suppress

from runai_registrar.demo.director import play, watch
from runai_registrar.demo.stage import Stage, open_stage
from runai_registrar.demo.stopping import Stopped
from runai_registrar.demo.story import STORY, Step
from runai_registrar.demo.view import View, counts_line

_WHILE = 1.0


def perform(view: View, *, keep: bool = False, story: Sequence[Step] = STORY) -> None:
    """Play the story, and stop everything; with `keep` not before somebody asks to (Ctrl-C).

    Raises:
        DemoFailedError: The story did not go as told.
        ApiServerError: The API server cannot be had.
        Stopped: Somebody asked to stop before the end of the story.
    """
    start = time.monotonic()
    with open_stage(view.say) as stage:
        play(story, stage, view)
        took = time.monotonic() - start
        view.end(
            [
                f"That was it: {len(story)} steps in {took:.0f} s.",
                f"The control plane was asked: {counts_line(stage.calls())}.",
            ]
        )
        if keep:
            _leave_to_user(stage, view)


def _leave_to_user(stage: Stage, view: View) -> None:
    """Show what the user does now, until Ctrl-C."""
    with suppress(Stopped):
        view.end(invitation(stage))
        while True:
            watch(stage, view, _WHILE)


def invitation(stage: Stage) -> list[str]:
    """What a user needs to play with what runs, and some things to try."""
    west = next((row.uuid for row in stage.look().rows if row.name == "gpu-west"), "UUID")
    return [
        "Everything stays up until Ctrl-C. In another terminal:",
        f"  export KUBECONFIG={shlex.quote(str(stage.kubeconfig))}",
        "  kubectl get runai -A -o wide",
        "  kubectl explain rcr.spec",
        f"  tail -f {shlex.quote(str(stage.operator.log))}",
        "Register another cluster; it connects 3 s later:",
        "  kubectl create -f - <<'EOF'",
        "  apiVersion: runai-registrar.io/v1alpha1",
        "  kind: RunaiClusterRegistration",
        "  metadata: {name: mine}",
        "  spec: {}",
        "  EOF",
        "  kubectl wait rcr/mine --for=condition=Connected",
        "Behind the operator's back: look, rename, take away, refuse five calls, lose the answer to a creation:",
        f"  export ADMIN={stage.admin_url}",
        "  curl $ADMIN/clusters",
        f'  curl -X PATCH -d \'{{"name": "oops"}}\' $ADMIN/clusters/{west}',
        f"  curl -X DELETE $ADMIN/clusters/{west}",
        '  curl -X POST -d \'{"fault": "refuse", "times": 5}\' $ADMIN/faults',
        '  curl -X POST -d \'{"fault": "cut-after-commit", "operation": "create_cluster"}\' $ADMIN/faults',
        f"The control plane is {stage.url}, its admin port {stage.admin_url}.",
    ]
