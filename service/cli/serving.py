"""The command that serves HTTP: serve."""

import socket
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext

from opentelemetry.trace import TracerProvider

from service import logs
from service.cli import set_up
from service.cli.keys import first_key_of, take_first_key
from service.cli.options.failing import fail
from service.cli.tenants import open_tenant, opened_tenants
from service.configuration.served import ServedSettings
from service.handlers.jobs import running
from service.http.app import create_app
from service.http.server import serving, workers
from service.http.watching.metrics import Metrics
from service.http.watching.several_processes import counted_together
from service.log_lines import written_beside
from service.settings import Settings
from service.tenants.names import DEFAULT


def serve(settings: ServedSettings) -> None:
    """Serves until the process is asked to stop."""
    if settings.authentication and settings.bootstrap_key_file:
        first_key_of(settings.bootstrap_key_file)  # judged before anything is opened
    logs.configure(settings.log_level, settings.log_format)
    if settings.workers == 1:
        _serve_on(settings, None)
    else:
        _serve_by_processes(settings)


def _serve_by_processes(settings: Settings) -> None:
    """Serves by `workers` processes, once the default tenant's tables are as they have to be."""
    with opened_tenants(settings.database, project=False) as tenants:
        open_tenant(tenants, DEFAULT)
    with closing(serving.listening(settings)) as shared, _counted_together():
        try:
            workers.serve_by_processes(_work, settings, shared)
        except workers.NoWorkers:
            fail("the servers end as soon as they are started: see the log above")


@contextmanager
def _counted_together() -> Generator[None]:
    """As `several_processes.counted_together`; ends the command where there is no place for it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(counted_together())
        except OSError as error:
            fail(f"there is no place for the figures of several processes (TMPDIR): {error}")
        yield


def _work(settings: Settings, sockets: list[socket.socket]) -> None:
    """What each of several processes does: it is set up as the command itself."""
    set_up()
    logs.configure(settings.log_level, settings.log_format)
    _serve_on(settings, sockets)


def _serve_on(settings: Settings, sockets: list[socket.socket] | None) -> None:
    metrics, memory = Metrics(), settings.state_cache
    with (
        written_beside(),
        _traced(settings) as traces,
        opened_tenants(settings.database, state_cache=memory) as tenants,
    ):
        tenants.on_open(metrics.watch)
        tenants.on_open(running.recover)
        with ThreadPoolExecutor(1) as beside:  # the routes are made while the database answers
            opening = beside.submit(open_tenant, tenants, DEFAULT)
            app = create_app(tenants, settings, metrics=metrics, traces=traces)
            opening.result()
        if settings.authentication and settings.bootstrap_key_file:
            take_first_key(tenants, settings.bootstrap_key_file)
        serving.serve(app, settings, sockets=sockets)


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
