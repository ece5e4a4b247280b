"""The summary of the backlog and the facets of its lists, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

SUMMARY = "/backlog/summary"
TM, FP = "/backlog/time-and-material", "/backlog/fixed-price"
NONE = {"count": 0, "amount": "0.00"}


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A contract of A and B with hours on a line that has no room for all, and a milestone."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line(splits={"A": "50", "B": "50"}, limit="60.00", name="Build")
    await caller.line("FP", method="fixed_price", splits={"A": "50", "B": "50"})
    dates = ("2026-09-30", "2026-10-01", "2026-10-31", "2026-11-01")
    await caller.post(
        *(
            approval(f"ap-{n}", date=date, unit_price=f"{n * 10}.00", resource=f"R{n % 2}")
            for n, date in enumerate(dates, 1)
        )
    )
    await caller.milestone("10.01", "1.00", line_id="FP", name="Design")
    return caller


async def summary(caller: Caller, **asked: Any) -> list[Json]:
    return (await caller.get(SUMMARY, **asked))["items"]


async def test_a_summary_tells_how_far_everything_has_come(caller: Caller) -> None:
    ready, drafted, posted, *_ = await caller.rows(TM, sort="item_id", nte_status="committed")
    await caller.mark([row["item_id"] for row in (drafted, posted)])
    for row in (posted, drafted):
        draft = await caller.call(
            "POST",
            "/invoices",
            {"contract_id": "PC-1", "items": [row["item_id"]]},
            expect=201,
        )
        if row is posted:
            await caller.confirm(draft["invoices"][0]["invoice_id"])
    await caller.mark([ready["item_id"]])
    (item,) = await summary(caller)
    assert item["count"] == 10
    assert item["amount"] == "110.01"
    assert item["ready"] == {"count": 1, "amount": ready["amount"]}
    assert item["on_draft"] == {"count": 1, "amount": drafted["amount"]}
    assert item["posted"] == {"count": 1, "amount": posted["amount"]}
    blocked = {"count": 2, "amount": "40.00"}
    assert item["blocked"] == {**blocked, "levels": {"line": blocked}}
    (without,) = await summary(caller, billing_status="ready")
    assert (without["count"], without["posted"], without["not_ready"]) == (1, NONE, NONE)


async def test_a_summary_by_one_thing_or_several_has_their_fields_and_names(
    caller: Caller,
) -> None:
    by_month = await summary(caller, by="month")
    assert [(item["month"], item["count"], item["name"]) for item in by_month] == [
        ("2026-09", 2, None),
        ("2026-10", 6, None),
        ("2026-11", 2, None),
    ]
    by_class = await summary(caller, by="class")
    assert [(item["class"], item["count"]) for item in by_class] == [("milestone", 2), ("time", 8)]
    by_verdict = await summary(caller, by="nte_status")
    verdicts = [(item["nte_status"], item["count"]) for item in by_verdict]
    assert verdicts == [(None, 2), ("committed", 6), ("failed", 2)]
    repeated = await summary(caller, by=["customer", "line"])
    assert repeated == await summary(caller, by="customer,line")
    names = ("customer_id", "contract_id", "line_id", "customer_name", "line_name", "name")
    told = [[item[name] for name in names] for item in repeated]
    assert told == [
        ["A", "PC-1", "FP", "Customer A", "Line", "Customer A"],
        ["A", "PC-1", "L-1", "Customer A", "Build", "Customer A"],
        ["B", "PC-1", "FP", "Customer B", "Line", "Customer B"],
        ["B", "PC-1", "L-1", "Customer B", "Build", "Customer B"],
    ]


async def test_a_summary_is_of_both_views_one_of_them_or_what_a_filter_leaves(
    caller: Caller,
) -> None:
    filters: list[tuple[Json, int]] = [
        ({}, 10),
        ({"view": "fixed-price"}, 2),
        ({"view": "time-and-material"}, 8),
        ({"class": "time"}, 8),
        ({"milestone_status": "not_started"}, 2),
        ({"billing_type": "chargeable"}, 10),
        ({"resource": "R1"}, 4),
        ({"q": "design"}, 2),
        ({"amount_min": "15.00", "customer_id": "A"}, 2),
        ({"date_from": "2026-10-01", "date_to": "2026-10-31", "class": "time"}, 4),
    ]
    for asked, count in filters:
        found = await summary(caller, by="contract", **asked)
        assert (asked, sum(item["count"] for item in found)) == (asked, count)
    assert await summary(caller, q="nobody") == []
    assert await summary(caller, billing_status="canceled") == []


async def test_a_summary_comes_in_pages(caller: Caller) -> None:
    whole = await summary(caller, by="month,customer")
    page = await caller.get(SUMMARY, by="month,customer", limit=4)
    assert 'rel="next"' in caller.last.headers["link"]
    rest = await caller.get(SUMMARY, by="month,customer", limit=4, cursor=page["next"])
    assert (page["items"] + rest["items"], rest["next"]) == (whole, None)
    refused = await caller.call("GET", SUMMARY, by="month", cursor=page["next"], expect=422)
    assert refused["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        (SUMMARY, {"by": "weekday"}, "'customer'"),
        (SUMMARY, {"by": "customer,contract,line,class"}, "3"),
        (SUMMARY, {"view": "retainers"}, "'fixed-price'"),
        (SUMMARY, {"sort": "name"}, "sort"),
        (TM, {"facets": "class,milestone_status"}, "'nte_status'"),
        (FP, {"facets": "class"}, "'milestone_status'"),
    ],
)
async def test_what_there_is_no_summary_by_or_no_facet_of_is_refused_with_what_there_is(
    caller: Caller, path: str, asked: Json, named: str
) -> None:
    refused = await caller.call("GET", path, expect=422, **asked)
    assert refused["errors"][0]["field"].split(".")[0] in asked
    assert named in refused["errors"][0]["detail"] + refused["errors"][0]["field"]


async def test_facets_beside_a_page_are_over_its_whole_filter_without_their_own(
    caller: Caller,
) -> None:
    asked: Json = {"customer_id": "A", "nte_status": "failed", "limit": 1}
    page = await caller.get(TM, facets="customer_id,nte_status,resource", **asked)
    assert len(page["items"]) == 1
    assert page["facets"] == {
        "customer_id": [
            {"value": "A", "name": "Customer A", "count": 1},
            {"value": "B", "name": "Customer B", "count": 1},
        ],
        "nte_status": [
            {"value": "committed", "name": None, "count": 3},
            {"value": "failed", "name": None, "count": 1},
        ],
        "resource": [{"value": page["items"][0]["resource"], "name": None, "count": 1}],
    }
    assert (page["facets_more"], page["facets_partial"]) == ({}, {})
    repeated = await caller.get(TM, facets=["customer_id", "nte_status", "resource"], **asked)
    assert repeated == page
    assert "facets" not in await caller.get(TM, **asked)


async def test_the_facet_of_statuses_has_those_too_that_the_list_leaves_out(
    caller: Caller,
) -> None:
    item, *_ = [row["item_id"] for row in await caller.rows(TM, nte_status="committed")]
    await caller.mark([item])
    (invoice,) = (await caller.draft("PC-1"))["invoices"]
    await caller.confirm(invoice["invoice_id"])
    searched: Json = {"q": "build"}
    for more in ({}, searched):
        facets = (await caller.get(TM, facets="billing_status,currency", **more))["facets"]
        told = [(value["value"], value["count"]) for value in facets["billing_status"]]
        assert told == [("not_ready", 7), ("invoice_posted", 1)]
        assert facets["currency"] == [{"value": "EUR", "name": None, "count": 7}]


async def test_milestones_have_facets_of_their_statuses(caller: Caller) -> None:
    facets = (await caller.get(FP, facets="milestone_status,line_id,customer_id"))["facets"]
    assert facets["milestone_status"] == [{"value": "not_started", "name": None, "count": 2}]
    assert facets["line_id"] == [{"value": "FP", "name": "Line", "count": 2}]
    assert [value["value"] for value in facets["customer_id"]] == ["A", "B"]
