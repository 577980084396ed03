"""A name in Kubernetes for each cluster: always the same one, and never that of another registration."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import count

from runai_registrar.controlplane.models import Cluster

LONGEST = 63
"""Characters of a name at most: it becomes a label value (held by the CRD)."""


def label(name: str) -> str:
    """A DNS label (RFC 1123) that resembles a text: letters without accents, digits, and `-` for all the rest."""
    plain = unicodedata.normalize("NFKD", name.casefold()).lower().encode("ascii", "ignore").decode()
    return _cut(re.sub(r"[^a-z0-9]+", "-", plain).strip("-"), LONGEST) or "cluster"


def names(clusters: Iterable[Cluster], known: Mapping[str, str], reserved: Collection[str] = ()) -> dict[str, str]:
    """A name for each cluster, by uuid.

    The names of older clusters stay when younger ones appear: they choose first.

    Args:
        clusters: All of a control plane, so that no choice among them changes a name.
        known: The names of registrations that belong to a cluster, by uuid: used again.
        reserved: The names of all other registrations: not used.
    """
    used, given = set(reserved), dict[str, str]()
    for cluster in sorted(clusters, key=lambda each: (each.uuid not in known, each.created_at, each.uuid)):
        name = next(each for each in _candidates(cluster, known.get(cluster.uuid)) if each not in used)
        used.add(name)
        given[cluster.uuid] = name
    return given


def _candidates(cluster: Cluster, known: str | None) -> Iterator[str]:
    """What a cluster may be called, best first; without an end."""
    if known is not None:
        yield known
    plain = label(cluster.name)
    yield plain
    yield _with(plain, cluster.uuid[:8])
    yield _with(plain, cluster.uuid)
    yield from (_with(plain, str(number)) for number in count(2))


def _with(plain: str, suffix: str) -> str:
    return f"{_cut(plain, LONGEST - len(suffix) - 1)}-{suffix}"


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip("-")
