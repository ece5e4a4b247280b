"""How tenants stand, found out when somebody asks for figures."""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from projections.history import Unavailable
from projections.views.standing import Standing, standing
from service.databases.pool_use import PoolUse
from service.http import readiness
from service.tenants.tenant import Tenant
from service.wire.problem.problems import Problem

log = logging.getLogger(__name__)
LOOK_SECONDS = 2.0
"""How long the database may take to tell how a tenant stands."""
_UNASKED = {"unavailable", "commit_unconfirmed"}
"""Why a tenant is not ready, where its database is not asked any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a tenant stands; what its database did not tell in time is None."""

    is_ready: bool
    history: int | None = None
    lag_seconds: float = 0.0
    standing: Standing | None = None


class TenantFigures(Collector):
    """Figures of the tenants as they were at the last look."""

    def __init__(self) -> None:
        self._tenants: dict[str, Tenant] = {}
        self._seen: dict[str, Seen] = {}
        self._looking = ThreadPoolExecutor(2, "figures")
        self._looks: dict[str, Future[Seen]] = {}

    def add(self, tenant: Tenant) -> None:
        """Has figures of this tenant, too."""
        self._tenants[tenant.name] = tenant

    async def look(self) -> None:
        """Finds out how all tenants stand; it is done after some seconds, whatever they do."""
        tenants = list(self._tenants.values())
        seen = await asyncio.gather(*(self._look(tenant) for tenant in tenants))
        self._seen = {tenant.name: each for tenant, each in zip(tenants, seen, strict=True)}

    async def _look(self, tenant: Tenant) -> Seen:
        found = await readiness.look(tenant)
        is_ready = not isinstance(found, Problem)
        if not is_ready and found.code in _UNASKED:
            return Seen(is_ready=False)
        known = self._looks.get(tenant.name)
        if known is None or known.done():  # of many who ask at once, one looks
            known = self._looks[tenant.name] = self._looking.submit(_seen, tenant, is_ready)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(known)), LOOK_SECONDS)
        except (TimeoutError, Unavailable):
            return Seen(is_ready=False)
        except Exception:
            # One tenant whose database is damaged does not take the figures of the others away.
            log.exception("how a tenant stands can't be told", extra={"tenant": tenant.name})
            return Seen(is_ready=False)

    def describe(self) -> Iterator[Metric]:
        """The names of all figures, as `collect` has them."""
        yield from _Families().all()

    def collect(self) -> Iterator[Metric]:
        """What was found at the last look. A tenant that did not answer has no old figures."""
        families = _Families()
        pools: set[tuple[str, str]] = set()
        for name, tenant in list(self._tenants.items()):
            if seen := self._seen.get(name):
                families.of_tenant(name, tenant, seen)
            for pool in tenant.pools():
                if (pool.server, pool.name) not in pools:  # tenants of a server share its pools
                    pools.add((pool.server, pool.name))
                    families.of_pool(pool)
        yield from families.all()


class _Families:
    def __init__(self) -> None:
        self._ready = _family("tenant_ready", "1 when /health/ready says so, 0 otherwise.")
        self._history = _family("history_position", "The position of the newest event.")
        self._views = _family("views_position", "The position that the views show.")
        self._lag = _family("projection_lag_positions", "Events that the views don't show yet.")
        self._lag_seconds = _family(
            "projection_lag_seconds", "For how long the oldest of them has been recorded."
        )
        self._parked = _family("parked_events", "Posted events that wait for something.")
        self._obligations = _family(
            "open_obligations", "Work that was recalled or corrected, and is billed still."
        )
        self._jobs = _family("jobs", "Jobs by how they stand.", "tenant", "status")
        self._pool = _family(
            "pool_connections",
            "Connections to the database, used and idle.",
            "server",
            "pool",
            "state",
        )
        self._pool_limit = _family(
            "pool_limit", "Connections that a pool opens at most.", "server", "pool"
        )
        self._pool_waiting = _family(
            "pool_waiting", "Callers that wait for a connection.", "server", "pool"
        )

    def of_tenant(self, name: str, tenant: Tenant, seen: Seen) -> None:
        self._ready.add_metric([name], seen.is_ready)
        if seen.history is None or seen.standing is None:
            return
        shown = tenant.projector.position
        self._history.add_metric([name], seen.history)
        self._views.add_metric([name], shown)
        self._lag.add_metric([name], max(0, seen.history - shown))
        self._lag_seconds.add_metric([name], seen.lag_seconds)
        self._parked.add_metric([name], seen.standing.parked_events)
        self._obligations.add_metric([name], seen.standing.open_obligations)
        for status, count in seen.standing.jobs.items():
            self._jobs.add_metric([name, status], count)

    def of_pool(self, pool: PoolUse) -> None:
        labels = [pool.server, pool.name]
        self._pool.add_metric([*labels, "used"], pool.opened - pool.idle)
        self._pool.add_metric([*labels, "idle"], pool.idle)
        self._pool_limit.add_metric(labels, pool.limit)
        self._pool_waiting.add_metric(labels, pool.waiting)

    def all(self) -> Iterator[Metric]:
        yield from vars(self).values()


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"billing_backlog_{name}", text, labels=labels or ("tenant",))


def _seen(tenant: Tenant, is_ready: bool) -> Seen:
    """How a tenant stands, as its database tells it. Raises Unavailable."""
    history = tenant.ledger.position()
    with tenant.reading() as (views, _):
        stands = standing(views)
    return Seen(
        is_ready=is_ready, history=history, lag_seconds=tenant.lag_seconds(), standing=stands
    )
