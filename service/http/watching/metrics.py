"""The figures of a process, or of several behind one port, in a registry of their own.

No label has an id or a text of a caller: routes are templates, tenants are made by the operator.
"""

import platform
from collections.abc import Mapping
from importlib import metadata

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.multiprocess import MultiProcessCollector

from service.http.watching.several_processes import is_one_of_several
from service.http.watching.tenants import TenantFigures
from service.tenants.tenant import Tenant
from service.watching.asked import Asked
from service.watching.watch import Outcome, Watch

NO_ROUTE = "none"
"""The route of requests to paths that nothing is served at."""
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GROUPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

disable_created_metrics()  # a series more for each of them, which nobody asks for


class Metrics:
    """What a process has done since its start, and how its tenants stand.

    Of several behind one port (`several_processes`), each tells what all of them have done.
    """

    def __init__(self) -> None:
        told = self.registry = CollectorRegistry()
        build = Info("billing_backlog_build", "What runs here.", registry=told)
        build.info(
            {
                "version": metadata.version("billing-backlog"),
                "python": platform.python_version(),
            }
        )
        registry: CollectorRegistry | None = told
        if (
            is_one_of_several()
        ):  # what is counted is told from the files of all, and only from there
            MultiProcessCollector(told)
            registry = None
        else:
            ProcessCollector(registry=told)
        self._requests = Counter(
            "billing_backlog_http_requests",
            "Requests that were answered: ok, refused (4xx), failed (5xx), or cut off before.",
            ["method", "route", "outcome"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "billing_backlog_http_request_seconds",
            "Seconds from the head of a request until its answer begins.",
            ["method", "route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.in_progress = Gauge(
            "billing_backlog_http_requests_in_progress",
            "Requests at work; those that listen to the stream are among them.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._answered: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        """What a request is counted in: looking it up anew takes as long as counting."""
        self.of_work = _OfWork(registry)
        self.tenants = TenantFigures()
        told.register(self.tenants)

    def watch(self, tenant: Tenant) -> None:
        """Has figures of this tenant, too, from now on."""
        self.tenants.add(tenant)
        tenant.watched_by(_TenantWatch(self.of_work, tenant.name))

    def answered(self, asked: Asked, status: int | None, seconds: float) -> None:
        """A request was answered after so long; without a status it was cut off before."""
        key = asked.method, asked.route or NO_ROUTE, _outcome(status)
        found = self._answered.get(key)
        if found is None:
            of_route = self._request_seconds.labels(*key[:2])
            found = self._answered[key] = self._requests.labels(*key), of_route
        found[0].inc()
        if status is not None:
            found[1].observe(seconds)


def _outcome(status: int | None) -> str:
    if status is None:
        return "cut_off"
    return "ok" if status < 400 else "refused" if status < 500 else "failed"


class _OfWork:
    """What tenants tell of their work."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self.commands = Counter(
            "billing_backlog_commands",
            "Commands by their kind, and by what they came to.",
            ["tenant", "kind", "outcome"],
            registry=registry,
        )
        self.conflicts = Counter(
            "billing_backlog_conflicts",
            "Times that another writer was faster.",
            ["tenant"],
            registry=registry,
        )
        self.retries = Counter(
            "billing_backlog_command_retries",
            "Commands that were decided again, for another writer was faster.",
            ["tenant"],
            registry=registry,
        )
        self.group_commands = Histogram(
            "billing_backlog_group_commands",
            "Commands that were saved in one transaction.",
            ["tenant"],
            buckets=GROUPS,
            registry=registry,
        )
        self.append_seconds = Histogram(
            "billing_backlog_append_seconds",
            "Seconds that the database took to save a group of commands.",
            ["tenant"],
            buckets=SECONDS,
            registry=registry,
        )
        self.intake = Counter(
            "billing_backlog_intake_events",
            "Events that were posted, by what they came to.",
            ["tenant", "outcome"],
            registry=registry,
        )
        self.page_seconds = Histogram(
            "billing_backlog_projection_page_seconds",
            "Seconds that the views took to take in a page of events.",
            ["tenant"],
            buckets=SECONDS,
            registry=registry,
        )


class _TenantWatch(Watch):
    """Counts what one tenant tells."""

    def __init__(self, figures: _OfWork, tenant: str) -> None:
        self._commands, self._intake, self._tenant = figures.commands, figures.intake, tenant
        # Looked up once; from the first moment on they are there, with nothing counted.
        self._conflicts = figures.conflicts.labels(tenant)
        self._retries = figures.retries.labels(tenant)
        self._group_commands = figures.group_commands.labels(tenant)
        self._append_seconds = figures.append_seconds.labels(tenant)
        self._page_seconds = figures.page_seconds.labels(tenant)

    def decided(self, kind: str, outcome: Outcome) -> None:
        self._commands.labels(self._tenant, kind, outcome).inc()

    def saved(self, commands: int, seconds: float) -> None:
        self._group_commands.observe(commands)
        self._append_seconds.observe(seconds)

    def overtaken(self, commands: int) -> None:
        self._conflicts.inc()
        self._retries.inc(commands)

    def taken_in(self, outcomes: Mapping[str, int]) -> None:
        for outcome, count in outcomes.items():
            self._intake.labels(self._tenant, outcome).inc(count)

    def projected(self, seconds: float) -> None:
        self._page_seconds.observe(seconds)
