"""Who is let in: hosts that are known, and changes from the service's own pages alone."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import BATCH, Json, contract_body
from tests.service.http_caller import Caller, approval, problem
from tests.service.sockets import ask

LOOPBACK = (
    "localhost",
    "LocalHost",
    "localhost.",
    "localhost:8000",
    "localhost:",
    "billing.localhost:3000",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.8.9.10:65535",
    "[::1]",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]:80",
)
UNKNOWN = (
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "localhost-evil.example",
    "notlocalhost",
    "127.0.0.1.nip.io",
    "127.0.0.1.evil.example:8000",
    "0.0.0.0:8000",
    "128.0.0.1",
    "192.168.0.7",
    "2130706433",
    "127.1",
    "0x7f.0.0.1",
    "[::]",
    "[::2]:8000",
    "[2001:db8::1]",
    "a",
    "",
)
MALFORMED = (
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost:8000@evil.example",
    "user:password@localhost",
    "localhost evil.example",
    "localhost,evil.example",
    "localhost/evil.example",
    "localhost#evil.example",
    "http://localhost",
    "localhost:80:80",
    "localhost:65536",
    "localhost:-1",
    "localhost:a",
    "localhost..",
    ".localhost",
    "::1",
    "[::1",
    "[localhost]",
    "[::1%25lo]",
    "[::1]evil.example",
    "localh\u00f6st",
    "l" * 400,
)
WRITES = (
    ("PUT", "/v1/contracts/PC-1", contract_body()),
    ("POST", "/v1/events", None),
    ("POST", "/v1/backlog/mark", {"items": ["x"], "status": "ready"}),
    ("POST", "/v1/invoices/x/confirm", None),
    ("PATCH", "/v1/milestones/x", {"name": "x"}),
    ("DELETE", "/v1/invoices/x", None),
    ("QUERY", "/v1/contracts", None),
    ("POST", "/nowhere", None),
)
FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "CROSS-SITE"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": "http://localhost.evil.example:8000"},
    {"Origin": "http://localhost:8000@evil.example"},
    {"Origin": "http://localhost:8000/path"},
    {"Origin": "http://localhost:8000 http://evil.example"},
    {"Origin": "ftp://localhost:8000"},
    {"Origin": "file://"},
    {"Origin": "localhost:8000"},
    {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site"},
)
OWN: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost:8000"},
    {"Origin": "http://LOCALHOST:8000", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://localhost:8000"},
)


@pytest.fixture
def tenant(sqlite_database: str) -> Generator[Tenant]:
    """A tenant on SQLite: nothing here depends on the database."""
    with closing(Tenant(sqlite_database)) as opened:
        yield opened


def client(tenant: Tenant, address: str, settings: Settings | None = None) -> httpx.AsyncClient:
    """A client that calls the service by this address."""
    transport = httpx.ASGITransport(app=create_app(Only(tenant), settings or Settings()))
    return httpx.AsyncClient(transport=transport, base_url=address)


# --- hosts -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    """A server that has nothing but its health and its documentation."""
    with running(create_app(None, Settings())) as address:
        yield address


def live(server: str, *headers: str, method: str = "GET", version: str = "1.1") -> tuple[int, Json]:
    """Status and body of a question for the health, with these headers as they are."""
    lines = [f"{method} /health/live HTTP/{version}", *headers, "Connection: close", "", ""]
    got = ask(server, "\r\n".join(lines).encode("latin-1"))
    response = httpx.Response(got.status, content=got.body)
    return got.status, response.json()


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_names_and_addresses_are_known_with_any_port(server: str, host: str) -> None:
    assert live(server, f"Host: {host}") == (200, {"status": "live"})


@pytest.mark.parametrize("host", UNKNOWN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_is_not_known_is_refused_reads_included(
    server: str, host: str, method: str
) -> None:
    status, refused = live(server, f"Host: {host}", method=method)
    assert (status, refused["code"]) == (421, "unknown_host")


@pytest.mark.parametrize("host", MALFORMED)
def test_what_is_no_host_is_malformed(server: str, host: str) -> None:
    status, refused = live(server, f"Host: {host}")
    assert (status, refused["status"]) == (400, 400)


def test_a_host_named_twice_or_not_at_all_is_refused(server: str) -> None:
    for hosts in (("localhost", "localhost"), ("localhost", "evil.example")):
        status, _ = live(server, *(f"Host: {host}" for host in hosts))
        assert status == 400
    assert live(server)[0] == 400, "HTTP/1.1 demands it"
    status, refused = live(server, version="1.0")
    assert (status, refused["code"]) == (421, "unknown_host")
    assert live(server, "Host: localhost", version="1.0")[0] == 200


def test_a_body_that_ends_in_two_ways_is_refused_and_nothing_follows_it(server: str) -> None:
    both = ("Host: localhost", "Content-Length: 3", "Transfer-Encoding: chunked")
    lines = ["POST /v1/events HTTP/1.1", *both, "", "0", "", "GET /health/live HTTP/1.1", "", ""]
    got = ask(server, "\r\n".join(lines).encode())
    assert (got.status, json.loads(got.body)["code"]) == (400, "framed_twice")


async def test_hosts_named_twice_are_refused_whatever_the_server_lets_through(
    tenant: Tenant,
) -> None:
    async with client(tenant, "http://localhost") as http:
        for hosts in ((b"localhost", b"evil.example"), (b"evil.example", b"localhost")):
            headers = [(b"host", host) for host in hosts]
            response = await http.get("/v1/contracts", headers=headers)
            assert problem(response, 400)["code"] == "malformed_host"


async def test_every_path_asks_for_the_host(tenant: Tenant) -> None:
    async with client(tenant, "http://evil.example") as http:
        for path in (
            "/v1/contracts",
            "/health/live",
            "/health/ready",
            "/v1/stream",
            "/openapi.json",
            "/docs",
            "/",
        ):
            assert problem(await http.get(path), 421)["code"] == "unknown_host"


async def test_configured_hosts_are_known_with_any_port_and_no_others(tenant: Tenant) -> None:
    settings = Settings(hosts=("Billing.Example.com.", "10.0.0.7"))
    for known in ("billing.example.com", "BILLING.example.com:8443", "10.0.0.7", "localhost"):
        async with client(tenant, f"http://{known}", settings) as http:
            assert (await http.get("/health/live")).status_code == 200
    for unknown in ("example.com", "x.billing.example.com", "billing.example.com.evil", "10.0.0.8"):
        async with client(tenant, f"http://{unknown}", settings) as http:
            problem(await http.get("/health/live"), 421)


# --- origins -----------------------------------------------------------------------------------


async def test_pages_of_other_origins_change_nothing(tenant: Tenant) -> None:
    async with client(tenant, "http://localhost:8000") as http:
        for headers in FOREIGN:
            for method, path, body in WRITES:
                response = await http.request(method, path, json=body, headers=headers)
                assert problem(response, 403)["code"] == "foreign_origin", (headers, path)
    assert tenant.ledger.position() == 0


async def test_a_page_of_another_origin_confirms_no_invoice(tenant: Tenant) -> None:
    async with client(tenant, "http://localhost:8000/v1") as http:
        caller = Caller(http)
        await caller.contract()
        await caller.line()
        (item,) = await caller.sales("ap-1", "10.00")
        await caller.mark([item])
        (invoice,) = (await caller.draft())["invoices"]
        path = f"/invoices/{invoice['invoice_id']}/confirm"
        for headers in FOREIGN:
            problem(await http.post(path, headers=headers), 403)
        assert (await caller.get(f"/invoices/{invoice['invoice_id']}"))["status"] == "draft"


async def test_two_origins_in_one_request_are_as_good_as_the_worse(tenant: Tenant) -> None:
    own, foreign = (b"origin", b"http://localhost:8000"), (b"origin", b"http://evil.example")
    async with client(tenant, "http://localhost:8000/v1") as http:
        for headers in ([own, foreign], [foreign, own]):
            response = await http.put("/contracts/PC-1", json=contract_body(), headers=headers)
            problem(response, 403)


async def test_own_pages_and_clients_that_are_no_browser_may_change_everything(
    tenant: Tenant,
) -> None:
    async with client(tenant, "http://localhost:8000/v1") as http:
        for number, headers in enumerate(OWN):
            path = f"/contracts/PC-{number}"
            response = await http.put(path, json=contract_body(), headers=headers)
            assert response.status_code == 201, headers
            response = await http.post(
                "/events", json=[approval("a")], headers={**headers, "content-type": BATCH}
            )
            assert response.status_code == 200, headers


async def test_the_port_that_a_scheme_means_need_not_be_named(tenant: Tenant) -> None:
    for address, origin in (
        ("http://localhost", "http://localhost:80"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://localhost", "https://localhost:443"),
    ):
        async with client(tenant, address) as http:
            # As a client would name it that leaves nothing out.
            host = {"Host": address.partition("://")[2], "Origin": origin}
            response = await http.put("/v1/contracts/PC-1", json=contract_body(), headers=host)
            assert response.status_code in {200, 201}, (address, origin)


async def test_reads_are_open_to_links_from_elsewhere(tenant: Tenant) -> None:
    async with client(tenant, "http://localhost:8000") as http:
        for headers in FOREIGN:
            response = await http.get("/v1/contracts", headers=headers)
            assert response.status_code == 200
            assert "access-control-allow-origin" not in response.headers


async def test_behind_a_proxy_a_configured_host_is_its_own_origin(tenant: Tenant) -> None:
    """The proxy ends TLS, hands on Host, and says nothing else."""
    settings = Settings(hosts=("billing.example.com",))
    async with client(tenant, "http://billing.example.com", settings) as http:
        headers = {"Origin": "https://billing.example.com", "Sec-Fetch-Site": "same-origin"}
        response = await http.put("/v1/contracts/PC-1", json=contract_body(), headers=headers)
        assert response.status_code == 201
        headers = {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-site"}
        response = await http.put("/v1/contracts/PC-1", json=contract_body(), headers=headers)
        problem(response, 403)


async def test_configured_origins_may_change_something(tenant: Tenant) -> None:
    """The proxy does not hand on Host, or the page is another application's."""
    settings = Settings(origins=("https://Billing.example.com", "http://ui.example:3000"))
    async with client(tenant, "http://127.0.0.1:8000/v1", settings) as http:
        for origin in ("https://billing.example.com", "https://billing.example.com:443"):
            headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
            response = await http.put("/contracts/PC-1", json=contract_body(), headers=headers)
            assert response.status_code in {200, 201}
        for origin in ("http://billing.example.com", "http://ui.example", "http://ui.example:3001"):
            headers = {"Origin": origin}
            response = await http.put("/contracts/PC-1", json=contract_body(), headers=headers)
            problem(response, 403)


