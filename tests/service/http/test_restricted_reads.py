"""What a token of some contracts or customers reads is what all others read, less what is hidden.

By brute force: each answer is the unrestricted one, filtered here; sums are added up here.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest

from service.http import following
from service.http.server.serving import running
from service.tenants.tenant import Tenant
from tests.conftest import NOW
from tests.databases import NewDatabase, Only
from tests.office import (
    BATCH,
    CLASSES,
    FIXED_PRICE,
    Json,
    approval_event,
    contract_event,
    line_event,
)
from tests.service import office
from tests.service.door import bearer, calling, guarded, token
from tests.service.http_caller import Caller, problem
from tests.service.listening import listening
from tests.service.processes import LONG

SEEDS = (1,)
CONTRACTS = {"C1": ["A", "B"], "C2": ["A"], "C3": ["B", "C"], "C4": ["C"]}
FIXED, SALES = "/backlog/fixed-price", "/backlog/time-and-material"
STATUSES = ["not_ready", "ready", "invoice_created", "invoice_posted"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A restriction, and what it leaves visible."""

    contracts: list[str] | None = None
    customers: list[str] | None = None

    def sees(self, contract_id: str, customers: Collection[str]) -> bool:
        of_contract = self.contracts is None or contract_id in self.contracts
        return of_contract and (self.customers is None or {*customers} <= {*self.customers})

    def row(self, row: Json) -> bool:
        """Whether a row of one contract and one customer is visible."""
        return self.sees(row["contract_id"], [row["customer_id"]])

    def whole(self, row: Json, within: str = "customers") -> bool:
        """Whether something of several customers is visible: all of them must be."""
        return self.sees(row["contract_id"], [each["customer_id"] for each in row[within]])


RESTRICTIONS = {
    "one contract": Kept(contracts=["C1"]),
    "contracts": Kept(contracts=["C1", "C3", "nowhere"]),
    "one customer": Kept(customers=["A"]),
    "customers": Kept(customers=["B", "C"]),
    "both": Kept(["C1", "C3"], ["B"]),
    "of nobody": Kept(["C2"], ["B"]),
    "many": Kept(["C1", *(f"X{n}" for n in range(300))], ["A", *(f"Y{n}" for n in range(300))]),
}


