"""The command that serves HTTP: serve."""

import ipaddress
from concurrent.futures import ThreadPoolExecutor

from service.cli.options.failing import fail
from service.cli.shared import open_tenant, opened_tenants
from service.handlers.jobs import running
from service.http.app import create_app
from service.http.server import serving
from service.settings import Settings
from service.tenants.names import DEFAULT


def serve(settings: Settings) -> None:
    """Serves until the process is asked to stop."""
    if not _is_loopback(settings.host):
        fail(
            f"{settings.host} is not a loopback address, and no authentication is configured: "
            "anybody who reaches it could bill. Listen on 127.0.0.1."
        )
    with opened_tenants(settings.database, state_cache=settings.state_cache) as tenants:
        tenants.on_open(running.recover)
        with ThreadPoolExecutor(1) as beside:  # the routes are made while the database answers
            opening = beside.submit(open_tenant, tenants, DEFAULT)
            app = create_app(tenants, settings)
            opening.result()
        serving.serve(app, settings)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
