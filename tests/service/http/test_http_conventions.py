"""What holds for every call: positions that reads wait for, versions that commands expect."""

from contextlib import closing

import httpx
import pytest

from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import Json, contract_body, line_body
from tests.service.http_caller import Caller, problem

LONG = 60.0
"""Seconds that no test waits, unless what it waits for never comes."""
READS = (
    "/contracts",
    "/contracts/PC-1",
    "/contracts/PC-1/limits",
    "/contracts/PC-1/performance",
    "/contracts/PC-1/lines/L-1",
    "/backlog/fixed-price",
    "/backlog/time-and-material",
    "/backlog/x",
    "/milestones/x",
    "/invoices",
    "/invoices/x",
    "/actuals",
    "/intake/parked",
    "/audit/events",
)


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line for A."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


# --- positions ---------------------------------------------------------------------------------


async def test_every_command_answers_with_its_position_and_reads_wait_for_it(
    caller: Caller,
) -> None:
    reached = caller.position
    (item,) = await caller.sales("ap-1", "10.00")
    assert caller.position > reached
    for status in ("ready", "not_ready"):
        answer = await caller.mark([item], status)
        assert answer["position"] > reached
        reached = answer["position"]
        row = await caller.get(f"/backlog/{item}")
        assert (row["billing_status"], row["position"]) == (status, reached)
    newest = await caller.get("/audit/events", limit=1)
    assert newest["position"] == reached


async def test_a_position_that_the_history_has_not_reached_is_refused_at_once(
    tenant: Tenant,
) -> None:
    app = create_app(Only(tenant), Settings(read_wait=LONG))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
        caller = Caller(http)
        for reached in (0, 1):
            for ahead in (reached + 1, 10**9, 2**62, 2**63 - 1):
                for path in READS:
                    response = await http.get(path, params={"after": ahead})
                    refused = problem(response, 422)
                    assert refused["code"] == "position_ahead"
                    assert f"position {reached}," in refused["detail"]
                    assert str(ahead) in refused["detail"]
            if not reached:
                await caller.contract()
                assert caller.position == 1


async def test_a_position_that_another_process_has_committed_is_not_ahead(
    tenant: Tenant, database: str
) -> None:
    with closing(Tenant(database, project=False)) as other:
        settings = Settings(read_wait=LONG)
        here = httpx.ASGITransport(app=create_app(Only(tenant), settings))
        there = httpx.ASGITransport(app=create_app(Only(other), settings))
        async with (
            httpx.AsyncClient(transport=here, base_url="http://localhost/v1") as http,
            httpx.AsyncClient(transport=there, base_url="http://localhost/v1") as another,
        ):
            caller = Caller(another)
            await caller.contract()
            response = await http.get("/contracts", params={"after": caller.position})
            assert len(response.json()["items"]) == 1


async def test_a_read_whose_views_do_not_come_is_a_503_with_retry_after_in_bounded_time(
    database: str,
) -> None:
    with closing(Tenant(database, project=False)) as tenant:
        app = create_app(Only(tenant), Settings(read_wait=0.05))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
            caller = Caller(http)
            await caller.contract()
            for path in READS:
                response = await http.get(path, params={"after": caller.position})
                assert problem(response, 503)["code"] == "views_behind"
                assert int(response.headers["retry-after"]) >= 1


async def test_after_is_a_position(caller: Caller) -> None:
    for wrong in ("-1", "x", "1.5", "", str(2**63), "9" * 400):
        refused = await caller.call("GET", "/contracts", after=wrong, expect=422)
        assert refused["errors"][0]["field"] == "after"


# --- versions ----------------------------------------------------------------------------------


async def resources(caller: Caller) -> dict[str, tuple[str, str, Json | None]]:
    """A path of each kind of single resource, with a command on it."""
    await caller.line("FP", method="fixed_price")
    milestone = await caller.milestone("10.00", line_id="FP")
    (item,) = await caller.sales("ap-1", "10.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    at = f"/milestones/{milestone['milestone_id']}"
    bill = f"/invoices/{invoice['invoice_id']}"
    return {
        "contract": ("/contracts/PC-1", "PUT", {**contract_body(), "name": "Changed"}),
        "line": ("/contracts/PC-1/lines/L-1", "PUT", line_body(name="Changed")),
        "milestone": (at, "PATCH", {"name": "Changed"}),
        "milestone deleted": (at, "DELETE", None),
        "invoice": (f"{bill}", "POST", {}),
        "invoice deleted": (bill, "DELETE", None),
    }


@pytest.mark.parametrize(
    "kind", ["contract", "line", "milestone", "milestone deleted", "invoice", "invoice deleted"]
)
async def test_commands_on_single_resources_honour_if_match(caller: Caller, kind: str) -> None:
    path, method, body = (await resources(caller))[kind]
    await caller.get(path)
    etag = caller.last.headers["etag"]
    assert etag.startswith('"')
    number = int(etag.strip('"'))
    command = f"{path}/confirm" if kind == "invoice" else path
    before = caller.position
    for stale in (f'"{number - 1}"', f'"{number + 1}"', f'"{"9" * 30}"'):
        headers = {"If-Match": stale}
        await caller.call(method, command, body, headers=headers, expect=412)
    for garbage in ("garbage", str(number), '""', '"x"', f'"{number}', '"-1"', '"\u00b2"'):
        headers = [(b"If-Match", garbage.encode("latin-1"))]
        refused = await caller.http.request(method, command, json=body, headers=headers)
        problem(refused, 400)
    await caller.nothing_happened(before)
    await caller.call(method, command, body, headers={"If-Match": etag})
    if "deleted" in kind:
        return
    assert caller.last.headers["etag"] != etag
    answered = caller.last.headers["etag"]
    await caller.get(path)
    assert caller.last.headers["etag"] == answered
    await caller.call(method, command, body, headers={"If-Match": "*"})
