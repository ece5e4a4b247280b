"""A walk around the house: every route, with every scope, without any, with bad tokens."""

import asyncio
import sys
from collections.abc import Generator, Mapping
from contextlib import closing
from itertools import product
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Route

from service.access.principals import KEEPS_TO_NOTHING, Keeps, Scope
from service.access.tokens import new_token
from service.http.app import create_app
from service.http.guard import OPEN, asked_of
from service.http.routers.routes import Routes
from service.http.ui.assets import shipped
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from tests.databases import Only
from tests.office import contract_body, line_body
from tests.postgres import PostgresServer
from tests.service import door
from tests.service.door import bearer, calling, guarded, token
from tests.service.http_caller import problem
from tests.service.signing_in import COOKIE, browsing

OF_THE_DOCUMENT = {"/docs", "/docs/oauth2-redirect", "/openapi.json"}
OF_THE_INTERFACE = {
    "/",
    "/ui",
    "/ui/assets/{digest}/{path:path}",
    "/ui/{path:path}",
    "/ui/session",
    "/ui/sign-in",
    "/ui/signed-in",
}
SIGNING_IN = ("POST", "/ui/session")
"""What is open, and refuses who shows nothing."""
OPEN_PATHS = {
    "/health/live",
    "/health/ready",
    "/problems/{code}",
    *OF_THE_DOCUMENT,
    *OF_THE_INTERFACE,
}
"""The only routes that ask for nothing. A new one is a decision, not an oversight."""
ENDLESS_SECONDS = 5.0
"""How long the walk listens to a stream that is open: as it has no end, that is the answer."""
SECRET = "Harbour secret"
"""A name that only one tenant has."""
KNOWN = {
    "contract_id": "PC-1",
    "line_id": "DESIGN",
    "code": "nte-failed",
    "digest": shipped().digest,
    "path": "main.js",
}
"""What parameters of paths are in the walk; all others name nothing."""


def routes(app: FastAPI) -> list[tuple[str, str, tuple[str, ...]]]:
    """Every method and path, with the scopes of which one is needed; none where it is open."""
    return [
        (method, route.path, tuple(asking.scopes if asking else ()))
        for route in app.routes
        if isinstance(route, Route)
        for asking in [asked_of(route.dependencies) if isinstance(route, APIRoute) else None]
        for method in sorted(route.methods or ())
    ]


def holes(app: FastAPI) -> list[str]:
    """The routes that anybody may use, and should not."""
    return [
        f"{method} {path}"
        for method, path, asked in routes(app)
        if not asked and path not in OPEN_PATHS
    ]


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


async def call(http: httpx.AsyncClient, method: str, path: str, **headers: str) -> httpx.Response:
    """The answer to a call; 200 where it has no end, as that of a stream that is open."""
    path = path.replace(":path}", "}")
    names = {name: KNOWN.get(name, "nothing") for name in _names(path)}
    url = f"http://localhost{path.format(**names)}"
    body: dict[str, str] | None = {} if method in {"POST", "PUT", "PATCH"} else None
    asked = http.request(method, url, headers=headers, json=body)
    if not path.endswith("/stream"):
        return await asked
    try:
        return await asyncio.wait_for(asked, ENDLESS_SECONDS)
    except TimeoutError:
        return httpx.Response(200)


@pytest.fixture
def one_tenant(tmp_path: Path) -> Generator[Tenant]:
    """A tenant on SQLite, for what no database has a say in."""
    with closing(Tenant(f"sqlite:///{tmp_path}/backlog.db")) as opened:
        yield opened


