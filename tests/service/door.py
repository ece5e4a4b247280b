"""A service that asks who calls, and the tokens of its callers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from service.access.scopes import Scope
from service.handlers import keys
from service.handlers.keys import Lets
from service.http.app import create_app
from service.ledger.group_commit import Context
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.tenants.tenants import AnyTenants

CONTEXT = Context(actor="keeper", correlation_id="keys")
ALL = tuple(Scope)


def guarded(tenants: AnyTenants, **settings: object) -> FastAPI:
    """The service over tenants, which asks who calls; reads wait for the views."""
    return create_app(
        tenants, Settings.model_validate({"authentication": True, "read_wait": 60.0, **settings})
    )


def token(
    tenant: Tenant,
    name: str = "erp",
    scopes: Sequence[Scope] = ALL,
    *,
    contracts: Sequence[str] | None = None,
    customers: Sequence[str] | None = None,
) -> str:
    """The token of a new key, which may be for some contracts or customers alone."""
    lets = Lets(scopes=scopes, contracts=contracts, customers=customers)
    return keys.create_key(tenant, CONTEXT, name, lets)


def bearer(text: str) -> dict[str, str]:
    """The header of a call with a token."""
    return {"Authorization": f"Bearer {text}"}


@asynccontextmanager
async def calling(app: FastAPI, text: str | None = None) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the service with a token, in process; without one, nobody known."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = bearer(text) if text is not None else {}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost/v1", headers=headers
    ) as client:
        yield client
