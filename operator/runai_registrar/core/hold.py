"""Whenever there is a uuid or an attempt, our finalizer is there, and the open attempt is in the annotation.

`kubectl replace` wipes both; putting them back needs no control plane (design 4).
"""

from runai_registrar.core.actions import Hold
from runai_registrar.core.attempt import open_attempt, own_attempt
from runai_registrar.core.claims import written_title
from runai_registrar.core.observed import Observed


def hold(o: Observed) -> Hold | None:
    """Put back what is missing; an object that is being deleted takes no finalizer any more."""
    registration, attempt = o.registration, open_attempt(o)
    if registration.deleting or (attempt is None and written_title(registration) is None):
        return None
    noted = own_attempt(registration)
    durable = attempt is None or noted == attempt
    if registration.held and durable:
        return None
    return Hold(attempt or (o.memory.attempt if noted is None else None))