APP = create_app(None, Settings())
ALL_ROUTES = routes(APP)
KEEPING = {
    (method, route.path): asking.keeps
    for route in APP.routes
    if isinstance(route, APIRoute) and (asking := asked_of(route.dependencies)) and asking.keeps
    for method in sorted(route.methods or ())
}
"""The routes that let in tokens of some contracts or customers, and which of these."""
HELD = {
    "GET /v1/actuals",
    "GET /v1/backlog/fixed-price",
    "GET /v1/backlog/summary",
    "GET /v1/backlog/time-and-material",
    "GET /v1/backlog/{item_id}",
    "GET /v1/contracts",
    "GET /v1/contracts/{contract_id}",
    "GET /v1/contracts/{contract_id}/limits",
    "GET /v1/contracts/{contract_id}/lines/{line_id}",
    "GET /v1/contracts/{contract_id}/performance",
    "GET /v1/customers",
    "GET /v1/intake/obligations",
    "GET /v1/invoices",
    "GET /v1/invoices/{invoice_id}",
    "GET /v1/lines",
    "GET /v1/milestones",
    "GET /v1/milestones/{milestone_id}",
    "GET /v1/stream",
    "GET /v1/suggest",
    "DELETE /v1/invoices/{invoice_id}",
    "DELETE /v1/invoices/{invoice_id}/details/{detail_id}",
    "DELETE /v1/milestones/{milestone_id}",
    "PATCH /v1/invoices/{invoice_id}/details",
    "PATCH /v1/invoices/{invoice_id}/details/{detail_id}",
    "PATCH /v1/milestones/{milestone_id}",
    "POST /v1/backlog/mark",
    "POST /v1/backlog/nte/reevaluate",
    "POST /v1/backlog/nte/reset",
    "POST /v1/contracts/{contract_id}/lines/{line_id}/milestones",
    "POST /v1/invoices",
    "POST /v1/invoices/{invoice_id}/approve",
    "POST /v1/invoices/{invoice_id}/confirm",
    "POST /v1/invoices/{invoice_id}/corrections",
    "POST /v1/invoices/{invoice_id}/details",
    "POST /v1/invoices/{invoice_id}/refresh",
    "POST /v1/invoices/{invoice_id}/return",
    "POST /v1/invoices/{invoice_id}/submit",
    "PUT /v1/contracts/{contract_id}",
    "PUT /v1/contracts/{contract_id}/lines/{line_id}",
}
"""Those that `test_restricted_reads.py` or `test_restricted_commands.py` hold to it. A new one is a
decision, not an oversight."""


def test_no_route_is_open_but_those_that_are_meant_to_be() -> None:
    assert holes(APP) == []
    assert {path for _, path, asked in ALL_ROUTES if not asked} == OPEN_PATHS


def test_a_route_that_is_added_past_our_own_decorators_is_found() -> None:
    app = create_app(None, Settings())

    @app.get("/v1/new")
    async def get_new() -> None: ...

    async def remove(_: Request) -> Response:
        return Response()

    app.add_route("/v1/plain", remove, methods=["DELETE"])
    assert holes(app) == ["GET /v1/new", "DELETE /v1/plain"]


@pytest.mark.parametrize("asked", [None, (), "", "backlog:read", "Open", (None,), 1])
def test_a_route_without_a_scope_can_not_be_made(asked: object) -> None:
    made = Routes("/v1", "Backlog")
    with pytest.raises(TypeError, match="a route asks for a Scope"):
        made.get("/new", asked)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        made.post("/new")  # pyright: ignore[reportCallIssue]
    assert made.get("/new", OPEN)
    assert made.get("/new", Scope.BACKLOG_READ)


async def test_every_route_opens_by_its_scopes_and_by_no_other(one_tenant: Tenant) -> None:
    tenant = one_tenant
    app = guarded(Only(tenant))
    tokens = {scope: token(tenant, scope, [scope]) for scope in Scope}
    found: list[str] = []
    count = 0
    async with calling(app) as http:
        for (method, path, asked), scope in product(ALL_ROUTES, Scope):
            answer = await call(http, method, path, **bearer(tokens[scope]))
            count += 1
            is_open = answer.status_code not in {401, 403}
            if is_open != (not asked or scope in asked):
                found.append(f"{method} {path} with {scope}: {answer.status_code}")
            if not is_open:
                refused = problem(answer, 403)
                assert refused["code"] == "scope_missing"
                assert all(each in refused["detail"] for each in asked)
                assert tokens[scope] not in answer.text
    assert found == []
    sys.stdout.write(f"{count} calls with a scope\n")
    assert count > 10 * len(Scope)