async def an_office(caller: Caller, seed: int) -> None:
    """Contracts with lines of both kinds, work on them; some marked, drafted, confirmed."""
    chance = Random(seed)
    events: list[Json] = []
    for contract_id, customers in CONTRACTS.items():
        limits = {of: "150.00" for of in customers if contract_id in {"C2", "C4"}}
        events.append(
            contract_event(contract_id, customers, name=f"Yard {contract_id}", limits=limits)
        )
        share = str(100 // len(customers))
        splits = dict.fromkeys(customers, share)
        events.append(line_event(contract_id, "T", splits=splits, name=f"Work on {contract_id}"))
        events.append(
            line_event(
                contract_id, "OWN", splits={customers[-1]: "100"}, project_id=f"P-{contract_id}"
            )
        )
        events.append(line_event(contract_id, "F", splits=splits, method=FIXED_PRICE))
    events += [
        approval_event(
            f"ap-{n}",
            f"{chance.randint(1, 90)}.00",
            kind=chance.choice(CLASSES),
            contract_id=chance.choice([*CONTRACTS]),
            line_id=chance.choice(["T", "OWN"]),
            date=f"2026-{chance.choice(['09', '10'])}-{chance.randint(1, 28):02}",
            resource=chance.choice(["Ada", "Bo", "Cy"]),
            description=chance.choice(["weld", "paint", "Yard tour"]),
        )
        for n in range(60)
    ]
    for event in events:
        if event["type"].startswith("projects.expense") or "material" in event["type"]:
            event["data"].pop("resource", None)
    posted = await caller.http.post("/events/batch", json=events, headers={"content-type": BATCH})
    assert posted.status_code == 200, posted.text
    outcomes = Counter(each["outcome"] for each in posted.json()["results"])
    assert outcomes == {"recorded": len(events)}, posted.text
    caller.position = posted.json()["position"]
    for contract_id in CONTRACTS:
        for n in range(3):
            milestone = {
                "name": f"Step {n}",
                "amount": f"{chance.randint(1, 900)}.00",
                "tax": "0.00",
                "date": f"2026-10-{chance.randint(1, 28):02}",
            }
            path = f"/contracts/{contract_id}/lines/F/milestones"
            await caller.call("POST", path, milestone, expect=201)
    rows = [*await caller.rows(FIXED), *await caller.rows(SALES)]
    some = [row["item_id"] for row in rows if chance.random() < 0.7]
    body = {"items": some, "status": "ready", "mode": "best_effort"}
    await caller.call("POST", "/backlog/mark", body)
    for contract_id in ("C1", "C2", "C3"):
        drafted = await caller.call(
            "POST", "/invoices", {"contract_id": contract_id, "cutoff": "2026-10-15"}, expect=201
        )
        if contract_id != "C2":
            for invoice in drafted["invoices"][:1]:
                await caller.call("POST", f"/invoices/{invoice['invoice_id']}/confirm")
    await caller.get("/contracts")


class Remembering(Caller):
    """Who sees all, and asks each thing once: nothing changes while it is compared."""

    def __init__(self, http: httpx.AsyncClient, answers: dict[str, httpx.Response]) -> None:
        super().__init__(http)
        self._answers = answers

    async def get(self, path: str, *, expect: int = 200, **params: Any) -> Json:
        asked = repr((path, sorted(params.items())))
        if asked not in self._answers:
            await super().get(path, expect=expect, **params)
            self._answers[asked] = self.last
        self.last = self._answers[asked]
        assert self.last.status_code == expect
        return self.last.json()


@dataclass(frozen=True, slots=True)
class Worked:
    """A tenant with an office that has worked, tokens of each restriction, and one of none."""

    tenant: Tenant
    every: str
    some: Mapping[str, str]
    answers: dict[str, httpx.Response]
    """What those who see all were answered."""


@asynccontextmanager
async def two(worked: Worked, name: str) -> AsyncGenerator[tuple[Caller, Caller]]:
    """Who sees all, and who sees some of it."""
    app = guarded(Only(worked.tenant))
    async with calling(app, worked.every) as of_all, calling(app, worked.some[name]) as of_some:
        every, limited = Remembering(of_all, worked.answers), Caller(of_some)
        every.position = limited.position = worked.tenant.ledger.position()
        yield every, limited


@pytest.fixture(scope="module", params=SEEDS)
def worked(request: pytest.FixtureRequest, new_database: NewDatabase) -> Generator[Worked]:
    """An office that is only read from here on, by whatever test."""
    with closing(Tenant(new_database(), clock=lambda: NOW)) as tenant:
        asyncio.run(_at_work(tenant, request.param))
        some = {
            name: token(tenant, name, contracts=kept.contracts, customers=kept.customers)
            for name, kept in RESTRICTIONS.items()
        }
        yield Worked(tenant, token(tenant), some, {})


async def _at_work(tenant: Tenant, seed: int) -> None:
    async with calling(guarded(Only(tenant)), token(tenant, "office")) as http:
        await an_office(Caller(http), seed)


def totals_of(rows: list[Json]) -> list[Json]:
    """The totals of rows, added up here."""
    by = defaultdict[tuple[str, str, str], list[Json]](list)
    for row in rows:
        by[row["currency"], row["billing_status"], row["billing_type"]].append(row)
    return [
        {
            "currency": currency,
            "billing_status": status,
            "billing_type": kind,
            "count": len(some),
            "amount": f"{sum(Decimal(row['amount']) for row in some):.2f}",
            "tax": f"{sum(Decimal(row['tax']) for row in some):.2f}",
        }
        for (currency, status, kind), some in sorted(by.items())
    ]


FILTERS: list[Json] = [
    {},
    {"billing_status": STATUSES},
    {"contract_id": "C1"},
    {"contract_id": ["C1", "C2"], "billing_status": ["ready"]},
    {"customer_id": ["A", "C"]},
    {"customer_id": "B", "contract_id": "C3"},
    {"line_id": "T", "date_from": "2026-10-01", "date_to": "2026-10-31"},
    {"date_from": "2026-09-10"},
    {"project_id": "P-C1"},
    {"q": "yard"},
    {"q": "customer b"},
    {"q": "ap-1", "billing_status": STATUSES},
    {"q": "e", "sort": "-date"},
    {"sort": "-amount", "amount_min": "10"},
    {"sort": "contract_name,customer_name"},
]


async def hold_lists(every: Caller, some: Caller, kept: Kept) -> None:
    """Rows, pages and totals of both lists."""
    for path in (FIXED, SALES):
        for wanted in FILTERS:
            expected = [row for row in await every.rows(path, **wanted) if kept.row(row)]
            told = (path, wanted)
            assert await some.rows(path, **wanted, limit=7) == expected, told
            page = await some.get(path, **wanted, totals=True, limit=1)
            assert page["items"] == expected[:1], told
            assert page["totals"] == totals_of(expected), told


async def hold_facets(every: Caller, some: Caller, kept: Kept) -> None:
    """The values of facets and how many rows have each; a facet's own filter is left out."""
    columns: Mapping[str, list[str]] = {
        FIXED: ["contract_id", "line_id", "customer_id", "billing_status"],
        SALES: ["contract_id", "line_id", "customer_id", "resource", "class", "nte_status"],
    }
    for path, facets in columns.items():
        for wanted in ({}, {"contract_id": ["C1", "C2"]}, {"customer_id": "B", "q": "yard"}):
            asked: Json = {**wanted, "facets": ",".join(facets), "limit": 1}
            found = (await some.get(path, **asked))["facets"]
            for facet in facets:
                others = {name: value for name, value in wanted.items() if name != facet}
                rows = [row for row in await every.rows(path, **others) if kept.row(row)]
                counted = Counter(row[facet] for row in rows if row[facet])
                told = {each["value"]: each["count"] for each in found[facet]}
                assert told == counted, (path, wanted, facet)


async def hold_summaries(every: Caller, some: Caller, kept: Kept) -> None:
    """Sums by anything, over both views, and over few pages."""
    keys: Mapping[str, Callable[[Json], str]] = {
        "customer": lambda row: row["customer_id"],
        "contract": lambda row: row["contract_id"],
        "month": lambda row: row["date"][:7],
        "class": lambda row: row.get("class", "milestone"),
        "project": lambda row: row["project_id"],
    }
    fields = {"class": "class", "month": "month"}
    for wanted in ({}, {"q": "work"}, {"date_from": "2026-10-01", "date_to": "2026-10-31"}):
        listed = [
            row
            for path in (FIXED, SALES)
            for row in await every.rows(path, billing_status=STATUSES, **wanted)
            if kept.row(row)
        ]
        for by, key in keys.items():
            expected = defaultdict[tuple[str, str], list[Any]](lambda: [0, Decimal(0)])
            for row in listed:
                summed = expected[key(row), row["billing_type"]]
                summed[0] += 1
                summed[1] += Decimal(row["amount"])
            name = fields.get(by, f"{by}_id")
            found = {
                (item[name], item["billing_type"]): [item["count"], Decimal(item["amount"])]
                for item in await some.rows("/backlog/summary", by=by, limit=2, **wanted)
            }
            assert found == expected, (wanted, by)


async def same_or_hidden(
    every: Caller, some: Caller, path: str, identity: str, *, is_seen: bool
) -> None:
    """One thing: as everybody gets it, with its ETag, or to the letter as if it were not there."""
    whole = await every.get(path.format(identity))
    tag = every.last.headers.get("etag")
    if is_seen:
        assert await some.get(path.format(identity)) == whole
        assert some.last.headers.get("etag") == tag
        return
    hidden = await some.get(path.format(identity), expect=404)
    assert "etag" not in some.last.headers
    nothing = await every.get(path.format(f"{identity}-0"), expect=404)
    assert hidden == {**nothing, "detail": nothing["detail"].replace("-0'", "'")}


async def hold_directory(every: Caller, some: Caller, kept: Kept) -> None:
    """Contracts, lines, milestones: visible where all their customers are. Customers, texts."""
    contracts = await every.rows("/contracts", include="performance")
    seen = [each for each in contracts if kept.whole(each)]
    assert await some.rows("/contracts", include="performance", limit=1) == seen
    by_ready = await every.rows("/contracts", sort="-ready")
    assert await some.rows("/contracts", sort="-ready") == [e for e in by_ready if kept.whole(e)]
    for each in contracts:
        identity, is_seen = each["contract_id"], kept.whole(each)
        for path in ("/contracts/{}", "/contracts/{}/limits", "/contracts/{}/performance"):
            await same_or_hidden(every, some, path, identity, is_seen=is_seen)
    lines = await every.rows("/lines")
    assert await some.rows("/lines", limit=2) == [line for line in lines if kept.whole(line)]
    for line in lines:
        path = f"/contracts/{line['contract_id']}/lines/{{}}"
        await same_or_hidden(every, some, path, line["line_id"], is_seen=kept.whole(line))
    milestones = await every.rows("/milestones")
    seen = [each for each in milestones if kept.whole(each, "parts")]
    assert await some.rows("/milestones", limit=2) == seen
    for each in milestones:
        is_seen = kept.whole(each, "parts")
        await same_or_hidden(every, some, "/milestones/{}", each["milestone_id"], is_seen=is_seen)
    known = [
        (of, contract_id)
        for contract_id, customers in CONTRACTS.items()
        for of in customers
        if kept.sees(contract_id, [of])
    ]
    told = {each["customer_id"]: each["contracts"] for each in await some.rows("/customers")}
    assert told == Counter(of for of, _ in known)


async def hold_suggestions(every: Caller, some: Caller, kept: Kept) -> None:
    """What a text may mean is of what is visible."""
    contracts = [each for each in await every.rows("/contracts") if kept.whole(each)]
    lines = [each for each in await every.rows("/lines") if kept.whole(each)]
    sales = await every.rows(SALES, billing_status=STATUSES)
    customers = await some.rows("/customers")
    invoices = [each for each in await every.rows("/invoices") if kept.row(each)]
    expected = {
        "contract": {each["contract_id"] for each in contracts},
        "customer": {each["customer_id"] for each in customers},
        "project": {each["project_id"] for each in lines},
        "resource": {each["resource"] for each in sales if kept.row(each)} - {None},
        "invoice": {each["invoice_id"] for each in invoices if each["number"]},
    }
    for text in ("c", "a", "p", "inv", "yard", "b"):
        shown = (await some.get("/suggest", q=text))["items"]
        for each in (await every.get("/suggest", q=text))["items"]:
            is_seen = each["id"] in expected[each["kind"]]
            assert (each in shown) or not is_seen, (text, each)
        for each in shown:
            assert each["id"] in expected[each["kind"]], (text, each)


async def hold_invoices(every: Caller, some: Caller, kept: Kept) -> None:
    """Invoices, and what was booked."""
    wholes = {each["contract_id"]: kept.whole(each) for each in await every.rows("/contracts")}
    invoices = await every.rows("/invoices", details=True)
    seen = [each for each in invoices if kept.row(each)]
    assert await some.rows("/invoices", details=True, limit=1) == seen
    for wanted in ({"status": "draft"}, {"contract_id": "C1"}, {"customer_id": ["A", "B"]}):
        filtered = await every.rows("/invoices", **wanted)
        assert await some.rows("/invoices", **wanted) == [e for e in filtered if kept.row(e)]
    for each in invoices:
        path = f"/invoices/{each['invoice_id']}"
        if not kept.row(each):
            await same_or_hidden(every, some, "/invoices/{}", each["invoice_id"], is_seen=False)
            continue
        whole = await every.get(path)
        if not wholes[each["contract_id"]]:
            whole.pop("figures", None)
        assert await some.get(path) == whole
    for wanted in ({}, {"contract_id": "C3"}, {"sort": "-amount"}, {"type": "billed_sales"}):
        booked = [each for each in await every.rows("/actuals", **wanted) if kept.row(each)]
        assert await some.rows("/actuals", **wanted, limit=9) == booked
    assert await some.rows("/intake/obligations") == []


async def hold_items(every: Caller, some: Caller, kept: Kept) -> None:
    """Each item by its id."""
    for path in (FIXED, SALES):
        for row in await every.rows(path, billing_status=STATUSES):
            is_seen = kept.row(row)
            await same_or_hidden(every, some, "/backlog/{}", row["item_id"], is_seen=is_seen)


HOLDING = (
    hold_lists,
    hold_facets,
    hold_summaries,
    hold_directory,
    hold_suggestions,
    hold_invoices,
    hold_items,
)


@pytest.mark.parametrize("name", RESTRICTIONS)
async def test_what_is_read_is_what_all_read_less_what_is_hidden(worked: Worked, name: str) -> None:
    async with two(worked, name) as (every, some):
        for hold in HOLDING:
            await hold(every, some, RESTRICTIONS[name])


def test_who_may_know_of_some_contracts_is_told_of_no_others(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "EVERY_SECONDS", 0.01)
    headers = bearer(token(tenant, "ear", contracts=["C1", "C3"]))
    with (
        running(guarded(Only(tenant))) as address,
        httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=LONG) as http,
        listening(http, after=0) as ear,
    ):
        for contract_id in ("C2", "C1", "C4", "C3"):
            office.record(tenant, contract_event(contract_id))
            office.caught_up(tenant)
        told: set[str] = set()
        while "C3" not in told:
            change = ear.change()
            assert not change["reset"]
            assert change["contracts"]
            told |= {*change["contracts"]}
    assert told == {"C1", "C3"}


async def test_who_may_know_of_some_customers_can_not_listen(tenant: Tenant) -> None:
    async with calling(guarded(Only(tenant)), token(tenant, customers=["A"])) as http:
        refused = problem(await http.get("/stream"), 403)
    assert refused["code"] == "token_restricted"
    assert "customers" in refused["detail"]
