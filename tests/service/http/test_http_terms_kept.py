"""What a PUT leaves out of a contract or line that exists stays; versions are honoured (D-36)."""

import httpx
import pytest

from tests.office import Json, event
from tests.service.http_caller import Caller, approval, problem

CONTRACT, LINE = "/contracts/PC-1", "/contracts/PC-1/lines/L-1"
AGREED: Json = {
    "name": "Line",
    "project_id": "P-1",
    "billing_method": "time_and_material",
    "contract_amount": "10000.00",
    "nte_limit": "500.00",
    "customers": [
        {"customer_id": "A", "split_percent": "60", "rounding": True, "nte_limit": "300.00"},
        {"customer_id": "B", "split_percent": "40", "nte_limit": "200.00"},
    ],
    "schedule": "milestones",
    "includes": ["time"],
    "chargeable": {"roles": {"cook": False}, "categories": {"meals": False}, "tasks": {"T": True}},
}
RENAMED: Json = {
    "name": "Renamed",
    "project_id": "P-1",
    "billing_method": "time_and_material",
    "customers": [
        {"customer_id": "A", "split_percent": "60", "rounding": True},
        {"customer_id": "B", "split_percent": "40"},
    ],
}
CONTRACT_RENAMED: Json = {
    "name": "Renamed",
    "currency": "EUR",
    "customers": [{"customer_id": "A", "name": "A"}, {"customer_id": "B", "name": "B"}],
}


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line that say all there is to say."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"), limit="1000.00", limits={"B": "700.00"})
    await caller.call("PUT", LINE, AGREED, expect=201)
    return caller


@pytest.fixture(params=["put", "event"])
def way(request: pytest.FixtureRequest) -> str:
    """How terms are given: by a PUT, or by the event of the upstream system."""
    return request.param


async def give(caller: Caller, way: str, body: Json, path: str) -> Json:
    """The contract or line after its terms were given."""
    if way == "put":
        await caller.call("PUT", path, body)
    else:
        kind = "contract" if path == CONTRACT else "line"
        ids = {"contract_id": "PC-1"} | ({} if path == CONTRACT else {"line_id": "L-1"})
        (result,) = await caller.post(event(kind, {**body, **ids}, f"e-{caller.position}"))
        assert result["outcome"] == "recorded", result
        caller.position = max(caller.position, result["position"])
    return await caller.get(path)


def limits_of(found: Json) -> list[str | None]:
    return [found["nte_limit"], *(customer["nte_limit"] for customer in found["customers"])]


async def test_renaming_a_contract_takes_no_limit_off(caller: Caller, way: str) -> None:
    found = await give(caller, way, CONTRACT_RENAMED, CONTRACT)
    assert (found["name"], limits_of(found)) == ("Renamed", ["1000.00", None, "700.00"])


async def test_null_takes_the_limits_of_a_contract_away(caller: Caller, way: str) -> None:
    found = await give(caller, way, {**CONTRACT_RENAMED, "nte_limit": None}, CONTRACT)
    assert limits_of(found) == [None, None, "700.00"]
    customers = [{**c, "nte_limit": None} for c in CONTRACT_RENAMED["customers"]]
    found = await give(caller, way, {**CONTRACT_RENAMED, "customers": customers}, CONTRACT)
    assert limits_of(found) == [None, None, None]


async def test_renaming_a_line_takes_nothing_off(caller: Caller, way: str) -> None:
    before = await caller.get(LINE)
    found = await give(caller, way, RENAMED, LINE)
    assert limits_of(found) == ["500.00", "300.00", "200.00"]
    left = {"name", "position"}
    assert {k: v for k, v in found.items() if k not in left} == {
        k: v for k, v in before.items() if k not in left
    }


async def test_renaming_a_line_moves_no_rounding_d2(caller: Caller, way: str) -> None:
    """Without a word on rounding, it stays with who has it; else the largest share is told."""
    shares = (("A", "50"), ("B", "50"))
    customers = [{"customer_id": c, "split_percent": s, "rounding": c == "B"} for c, s in shares]
    await give(caller, way, {**RENAMED, "customers": customers}, LINE)
    unsaid = [{"customer_id": c, "split_percent": s} for c, s in shares]
    kept = await give(caller, way, {**RENAMED, "name": "Again", "customers": unsaid}, LINE)
    assert [c["rounding"] for c in kept["customers"]] == [False, True]
    nobody = [{**customer, "rounding": False} for customer in unsaid]
    told = await give(caller, way, {**RENAMED, "customers": nobody}, LINE)
    assert [c["rounding"] for c in told["customers"]] == [True, False]


async def test_null_takes_the_limits_and_the_amount_of_a_line_away(
    caller: Caller, way: str
) -> None:
    found = await give(caller, way, {**RENAMED, "nte_limit": None, "contract_amount": None}, LINE)
    assert limits_of(found) == [None, "300.00", "200.00"]
    assert (found["contract_amount"], found["includes"]) == (None, ["time"])
    customers = [dict(customer) for customer in RENAMED["customers"]]
    customers[1]["nte_limit"] = None
    found = await give(caller, way, {**RENAMED, "customers": customers}, LINE)
    assert limits_of(found) == [None, "300.00", None]


async def test_of_what_is_charged_what_is_left_out_stays_d22(caller: Caller, way: str) -> None:
    expected: Json = dict(AGREED["chargeable"])
    changes: list[Json] = [{}, {"roles": {}}, {"categories": {"taxi": True}}, {"tasks": None}]
    for change in changes:
        expected |= change
        found = await give(caller, way, {**RENAMED, "chargeable": change}, LINE)
        assert found["chargeable"] == expected


