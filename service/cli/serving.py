"""The command that serves HTTP: serve."""

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

from opentelemetry.trace import TracerProvider
from pydantic import ValidationError

from service import logs
from service.cli.shared import fail, open_tenant, opened_tenants
from service.handlers.jobs import running
from service.http.app import create_app
from service.http.server import serving
from service.http.watching.metrics import Metrics
from service.settings import Settings
from service.tenants.names import DEFAULT


def serve(
    host: str, port: int, database: str, hosts: Sequence[str], origins: Sequence[str]
) -> None:
    """Serves until the process is asked to stop."""
    if not _is_loopback(host):
        fail(
            f"{host} is not a loopback address, and no authentication is configured: "
            "anybody who reaches it could bill. Listen on 127.0.0.1."
        )
    by_default = Settings()
    try:
        settings = Settings(
            host=host,
            port=port,
            database=database,
            hosts=(*by_default.hosts, *hosts),
            origins=(*by_default.origins, *origins),
        )
    except ValidationError as error:
        fail(str(error.errors()[0]["msg"]).removeprefix("Value error, "))
    logs.configure(settings.log_level, settings.log_format)
    metrics = Metrics()
    with _traced(settings) as traces, opened_tenants(database) as tenants:
        tenants.on_open(metrics.watch)
        tenants.on_open(running.recover)
        with ThreadPoolExecutor(1) as beside:  # the routes are made while the database answers
            opening = beside.submit(open_tenant, tenants, DEFAULT)
            app = create_app(tenants, settings, metrics=metrics, traces=traces)
            opening.result()
        serving.serve(app, settings)


def _traced(settings: Settings) -> AbstractContextManager[TracerProvider | None]:
    """Sends traces for as long as it is open, where they are asked for."""
    if settings.traces is None:
        return nullcontext()
    try:
        from service.watching.exporting import exporting  # noqa: PLC0415
    except ImportError:
        fail(
            "traces are asked for (BILLING_BACKLOG_TRACES), but what sends them is not installed: "
            "install billing-backlog[telemetry]"
        )
    return exporting(settings.traces)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