async def test_what_is_refused_is_refused_before_its_body_is_read(tenant: Tenant) -> None:
    async def body() -> None:
        raise AssertionError("the body was asked for")

    app = create_app(Only(tenant), Settings())
    for host, origin in ((b"evil.example", b""), (b"localhost", b"http://evil.example")):
        sent: list[Json] = []

        async def keep(message: Json, sent: list[Json] = sent) -> None:
            sent.append(message)

        headers = [(b"host", host), (b"origin", origin), (b"content-length", b"99999999999")]
        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": "/v1/events",
            "raw_path": b"/v1/events",
            "query_string": b"",
            "headers": headers,
        }
        await app(scope, body, keep)  # pyright: ignore[reportArgumentType]
        assert sent[0]["status"] in {403, 421}


# --- configuration -----------------------------------------------------------------------------


def test_hosts_and_origins_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_HOSTS", "Billing.example.com, backlog.internal,")
    monkeypatch.setenv("BILLING_BACKLOG_ORIGINS", "https://ui.example.com")
    settings = Settings()
    assert settings.hosts == ("billing.example.com", "backlog.internal")
    assert settings.origins == ("https://ui.example.com",)


@pytest.mark.parametrize(
    "wrong",
    [{"hosts": ("https://x",)}, {"hosts": ("x:1",)}, {"hosts": ("*",)}, {"origins": ("x",)}],
)
def test_what_is_no_host_or_origin_is_refused_at_the_start(wrong: Json) -> None:
    with pytest.raises(ValidationError, match="write it as"):
        Settings(**wrong)


def test_serve_names_what_is_wrong_with_a_host(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("billing-backlog")
    done = subprocess.run(
        [command, "serve", "--allow-host", "https://x", "--database", f"sqlite:///{tmp_path}/x.db"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "'https://x' is not the name of a host" in done.stderr
