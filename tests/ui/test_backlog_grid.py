"""The backlog views as a grid: what is selected, what a mark shows, what the address says."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served

SALES = "time-and-material"
OPEN = "time-and-material?billing_status=not_ready&nte_status=not_applicable"
NUMBER = re.compile(r"\d[\d,\s]*")


async def opened(page: Page, served: Served, path: str) -> Locator:
    """The grid of a view, with its first rows."""
    await page.goto(served.at(path))
    grid = page.get_by_role("grid")
    await expect(grid.locator("tr[aria-rowindex='2']:not(.coming)")).to_be_visible()
    return grid


def row(grid: Locator, number: int) -> Locator:
    """The row of this number, from 1."""
    return grid.locator(f"tr[aria-rowindex='{number + 1}']")


def matching(served: Served, **filters: str) -> list[dict[str, Any]]:
    """What the API lists with a filter, once it shows all that is recorded."""
    asked = {"limit": "1000", "after": str(served.tenant.ledger.position()), **filters}
    return served.api.get("/backlog/time-and-material", params=asked).json()["items"]


async def test_a_mark_shows_is_told_and_can_be_undone(page: Page, served: Served) -> None:
    grid = await opened(page, served, OPEN)
    before = {each["item_id"] for each in matching(served, billing_status="ready")}
    await grid.focus()
    await page.keyboard.press("r")
    await expect(row(grid, 1)).to_contain_text("Ready to invoice")
    notice = page.get_by_role("button", name="Undo")
    await expect(notice).to_be_visible()
    assert len(matching(served, billing_status="ready")) == len(before) + 1
    await notice.click()
    await expect(page.locator(".notice", has_text="as before")).to_be_visible()
    assert {each["item_id"] for each in matching(served, billing_status="ready")} == before


async def test_all_that_match_are_acted_on_and_not_the_page_that_was_seen(
    page: Page, served: Served
) -> None:
    wanted = matching(served, billing_status="not_ready", nte_status="not_applicable")
    grid = await opened(page, served, OPEN)
    await grid.focus()
    await page.keyboard.press("Control+a")
    await row(grid, 2).locator(".tick").click()
    number = len(wanted) - 1
    await expect(page.locator(".selected strong")).to_have_text(f"{number} selected")
    await page.locator(".selected").get_by_role("button", name="Ready to invoice").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"Mark all {number} items ready to invoice?")
    await dialog.get_by_role("button", name="Ready to invoice").click()
    await expect(page.locator(".notice", has_text="are ready to invoice")).to_be_visible()
    left = matching(served, billing_status="not_ready", nte_status="not_applicable")
    assert [each["item_id"] for each in left] == [wanted[1]["item_id"]]


async def test_when_something_else_matches_by_then_nothing_happens(
    page: Page, served: Served, complaints: list[str]
) -> None:
    wanted = matching(served, billing_status="not_ready", nte_status="not_applicable")
    grid = await opened(page, served, OPEN)
    await expect(grid).to_have_attribute("aria-rowcount", str(len(wanted) + 1))
    await grid.focus()
    await page.keyboard.press("Control+a")
    await page.locator(".selected").get_by_role("button", name="Ready to invoice").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("will change")
    marked = {"items": [wanted[0]["item_id"]], "status": "ready"}
    assert served.api.post("/backlog/mark", json=marked).status_code == 200
    await dialog.get_by_role("button", name="Ready to invoice").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Something else matches now")
    assert ["409" in each for each in complaints] == [True]
    complaints.clear()
    left = matching(served, billing_status="not_ready", nte_status="not_applicable")
    assert len(left) == len(wanted) - 1
    await page.get_by_role("button", name="Show what matches now").click()
    await expect(grid).to_have_attribute("aria-rowcount", str(len(left) + 1))


async def test_another_filter_says_that_all_that_matched_are_no_longer_selected(
    page: Page, served: Served
) -> None:
    grid = await opened(page, served, OPEN)
    await grid.focus()
    await page.keyboard.press("Control+a")
    await page.get_by_role("button", name=re.compile("^Expense")).click()
    await expect(page.locator(".notice")).to_contain_text("no longer")
    await expect(page.locator(".selected")).to_be_hidden()


async def test_rows_that_were_picked_stay_picked_when_the_filter_is_another(
    page: Page, served: Served
) -> None:
    grid = await opened(page, served, OPEN)
    await row(grid, 1).locator(".tick").click()
    await page.get_by_role("button", name=re.compile("^Time")).click()
    await expect(page.locator(".selected strong")).to_have_text("1 selected")


async def test_the_address_is_the_view_and_back_and_reload_give_it_again(
    page: Page, served: Served
) -> None:
    grid = await opened(page, served, SALES)
    chip = page.get_by_role("button", name=re.compile("^Failed"))
    await chip.click()
    await expect(chip).to_have_attribute("aria-pressed", "true")
    number = len(matching(served, nte_status="failed"))
    await expect(grid).to_have_attribute("aria-rowcount", str(number + 1))
    await grid.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".panel")).to_be_visible()
    assert "nte_status=failed" in page.url
    assert "item=" in page.url
    await page.reload()
    await expect(page.locator(".panel h2")).to_be_visible()
    await expect(page.locator(".panel .alert").first).to_contain_text("over the limit")
    await page.go_back()
    await expect(page.locator(".panel")).to_be_hidden()
    await page.go_back()
    await expect(chip).to_have_attribute("aria-pressed", "false")


async def test_a_late_answer_does_not_overtake_a_newer_one(page: Page, served: Served) -> None:
    grid = await opened(page, served, SALES)
    held = asyncio.Event()

    async def late(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route(re.compile("class=expense"), late)
    await page.get_by_role("button", name=re.compile("^Expense")).click()
    await page.get_by_role("button", name=re.compile("^Expense")).click()
    await page.get_by_role("button", name=re.compile("^Fee")).click()
    number = len(matching(served, **{"class": "fee"}))
    await expect(grid).to_have_attribute("aria-rowcount", str(number + 1))
    async with page.expect_event("requestfinished", lambda each: "class=expense" in each.url):
        held.set()
    await expect(row(grid, 1)).to_contain_text("Fee")
    await expect(grid).to_have_attribute("aria-rowcount", str(number + 1))


async def test_a_double_click_marks_once(page: Page, served: Served) -> None:
    grid = await opened(page, served, OPEN)
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if each.method == "POST" else None)
    await row(grid, 1).locator(".tick").click()
    await page.locator(".selected").get_by_role("button", name="Ready to invoice").first.dblclick()
    await expect(page.locator(".notice")).to_be_visible()
    assert len(asked) == 1


async def test_what_others_do_shows_in_place_and_moves_no_row(page: Page, served: Served) -> None:
    grid = await opened(page, served, OPEN)
    first, second = matching(served, billing_status="not_ready", nte_status="not_applicable")[:2]
    await row(grid, 2).locator(".tick").click()
    await expect(page.locator("[data-connection=live]")).to_be_visible()
    marked = {"items": [first["item_id"]], "status": "ready"}
    assert served.api.post("/backlog/mark", json=marked).status_code == 200
    await expect(row(grid, 1)).to_contain_text("Ready to invoice")
    await expect(row(grid, 2)).to_have_attribute("aria-selected", "true")
    await expect(row(grid, 2)).to_contain_text(second["customer_name"][:8])
    changes = page.get_by_role("button", name=re.compile("change.*show"))
    await expect(changes).to_be_visible()
    await changes.click()
    await expect(row(grid, 1)).to_contain_text("Not ready to invoice")


async def test_what_a_user_wrote_is_text(page: Page, served: Served) -> None:
    name = "<img src=x onerror=alert(1)><b>Bold</b>"
    contract = served.api.get("/contracts/S7-C003").json()
    known = ("currency", "customers", "nte_limit")
    body = {"name": name, **{each: contract[each] for each in known}}
    assert served.api.put("/contracts/S7-C003", json=body).status_code == 200
    grid = await opened(page, served, "time-and-material?contract_id=S7-C003")
    await expect(row(grid, 1)).to_contain_text("<img src=x")
    await expect(page.locator("main b")).to_have_count(0)


async def test_sums_are_exact_and_of_one_currency_each(page: Page, served: Served) -> None:
    grid = await opened(page, served, "time-and-material?sort=currency")
    totals = served.api.get(
        "/backlog/time-and-material", params={"totals": "true", "limit": "1"}
    ).json()["totals"]
    currencies = {each["currency"] for each in totals}
    assert len(currencies) > 2
    await expect(page.locator(".totals > li")).to_have_count(len(currencies))
    await grid.focus()
    await page.keyboard.press("Control+a")
    for currency in currencies:
        await expect(page.locator(".selected")).to_contain_text(currency)


async def test_only_some_rows_are_in_the_document_and_the_focus_stays(
    page: Page, served: Served
) -> None:
    grid = await opened(page, served, "time-and-material?billing_status=invoice_posted")
    await grid.focus()
    for _ in range(12):
        await page.keyboard.press("PageDown")
    await expect(grid).to_be_focused()
    active = await grid.get_attribute("aria-activedescendant")
    assert active is not None
    await expect(page.locator(f"#{active}")).to_be_visible()
    assert await grid.locator("tr[aria-rowindex]").count() <= 61
    assert await page.locator("*").count() <= 2500


async def test_a_print_has_all_rows_of_the_filter_and_says_how_many(
    page: Page, served: Served
) -> None:
    await page.add_init_script(
        """window.print = () => console.log(
            document.querySelectorAll("tr[aria-rowindex]").length - 1,
            document.querySelector(".print-note").textContent,
        );"""
    )
    grid = await opened(page, served, "time-and-material?billing_status=invoice_posted")
    number = len(matching(served, billing_status="invoice_posted"))
    assert number > 200
    await expect(grid).to_have_attribute("aria-rowcount", str(number + 1))
    await grid.focus()
    async with page.expect_console_message() as printed:
        await page.keyboard.press("Control+p")
    assert (await printed.value).text == f"{number} {number} of {number} items"
    await expect(page.locator(".print-note")).to_have_count(0)
    assert await grid.locator("tr[aria-rowindex]").count() <= 61


async def test_a_month_s_sales_are_marked_and_drafted_in_norwegian_without_a_mouse(
    new_page: NewPage, served: Served
) -> None:
    page = await new_page(locale="nb-NO")
    grid = await opened(page, served, OPEN + "&contract_id=S7-C001")
    await expect(page.locator("h1")).to_have_text("Faktureringsrestanse for Tid og materiale")
    await grid.focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.press("r")
    await expect(page.get_by_role("dialog")).to_contain_text("klar")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice", has_text="for fakturering")).to_be_visible()
    await page.goto(served.at("time-and-material?contract_id=S7-C001&billing_status=ready"))
    await expect(row(page.get_by_role("grid"), 1)).to_contain_text("Klar for fakturering")
    await page.get_by_role("grid").focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.press("d")
    await expect(page.get_by_role("dialog")).to_contain_text("fakturautkast")
    await page.get_by_role("dialog").get_by_role("button", name="Opprett faktura").press("Enter")
    await expect(page.locator(".notice", has_text="fakturautkast")).to_be_visible()
    assert matching(served, contract_id="S7-C001", billing_status="ready") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [SALES, "fixed-price", "time-and-material?q=nothing-like-it"])
async def test_axe_finds_nothing(new_page: NewPage, served: Served, path: str, theme: str) -> None:
    page = await new_page(color_scheme=theme)
    await page.goto(served.at(path))
    await expect(page.locator(".totals .card, .list > .state").first).to_be_visible()
    await expect(page.locator("[data-connection=live]")).to_be_visible()
    if "?" not in path:
        grid = page.get_by_role("grid")
        await row(grid, 1).locator(".tick").click()
        await row(grid, 2).click()
        await expect(page.locator(".panel h2")).to_be_visible()
    assert await violations(page) == []
