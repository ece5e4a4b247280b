"""Contracts: found, shown to the last decimal, changed without losing what anybody typed."""

import asyncio
import re

from playwright.async_api import Page, Route, expect

from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served

MARKUP = '<img src="x" onerror="window.ran = true">'


async def test_the_address_is_the_list_and_late_answers_stay_behind(
    page: Page, served: Served
) -> None:
    go_on, is_late = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        await go_on.wait()
        await route.fulfill(response=answer)
        is_late.set()

    await page.route(re.compile(r"/v1/contracts\?.*q=logi"), hold)
    await page.goto(served.at("contracts"))
    rows = page.locator("tbody[data-contract]")
    await expect(rows).to_have_count(4)
    await page.keyboard.press("/")
    async with page.expect_request(re.compile("q=logi")):
        await page.keyboard.type("logi")
    await page.locator("#q").fill("nothing like it")
    await expect(page.get_by_text("No contract matches")).to_be_visible()
    go_on.set()
    await asyncio.wait_for(is_late.wait(), 20)
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    )
    await expect(rows).to_have_count(0)
    await page.reload()
    await expect(page.get_by_text("No contract matches")).to_be_visible()
    await expect(page.locator("#q")).to_have_value("nothing like it")
    await page.get_by_role("button", name="Show all contracts").click()
    await expect(rows).to_have_count(4)
    await page.locator("#customer").fill("CU-09")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(served.at("contracts?customer_id=CU-09"))
    await page.go_back()
    await expect(rows).to_have_count(4)
    await page.go_back()
    await expect(page.locator("#q")).to_have_value("nothing like it")


async def test_names_stay_texts_and_amounts_keep_every_decimal(page: Page, served: Served) -> None:
    terms = {
        "name": MARKUP,
        "currency": "KWD",
        "nte_limit": "999999999999.999",
        "customers": [{"customer_id": "CU-01", "name": MARKUP, "nte_limit": "9007199254.993"}],
    }
    served.api.put("/contracts/ODD", json=terms).raise_for_status()
    await page.goto(served.at("contracts/ODD"))
    await expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    for amount in ("999,999,999,999.999", "9,007,199,254.993"):
        await expect(page.get_by_role("cell", name=amount, exact=True).first).to_be_visible()
    await page.goto(served.at("contracts?q=ODD"))
    await expect(page.get_by_role("link", name=MARKUP)).to_be_visible()
    assert await page.evaluate("window.ran") is None


async def test_who_was_slower_keeps_what_they_typed_and_undoes_nothing(
    new_page: NewPage, served: Served, complaints: list[str]
) -> None:
    """In Norwegian, by keys alone: limits are typed with a comma; nothing is guessed of a point."""
    page = await new_page(locale="nb-NO")
    before = served.api.get("/contracts/S7-C001").json()
    await page.goto(served.at("contracts/S7-C001"))
    await expect(page.locator("#edit-contract")).to_be_visible()
    await page.keyboard.press("e")
    await expect(page.locator("#contract-name")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("30.000,50")
    await page.keyboard.press("Enter")
    await expect(page.locator("#limit-whole-problem")).to_contain_text("Dette er ikke et beløp")

    kept = {name: before[name] for name in ("currency", "customers")}
    other = {**kept, "customers": [{**each, "nte_limit": "7000"} for each in kept["customers"]]}
    renamed = {**other, "name": "Renamed meanwhile"}
    served.api.put("/contracts/S7-C001", json=renamed).raise_for_status()
    await expect(page.get_by_role("heading", level=1, include_hidden=True)).to_have_text(
        "Renamed meanwhile"
    )
    await expect(page.locator("#limit-whole")).to_have_value("30.000,50")

    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("30 000,50")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("i mellomtiden")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator("#edit-contract")).to_be_focused()
    now = served.api.get("/contracts/S7-C001").json()
    assert (now["name"], now["nte_limit"]) == ("Renamed meanwhile", "30000.50")
    assert {each["nte_limit"] for each in now["customers"]} == {"7000.00"}
    complaints.clear()


async def test_limits_that_changed_point_to_the_items_they_would_judge_otherwise(
    page: Page, served: Served
) -> None:
    await page.goto(served.at("contracts/S7-C002"))
    await page.locator("#edit-S7-C002-T1").press("Enter")
    await page.get_by_label("Limit of the line").fill("1,000")
    await page.keyboard.press("Enter")
    warning = page.get_by_text("would pass or fail otherwise now")
    await expect(warning).to_be_visible()
    await expect(page.locator("#edit-S7-C002-T1")).to_be_focused()
    await expect(page.get_by_role("cell", name="Exceeded").first).to_be_visible()
    judged = served.api.get("/contracts/S7-C002/limits").json()["reevaluate"]
    href = await page.get_by_role("link", name="See them").get_attribute("href")
    assert href is not None
    assert href.count("item_id=") == min(50, len(judged)) > 0
    assert await violations(page) == []
