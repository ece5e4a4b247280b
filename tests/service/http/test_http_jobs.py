"""Jobs by HTTP: month end over many contracts, followed, listed, stopped."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest

from aggregates.job.working import MOST_OPEN
from service.handlers.jobs.running import foreman_of, wake
from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.service.http_caller import Caller, problem

CUTOFF = "2026-10-31"


@pytest.fixture
def caller(http: httpx.AsyncClient) -> Caller:
    return Caller(http)


async def office(caller: Caller, *contracts: str, date: str = "2026-10-10") -> None:
    """Contracts with one line that A and B share, and an hour of work on each that is ready."""
    items: list[str] = []
    for contract_id in contracts:
        await caller.contract(contract_id, ("A", "B"))
        await caller.line(contract_id=contract_id, splits={"A": "60", "B": "40"})
        items += await caller.sales(
            f"of-{contract_id}", "100.00", contract_id=contract_id, date=date
        )
    await caller.mark(items)


@contextmanager
def another_at_work(tenant: Tenant, database: str) -> Generator[Tenant]:
    """Another process has the turn to work on jobs, and takes its time."""
    other = Tenant(database, project=False, clock=tenant.clock)
    try:
        assert other.jobs_turn.mine()
        yield other
    finally:
        other.close()


async def test_a_month_end_drafts_all_that_is_ready_a_contract_a_step(caller: Caller) -> None:
    contracts = [f"C{n}" for n in range(8)]
    await office(caller, *contracts)
    await caller.contract("IDLE")
    asked = await caller.ask_for_drafts(cutoff=CUTOFF)
    assert caller.last.headers["Location"] == f"/v1/jobs/{asked['job_id']}"
    assert (asked["kind"], asked["status"]) == ("draft_invoices", "scheduled")
    assert asked["request"] == {"cutoff": CUTOFF}
    assert {result["status"] for result in asked["results"]} == {"scheduled"}
    job = await caller.over(asked["job_id"])
    assert (job["status"], job["done"], job["total"], job["next"]) == ("complete", 8, 8, None)
    assert [result["contract_id"] for result in job["results"]] == contracts
    for result in job["results"]:
        assert (result["status"], result["changed_count"]) == ("complete", 2)
        amounts = [(of["customer_id"], of["amount"], of["tax"]) for of in result["invoices"]]
        assert amounts == [("A", "60.00", "0.00"), ("B", "40.00", "0.00")]
    made = {of["invoice_id"] for result in job["results"] for of in result["invoices"]}
    drafts = await caller.rows("/invoices", limit=1000)
    assert {draft["invoice_id"] for draft in drafts} == made
    assert len(drafts) == len(made) == 16
    assert {draft["cutoff"] for draft in drafts} == {CUTOFF}


async def test_only_what_is_ready_up_to_the_cutoff_is_drafted_d40(caller: Caller) -> None:
    await office(caller, "EARLY")
    await office(caller, "LATE", date="2026-11-01")
    job = await caller.over((await caller.ask_for_drafts(cutoff=CUTOFF))["job_id"])
    assert [result["contract_id"] for result in job["results"]] == ["EARLY"]
    job = await caller.over((await caller.ask_for_drafts())["job_id"])
    assert [result["contract_id"] for result in job["results"]] == ["LATE"]


async def test_milestones_are_drafted_as_well_as_time(caller: Caller) -> None:
    await caller.contract()
    await caller.line(method="fixed_price")
    made = await caller.milestone("500.00", "95.00")
    await caller.mark([part["item_id"] for part in made["parts"]])
    job = await caller.over((await caller.ask_for_drafts(cutoff=CUTOFF))["job_id"])
    ((invoice,),) = [result["invoices"] for result in job["results"]]
    assert (invoice["amount"], invoice["tax"]) == ("500.00", "95.00")


async def test_each_contract_that_is_named_has_an_outcome(caller: Caller) -> None:
    await office(caller, "GOOD")
    await caller.contract("IDLE")
    named = ["GOOD", "IDLE", "UNKNOWN", "GOOD"]
    job = await caller.over((await caller.ask_for_drafts(contract_ids=named))["job_id"])
    codes = [result["problem"] and result["problem"]["code"] for result in job["results"]]
    told = [(result["contract_id"], result["status"]) for result in job["results"]]
    assert job["status"] == "complete"
    assert told == [("GOOD", "complete"), ("IDLE", "skipped"), ("UNKNOWN", "failed")]
    assert codes == [None, "nothing_ready", "contract_not_found"]
    assert job["results"][2]["problem"]["status"] == 404


async def test_only_what_the_customers_named_are_billed_is_drafted(caller: Caller) -> None:
    await office(caller, "C1", "C2")
    await caller.contract("C3", ("C",))
    await caller.line(contract_id="C3", splits={"C": "100"})
    await caller.mark(await caller.sales("of-C3", "7.00", contract_id="C3"))
    job = await caller.over((await caller.ask_for_drafts(customer_ids=["B", "NOBODY"]))["job_id"])
    made = [[i["customer_id"] for i in result["invoices"]] for result in job["results"]]
    assert made == [["B"], ["B"]]
    asked = await caller.ask_for_drafts(customer_ids=["B"], contract_ids=["C3"])
    (result,) = (await caller.over(asked["job_id"]))["results"]
    assert result["status"] == "skipped"


async def test_a_month_end_with_nothing_ready_is_complete_at_once(caller: Caller) -> None:
    asked = await caller.ask_for_drafts(cutoff=CUTOFF)
    assert (asked["status"], asked["done"], asked["total"]) == ("complete", 0, 0)
    assert (await caller.over(asked["job_id"]))["results"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"contract_id": "C1", "contract_ids": ["C1"]},
        {"line_ids": ["L1"]},
        {"items": ["i"]},
        {"contract_ids": []},
    ],
)
async def test_a_request_that_says_two_things_or_half_a_thing_is_refused(
    caller: Caller, body: dict[str, object]
) -> None:
    refused = await caller.ask_for_drafts(expect=422, **body)
    assert refused["code"] == "invalid_fields"
    await caller.nothing_happened(0)


async def test_the_history_says_who_asked_for_what_and_what_was_caused_by_it_d64(
    caller: Caller,
) -> None:
    await office(caller, "C1")
    since = caller.position
    who = {"X-Actor": "jo", "X-Correlation-Id": "close-10", "X-Causation-Id": "calendar"}
    asked = await caller.call("POST", "/invoices", {"cutoff": CUTOFF}, expect=202, headers=who)
    job = await caller.over(asked["job_id"])
    assert (job["actor"], job["reason"]) == ("jo", None)
    events = [event for event in await caller.history() if event["position"] > since]
    assert {event["actor"] for event in events} == {"jo"}
    assert {event["correlation_id"] for event in events} == {"close-10"}
    caused = {event["type"]: event["causation_id"] for event in events}
    assert caused.pop("JobRequested.v1") == "calendar"
    assert caused.pop("JobStepsPlanned.v1") == caused.pop("JobOpened.v1") == "calendar"
    assert {"DraftCreated.v2", "ItemsDrafted.v1", "JobStepDone.v2", "JobCompleted.v1"} < set(caused)
    assert set(caused.values()) == {job["job_id"]}


async def test_a_request_repeated_under_its_key_is_one_job(caller: Caller) -> None:
    await office(caller, "C1")
    key = {"Idempotency-Key": "october"}
    body = {"cutoff": CUTOFF}
    first = await caller.call("POST", "/invoices", body, expect=202, headers=key)
    location = caller.last.headers["Location"]
    job = await caller.over(first["job_id"])
    again = await caller.call("POST", "/invoices", body, expect=202, headers=key)
    assert again == first
    assert caller.last.headers["Location"] == location
    assert [each["job_id"] for each in await caller.rows("/jobs")] == [job["job_id"]]
    other = await caller.call("POST", "/invoices", {}, expect=409, headers=key)
    assert other["code"] == "idempotency_key_reused"


async def test_jobs_are_listed_by_status_without_their_results(caller: Caller) -> None:
    await office(caller, "C1")
    jobs = [(await caller.ask_for_drafts())["job_id"] for _ in range(3)]
    for job_id in jobs:
        await caller.over(job_id)
    page = await caller.get("/jobs", limit=2)
    assert [job["job_id"] for job in page["items"]] == jobs[:2]
    assert "results" not in page["items"][0]
    assert [job["job_id"] for job in await caller.rows("/jobs", limit=2)] == jobs
    assert len(await caller.rows("/jobs", status="complete", sort="-position")) == 3
    assert await caller.rows("/jobs", status="failed") == []


async def test_results_come_in_pages(caller: Caller) -> None:
    named = [f"C{n}" for n in range(5)]
    asked = await caller.ask_for_drafts(contract_ids=named)
    await caller.over(asked["job_id"])
    found: list[str] = []
    cursor = None
    while True:
        page = await caller.get(f"/jobs/{asked['job_id']}", limit=2, cursor=cursor)
        found += [result["contract_id"] for result in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == named
    malformed = await caller.get(f"/jobs/{asked['job_id']}", cursor="x", expect=422)
    assert malformed["code"] == "invalid_fields"


async def test_a_job_canceled_in_the_middle_keeps_what_is_done(
    caller: Caller, tenant: Tenant, database: str
) -> None:
    await office(caller, "C1", "C2", "C3")
    with another_at_work(tenant, database) as other:
        asked = await caller.ask_for_drafts()
        assert not foreman_of(other).step(asked["job_id"])
        caller.position = other.ledger.position()
        halfway = await caller.get(f"/jobs/{asked['job_id']}")
        assert (halfway["status"], halfway["done"], halfway["total"]) == ("processing", 1, 3)
        await caller.call("DELETE", f"/jobs/{asked['job_id']}")
        assert foreman_of(other).step(asked["job_id"])
    wake(tenant)
    job = await caller.over(asked["job_id"])
    assert (job["status"], job["done"]) == ("canceled", 1)
    statuses = [result["status"] for result in job["results"]]
    assert statuses == ["complete", "canceled", "canceled"]
    drafts = await caller.rows("/invoices")
    assert {draft["contract_id"] for draft in drafts} == {"C1"}
    before = caller.position
    await caller.call("DELETE", f"/jobs/{asked['job_id']}")
    await caller.nothing_happened(before)


async def test_a_job_that_is_over_or_unknown_cannot_be_canceled(caller: Caller) -> None:
    asked = await caller.ask_for_drafts()
    path = f"/jobs/{asked['job_id']}"
    refused = await caller.call("DELETE", path, expect=409)
    assert refused["code"] == "job_over"
    for method in ("GET", "DELETE"):
        missing = await caller.call(method, "/jobs/unheard-of", expect=404)
        assert missing["code"] == "job_not_found"


async def test_a_job_is_canceled_only_at_the_version_that_was_seen(
    caller: Caller, tenant: Tenant, database: str
) -> None:
    with another_at_work(tenant, database) as other:
        asked = await caller.ask_for_drafts(contract_ids=["C1", "C2"])
        path = f"/jobs/{asked['job_id']}"
        await caller.get(path)
        seen = {"If-Match": caller.last.headers["ETag"]}
        foreman_of(other).step(asked["job_id"])
        stale = await caller.call("DELETE", path, headers=seen, expect=412)
        assert stale["code"] == "stale_version"
        caller.position = other.ledger.position()
        await caller.get(path)
        seen = {"If-Match": caller.last.headers["ETag"]}
        await caller.call("DELETE", path, headers=seen)


async def test_only_so_many_jobs_are_open_at_once(
    caller: Caller, tenant: Tenant, database: str
) -> None:
    with another_at_work(tenant, database):
        asked = [await caller.ask_for_drafts(contract_ids=["C1"]) for _ in range(MOST_OPEN)]
        refused = await caller.ask_for_drafts(contract_ids=["C1"], expect=409)
        assert refused["code"] == "too_many_jobs"
        await caller.call("DELETE", f"/jobs/{asked[0]['job_id']}")
        await caller.ask_for_drafts(contract_ids=["C1"])
    wake(tenant)
    for job in asked[1:]:
        assert (await caller.over(job["job_id"]))["done"] == 1


async def test_a_job_is_found_at_once_though_the_views_do_not_show_it_yet(database: str) -> None:
    """Another server asks for it; the one that is asked then waits for its views."""
    with closing(Tenant(database)) as tenant, closing(Tenant(database, project=False)) as other:
        there = httpx.ASGITransport(app=create_app(Only(other), Settings()))
        here = httpx.ASGITransport(app=create_app(Only(tenant), Settings()))
        async with (
            httpx.AsyncClient(transport=there, base_url="http://localhost/v1") as another,
            httpx.AsyncClient(transport=here, base_url="http://localhost/v1") as http,
        ):
            for n in range(20):
                asked = await Caller(another).ask_for_drafts(contract_ids=[f"C{n}"])
                found = await http.get(f"/jobs/{asked['job_id']}")
                assert found.json()["job_id"] == asked["job_id"]
            assert problem(await http.get("/jobs/none"), 404)["code"] == "job_not_found"


async def test_a_job_that_the_views_do_not_show_in_time_is_not_said_to_be_missing(
    database: str,
) -> None:
    with closing(Tenant(database, project=False)) as tenant:
        app = create_app(Only(tenant), Settings(read_wait=0.05))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
            asked = await Caller(http).ask_for_drafts(contract_ids=["C1"])
            behind = await http.get(f"/jobs/{asked['job_id']}")
    assert problem(behind, 503)["code"] == "views_behind"
    assert int(behind.headers["retry-after"]) >= 1


async def test_a_month_end_says_which_contracts_and_customers_it_was_asked_for(
    caller: Caller,
) -> None:
    body: dict[str, Any] = {
        "contract_ids": [f"C{n:03}" for n in range(150)],
        "customer_ids": ["A"],
    }
    asked = await caller.ask_for_drafts(**body)
    assert asked["request"] == body
    job = await caller.over(asked["job_id"])
    assert job["request"] == body
    (listed,) = await caller.rows("/jobs")
    assert listed["request"] == {**body, "contract_ids": body["contract_ids"][:100]}


async def test_what_is_no_id_of_a_job_is_not_found(http: httpx.AsyncClient) -> None:
    assert problem(await http.get("/jobs/%00"), 404)["code"] == "job_not_found"
    assert problem(await http.delete("/jobs/%00"), 404)["code"] == "job_not_found"