def malformed(good: str) -> list[dict[str, str]]:
    """Headers that let nobody in."""
    flipped = good[:-9] + ("0" if good[-9] != "0" else "1") + good[-8:]
    tokens = [
        "x",
        good[:-1],
        good + "0",
        good.upper(),
        flipped,
        good.replace("default", "other"),
        new_token("default"),
        new_token("nowhere"),
        "bbk_",
        "bbk_default_",
        "." * 10_000,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    ]
    headers = [{"Authorization": f"Bearer {text}"} for text in tokens]
    others = [
        "Bearer",
        "Bearer ",
        f"Basic {good}",
        f"Token {good}",
        good,
        f"Bearer{good}",
        f"Bearer {good} {good}",
        f"Bearer {good},{good}",
        f"Bearer Bearer {good}",
        "",
    ]
    headers += [{"Authorization": text} for text in others]
    elsewhere = [
        {"X-Api-Key": good},
        {"Cookie": f"token={good}"},
        {"Proxy-Authorization": f"Bearer {good}"},
    ]
    return [{}, *headers, *elsewhere]


async def test_without_a_good_token_no_route_opens_and_nothing_is_told(
    one_tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = one_tenant
    good = token(tenant)
    app = guarded(Only(tenant))
    found: list[str] = []
    count = 0
    async with calling(app) as http:
        for (method, path, asked), headers in product(ALL_ROUTES, malformed(good)):
            answer = await call(http, method, path, **headers)
            count += 1
            if not asked:
                assert answer.status_code < 400 or (method, path) == SIGNING_IN, answer.text
                continue
            if answer.status_code != 401:
                found.append(f"{method} {path} {headers}: {answer.status_code}")
                continue
            refused = problem(answer, 401)
            assert refused["code"] in {"token_missing", "token_invalid"}
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "bbk_" not in answer.text
    assert found == []
    sys.stdout.write(f"{count} calls without a good token\n")
    assert good not in caplog.text
    assert "bbk_" not in caplog.text


async def test_a_session_opens_what_its_key_does_and_changes_nothing_without_its_token(
    one_tenant: Tenant,
) -> None:
    app = guarded(Only(one_tenant))
    scopes = (Scope.BACKLOG_READ, Scope.BACKLOG_WRITE)
    found: list[str] = []
    async with browsing(app) as browser:
        csrf = (await browser.by_key(token(one_tenant, "mira", scopes)))["csrf"]
        cookie = {"Cookie": f"{COOKIE}={browser.kept[COOKIE]}"}
        for (method, path, asked), shown in product(ALL_ROUTES, (None, "", "0" * 64, csrf)):
            if path.endswith("/stream") or path in OF_THE_INTERFACE:
                continue
            headers = cookie if shown is None else {**cookie, "X-CSRF-Token": shown}
            answer = await call(browser.http, method, path, **headers)
            is_forged = method not in {"GET", "HEAD", "OPTIONS"} and shown != csrf
            lets_in = not asked or not set(scopes).isdisjoint(asked)
            code = answer.json()["code"] if answer.status_code == 403 else None
            wanted = "csrf_token_missing" if is_forged else None if lets_in else "scope_missing"
            if code != wanted:
                found.append(f"{method} {path} with {shown!r}: {answer.status_code} {code}")
    assert found == []


async def test_two_tokens_are_none(one_tenant: Tenant) -> None:
    good = token(one_tenant)
    async with calling(guarded(Only(one_tenant))) as http:
        headers = [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {good}")]
        answer = await http.get("/contracts", headers=headers)
    assert problem(answer, 401)["code"] == "token_missing"


async def test_a_token_of_another_tenant_finds_nothing_of_this_one(
    postgres_server: PostgresServer,
) -> None:
    tenants = Tenants(postgres_server.new_database())
    try:
        mine = tenants.open()
        tenants.create("north")
        north = tenants.open("north")
        app = guarded(tenants)
        async with calling(app, token(mine)) as http:
            made = await http.put("/contracts/PC-1", json=contract_body(name=SECRET))
            assert made.status_code == 201, made.text
            line = await http.put("/contracts/PC-1/lines/DESIGN", json=line_body(name=SECRET))
            assert line.status_code == 201, line.text
            shown = await http.get("/contracts/PC-1", params={"after": line.json()["position"]})
            assert SECRET in shown.text
        before = mine.ledger.position()
        count = 0
        async with calling(app, token(north)) as http:
            for method, path, asked in ALL_ROUTES:
                if path.endswith("/stream") or not asked:
                    continue
                answer = await call(http, method, path)
                count += 1
                assert SECRET not in answer.text, path
                assert answer.status_code not in {401, 403, 500}, (path, answer.text)
                if "{contract_id}" in path and method == "GET":
                    assert problem(answer, 404)
            for name in ("default", "north"):
                refused = await http.get("/contracts", headers={"X-Tenant": name})
                assert problem(refused, 400)["code"] == "told_by_token"
        assert mine.ledger.position() == before
        sys.stdout.write(f"{count} calls with a token of another tenant\n")
    finally:
        tenants.close()


KEPT: Mapping[Keeps, tuple[list[str] | None, list[str] | None]] = {
    Keeps.TO_CONTRACTS: (["PC-1"], None),
    Keeps.TO_CUSTOMERS: (None, ["A"]),
    Keeps.TO_BOTH: (["PC-1"], ["A"]),
}
"""Contracts and customers of tokens, by what a route must keep to that lets them in."""


@pytest.mark.parametrize("kept", KEPT)
async def test_a_token_that_is_restricted_opens_what_keeps_to_that_and_nothing_else(
    one_tenant: Tenant, kept: Keeps
) -> None:
    contracts, customers = KEPT[kept]
    restricted = token(one_tenant, contracts=contracts, customers=customers)
    found: list[str] = []
    async with calling(guarded(Only(one_tenant)), restricted) as http:
        for method, path, asked in ALL_ROUTES:
            keeps = KEEPING.get((method, path), KEEPS_TO_NOTHING)
            if path.endswith("/stream") and kept in keeps:
                continue
            answer = await call(http, method, path)
            is_refused = answer.status_code == 403
            if (method, path) == ("POST", "/v1/invoices"):
                assert is_refused  # a draft of all contracts is a job, which keeps to nothing
                continue
            if is_refused != (bool(asked) and kept not in keeps):
                found.append(f"{method} {path}: {answer.status_code}")
            if is_refused:
                refused = problem(answer, 403)
                assert refused["code"] == "token_restricted"
                assert "alone" in refused["detail"]
    assert found == []


def test_every_route_that_keeps_to_restrictions_is_held_to_it_by_a_test() -> None:
    assert {f"{method} {path}" for method, path in KEEPING} == HELD


def test_the_document_says_what_each_operation_asks_for() -> None:
    document = APP.openapi()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for method, path, asked in ALL_ROUTES:
        if path not in document["paths"]:
            assert path in {*OF_THE_DOCUMENT, *OF_THE_INTERFACE}
            continue
        said = document["paths"][path][method.lower()].get("security", [])
        assert said == [{"bearer": [scope]} for scope in asked], path


def test_each_scope_opens_something() -> None:
    assert {scope for _, _, asked in ALL_ROUTES for scope in asked} == set(door.ALL)