async def test_what_is_left_out_of_a_new_line_is_the_default(caller: Caller) -> None:
    made = await caller.call("PUT", "/contracts/PC-1/lines/L-2", RENAMED, expect=201)
    assert limits_of(made) == [None, None, None]
    assert (made["contract_amount"], made["schedule"]) == (None, "milestones")
    assert made["includes"] == ["time", "expense", "material", "fee"]
    assert made["chargeable"] == {"roles": {}, "categories": {}, "tasks": None}


async def test_a_limit_that_stays_is_enforced_still_d31(caller: Caller) -> None:
    await caller.call("PUT", LINE, RENAMED)
    items = await caller.sales("ap-1", "600.00", task_id="T")
    statuses = [(await caller.item(item))["nte_status"] for item in items]
    assert statuses == ["failed", "failed"]


# --- versions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "body"), [(CONTRACT, CONTRACT_RENAMED), (LINE, RENAMED)])
async def test_a_stale_version_changes_nothing_and_a_repetition_of_the_current_one_neither(
    caller: Caller, path: str, body: Json
) -> None:
    await caller.get(path)
    seen = caller.last.headers["etag"]
    await caller.call("PUT", path, {**body, "name": "First"}, headers={"If-Match": seen})
    current = caller.last.headers["etag"]
    before = caller.position
    for name in ("First", "Second"):  # also where nothing would change
        refused = await caller.call(
            "PUT", path, {**body, "name": name}, headers={"If-Match": seen}, expect=412
        )
        assert refused["code"] == "stale_version"
    again = await caller.call("PUT", path, {**body, "name": "First"}, headers={"If-Match": current})
    assert (caller.last.headers["etag"], again["name"]) == (current, "First")
    await caller.nothing_happened(before)


@pytest.mark.parametrize("if_match", ['"1"', '"0"', "*"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/contracts/PC-9", CONTRACT_RENAMED),
        ("/contracts/PC-1/lines/L-9", RENAMED),
        ("/contracts/PC-9/lines/L-9", RENAMED),
    ],
)
async def test_what_does_not_exist_has_no_version_to_match(
    caller: Caller, path: str, body: Json, if_match: str
) -> None:
    before = caller.position
    refused = await caller.http.put(path, json=body, headers={"If-Match": if_match})
    assert problem(refused, 412)["code"] == "stale_version"
    await caller.nothing_happened(before)


# --- rounding, progress, recorded items ----------------------------------------------------------


async def test_a_customer_alone_at_100_percent_needs_no_rounding_d2(
    caller: Caller, way: str
) -> None:
    alone = {**RENAMED, "customers": [{"customer_id": "A", "split_percent": "100"}]}
    found = await give(caller, way, alone, LINE)
    assert [c["customer_id"] for c in found["customers"]] == ["A"]
    (item,) = await caller.sales("ap-1", "10.01")
    assert (await caller.item(item))["amount"] == "10.01"


async def test_without_percentages_and_without_a_rounding_customer_all_pay_alike_d4(
    caller: Caller,
) -> None:
    await caller.contract(customers=("A", "B", "C"), expect=200)
    body = {**RENAMED, "customers": [{"customer_id": c} for c in "ABC"]}
    found = await caller.call("PUT", LINE, body)
    assert [c["split_percent"] for c in found["customers"]] == ["33.34", "33.33", "33.33"]
    items = await caller.sales("ap-1", "0.05")
    assert [(await caller.item(item))["amount"] for item in items] == ["0.01", "0.02", "0.02"]


async def test_a_progress_schedule_is_refused_until_it_is_built_d16(caller: Caller) -> None:
    before = caller.position
    body = {**RENAMED, "billing_method": "fixed_price", "schedule": "progress", "nte_limit": None}
    for path in (LINE, "/contracts/PC-1/lines/L-9"):
        refused = await caller.call("PUT", path, body, expect=422)
        assert refused["errors"][0]["field"] == "schedule"
        assert "milestones" in refused["detail"]
    posted = event("line", {**body, "contract_id": "PC-1", "line_id": "L-9"}, "e-progress")
    (result,) = await caller.post(posted)
    assert (result["outcome"], result["problem"]["status"]) == ("refused", 422)
    assert result["problem"]["errors"][0]["field"] == "data.schedule"
    await caller.nothing_happened(before)


async def test_a_line_whose_only_milestone_was_deleted_can_change_in_every_way_d3(
    caller: Caller,
) -> None:
    only_a = [{"customer_id": "A", "split_percent": "100", "rounding": True}]
    fixed = {**RENAMED, "billing_method": "fixed_price", "nte_limit": None}
    await caller.call("PUT", LINE, fixed)
    made = await caller.milestone("10.00")
    refused = await caller.call("PUT", LINE, {**fixed, "customers": only_a}, expect=409)
    assert refused["code"] == "customer_has_items"
    refused = await caller.call("PUT", LINE, RENAMED, expect=409)
    assert refused["code"] == "billing_method_fixed"
    await caller.call("DELETE", f"/milestones/{made['milestone_id']}")
    found = await caller.call("PUT", LINE, {**fixed, "customers": only_a})
    assert [c["customer_id"] for c in found["customers"]] == ["A"]
    found = await caller.call("PUT", LINE, {**RENAMED, "customers": only_a})
    assert found["billing_method"] == "time_and_material"
    (result,) = await caller.post(approval("ap-1"))
    assert result["outcome"] == "recorded"
