"""All clusters of all tenants, and the rules of their lives. Pure: no clock, no sockets; time is an argument.

Whatever is due (connecting, the end of a drain) is worked out when a cluster is looked at, so that a changed setting
holds at once for the clusters there are, and no work is done for clusters nobody asks about.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from runai_registrar.simulator.cluster import CONNECTED, WAITING, Cluster
from runai_registrar.simulator.settings import Settings


class NameTakenError(Exception):
    """Names are unique, and another cluster of the tenant has this one."""


class World:
    """The clusters, by tenant and uuid, under one set of settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._tenants: dict[int, dict[str, Cluster]] = {}
        self._names: dict[tuple[int, str], set[str]] = {}

    def create(
        self, now: float, tenant: int, name: str, *, domain: str | None, version: str | None, source: str = "api"
    ) -> Cluster:
        """Register a cluster in a tenant.

        Raises:
            NameTakenError: Names are unique and this one is taken.
        """
        self._require_free(now, tenant, name)
        shown = now + self.settings.clock_skew
        cluster = Cluster(tenant, name, self._written_back(domain), version, now, shown, source)
        self._tenants.setdefault(tenant, {})[cluster.uuid] = cluster
        self._names.setdefault((tenant, name), set()).add(cluster.uuid)
        return cluster

    def rename(self, now: float, cluster: Cluster, name: str) -> None:
        """Give a cluster another name.

        Raises:
            NameTakenError: Names are unique and another cluster has this one.
        """
        if name != cluster.name:
            self._require_free(now, cluster.tenant, name)
        self._forget_name(cluster)
        cluster.name = name
        cluster.updated_at = now + self.settings.clock_skew
        self._names.setdefault((cluster.tenant, name), set()).add(cluster.uuid)

    def enter(self, now: float, cluster: Cluster, state: str | None) -> None:
        """Put a cluster into a state for good: it no longer connects by itself."""
        cluster.touched = True
        self._enter(now, cluster, state)

    def delete(self, now: float, cluster: Cluster, *, force: bool) -> bool:
        """Delete a cluster as the API file says; return True when it drains first, False when it is gone."""
        graceful = cluster.deletes_gracefully(if_unknown=self.settings.unknown_version_graceful)
        if force or not graceful:
            self.remove(now, cluster)
            return False
        self.drain(now, cluster)
        return True

    def drain(self, now: float, cluster: Cluster) -> None:
        """Begin a graceful deletion, unless one is under way."""
        if cluster.drain_since is None:
            cluster.drain_since, cluster.delete_requested_at = now, now + self.settings.clock_skew
            cluster.drain_ends = cluster.live_since is not None or not self.settings.drain_needs_agent

    def remove(self, now: float, cluster: Cluster) -> None:
        """Take a cluster away; what is left is shown with deletedAt for as long as the settings say."""
        if cluster.gone_since is None:
            cluster.gone_since, cluster.deleted_at = now, now + self.settings.clock_skew
            self._forget_name(cluster)
        if not self.settings.deleted_visible_for:
            self._tenants[cluster.tenant].pop(cluster.uuid, None)

    def find(self, now: float, tenant: int, uuid: str) -> Cluster | None:
        """Return what a call by uuid sees: a cluster past its lag, or what is left of a deleted one."""
        cluster = self._tenants.get(tenant, {}).get(uuid.lower())
        if cluster is None or not self._refresh(now, cluster) or now - cluster.born < self.settings.get_lag:
            return None
        return cluster

    def listed(self, now: float, tenant: int, *, include_deleting: bool | None) -> Iterator[Cluster]:
        """Yield what a list shows; None stands for a request that does not say."""
        wanted = self.settings.include_deleting_by_default if include_deleting is None else include_deleting
        for cluster in self._present(now, tenant):
            if now - cluster.born < self.settings.list_lag:
                continue
            if cluster.gone_since is not None and not self.settings.deleted_in_lists:
                continue
            if wanted or (cluster.drain_since is None and cluster.gone_since is None):
                yield cluster

    def everything(self, now: float) -> Iterator[Cluster]:
        """Yield every cluster of every tenant that is not gone, lags or not."""
        for tenant in list(self._tenants):
            yield from (cluster for cluster in self._present(now, tenant) if cluster.gone_since is None)

    def by_uuid(self, now: float, uuid: str) -> Cluster | None:
        """Return a cluster of any tenant that is not gone, lags or not."""
        for clusters in self._tenants.values():
            cluster = clusters.get(uuid.lower())
            if cluster and self._refresh(now, cluster) and cluster.gone_since is None:
                return cluster
        return None

    def _present(self, now: float, tenant: int) -> Iterator[Cluster]:
        clusters = list(self._tenants.get(tenant, {}).values())
        return (cluster for cluster in clusters if self._refresh(now, cluster))

    def _refresh(self, now: float, cluster: Cluster) -> bool:
        """Let what is due happen to a cluster; return whether anything of it is left."""
        self._connect_if_due(now, cluster)
        self._end_drain_if_due(now, cluster)
        if cluster.gone_since is None or now - cluster.gone_since < self.settings.deleted_visible_for:
            return True
        self._tenants[cluster.tenant].pop(cluster.uuid, None)
        return False

    def _connect_if_due(self, now: float, cluster: Cluster) -> None:
        after = self.settings.connect_after
        waiting = cluster.state == WAITING and not cluster.touched and cluster.drain_since is None
        if waiting and after is not None and now - cluster.born >= after:
            self._enter(cluster.born + after, cluster, CONNECTED)

    def _end_drain_if_due(self, now: float, cluster: Cluster) -> None:
        began, time = cluster.drain_since, self.settings.drain_time
        if began is None or time is None or cluster.gone_since is not None or not cluster.drain_ends:
            return
        if now - began >= time:
            self.remove(began + time, cluster)

    def _enter(self, now: float, cluster: Cluster, state: str | None) -> None:
        cluster.enter(state, now, self.settings.clock_skew, self.settings.liveness_interval)
        if cluster.reported and cluster.version is None:
            cluster.version = self.settings.agent_version

    def _require_free(self, now: float, tenant: int, name: str) -> None:
        if not self.settings.unique_names:
            return
        for uuid in tuple(self._names.get((tenant, name), ())):
            holder = self._tenants[tenant][uuid]
            if not self._refresh(now, holder) or holder.gone_since is not None:
                continue
            if holder.drain_since is None or self.settings.draining_holds_name:
                raise NameTakenError(name)

    def _forget_name(self, cluster: Cluster) -> None:
        key = (cluster.tenant, cluster.name)
        holders = self._names[key]
        holders.discard(cluster.uuid)
        if not holders:
            del self._names[key]

    def _written_back(self, domain: str | None) -> str | None:
        if domain is None or self.settings.domain_shown == "asGiven":
            return domain
        bare = (urlsplit(domain).netloc or domain) if "://" in domain else domain
        return bare if self.settings.domain_shown == "bare" else f"https://{bare}"
