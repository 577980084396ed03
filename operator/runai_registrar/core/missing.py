"""When a cluster that was registered counts as missing (design 4.3): never by one look alone."""

from enum import StrEnum

from runai_registrar.core.actions import ReadCluster
from runai_registrar.core.observed import Observed
from runai_registrar.core.verdicts import settled


class Doubt(StrEnum):
    """Why absence does not count."""

    SHOWN = "shown"  # a list or a GET shows the cluster
    YOUNG = "young"  # the list began before `settle` after its creation


def unproven(o: Observed, uuid: str) -> ReadCluster | Doubt | None:
    """None where a settled list lacks the uuid and a GET made after that list answered 404.

    Otherwise what is still to be asked, or why the cluster is not missing.
    """
    if o.snapshot is None or o.snapshot.shows(uuid):
        return Doubt.SHOWN
    if settled(o) > 0:
        return Doubt.YOUNG
    absent, present = o.reads.absent.get(uuid), o.reads.present.get(uuid)
    if absent and absent.after(o.snapshot.began):
        return None
    if present and present.after(o.snapshot.began):
        return Doubt.SHOWN
    return ReadCluster(uuid)
