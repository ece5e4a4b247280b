"""The service as a browser reaches it, with a sample office in it."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import httpx

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only


@dataclass(frozen=True, slots=True)
class Served:
    """A service on a free port."""

    address: str
    """Where it is: http://127.0.0.1:PORT."""
    tenant: Tenant
    """What it works on, for what a test has to know past HTTP."""
    api: httpx.Client
    """What others do meanwhile: a client of /v1, which waits for its answers; no token is sent."""

    def at(self, path: str = "") -> str:
        """The address of a screen, such as `invoices/INV-1?status=draft`."""
        return f"{self.address}/ui/{path}"


@contextmanager
def serving(database: str, **settings: object) -> Generator[Served]:
    """Serves a database in a thread until the test is through, with these settings."""
    with closing(Tenant(database)) as tenant:
        known = Settings.model_validate({"read_wait": 60.0, **settings})
        with (
            running(create_app(Only(tenant), known), known) as address,
            httpx.Client(base_url=f"{address}/v1", timeout=60) as api,
        ):
            yield Served(address, tenant, api)
