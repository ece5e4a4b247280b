"""The command that serves HTTP: serve."""

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import ValidationError

from service.cli.keys import take_first_key
from service.cli.shared import fail, open_tenant, opened_tenants
from service.handlers.jobs import running
from service.http.app import create_app
from service.http.server import serving
from service.settings import Settings
from service.tenants.names import DEFAULT


def serve(*, hosts: Sequence[str], origins: Sequence[str], **given: Any) -> None:
    """Serves with these settings until the process is asked to stop.

    Hosts and origins go with those that are configured otherwise.
    """
    by_default = Settings()
    try:
        settings = Settings(
            hosts=(*by_default.hosts, *hosts), origins=(*by_default.origins, *origins), **given
        )
    except ValidationError as error:
        fail(str(error.errors()[0]["msg"]).removeprefix("Value error, "))
    if not settings.authentication and not _is_loopback(settings.host):
        fail(
            f"{settings.host} is not a loopback address, and no authentication is configured: "
            "anybody who reaches it could bill. Listen on 127.0.0.1, or ask for tokens "
            "(--authentication, BILLING_BACKLOG_AUTHENTICATION=true)."
        )
    with opened_tenants(settings.database) as tenants:
        tenants.on_open(running.recover)
        with ThreadPoolExecutor(1) as beside:  # the routes are made while the database answers
            opening = beside.submit(open_tenant, tenants, DEFAULT)
            app = create_app(tenants, settings)
            opening.result()
        if settings.authentication and settings.bootstrap_key_file:
            take_first_key(tenants, settings.bootstrap_key_file)
        serving.serve(app, settings)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
