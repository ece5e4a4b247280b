"""Keys in the backlog views act where the reader is, once each, and leave the browser its own."""

import re

from playwright.async_api import Page, expect

from tests.ui.serving import Served
from tests.ui.test_backlog_grid import OPEN, matching, opened, row


async def test_buttons_work_by_enter_and_space(page: Page, served: Served) -> None:
    grid = await opened(page, served, "time-and-material")
    chip = page.get_by_role("button", name=re.compile("^Failed"))
    await chip.press("Enter")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await expect(chip).to_be_focused()
    await chip.press("Space")
    await expect(chip).to_have_attribute("aria-pressed", "false")
    await page.get_by_role("link", name="Invoices").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Invoices")
    await expect(grid).to_have_count(0)


async def test_a_letter_marks_nothing_where_no_row_is_pointed_at(
    page: Page, served: Served
) -> None:
    grid = await opened(page, served, OPEN)
    before = matching(served, billing_status="ready")
    await page.get_by_role("link", name="Invoices").focus()
    await page.keyboard.press("r")
    await expect(grid).to_be_focused()  # it leads to the row; the next one marks it
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("r")
    await expect(page.locator(".notice")).to_have_count(0)
    assert matching(served, billing_status="ready") == before
    await page.keyboard.press("r")
    await expect(page.locator(".notice")).to_have_count(1)
    assert len(matching(served, billing_status="ready")) == len(before) + 1


async def test_who_works_fast_marks_each_row_and_is_not_told_of_others(
    page: Page, served: Served
) -> None:
    all_of_them = matching(served, billing_status="not_ready", nte_status="not_applicable")
    wanted = all_of_them[:6]
    grid = await opened(page, served, OPEN)
    await expect(page.locator("[data-connection=live]")).to_be_visible()
    await grid.focus()
    for _ in wanted:
        await page.keyboard.press("r")
        await page.keyboard.press("j")
    await expect(row(grid, 6)).to_contain_text("Ready to invoice")
    left = len(all_of_them) - len(wanted)
    await expect(grid).to_have_attribute("aria-rowcount", str(left + 1))
    ready = {each["item_id"] for each in matching(served, billing_status="ready")}
    assert {each["item_id"] for each in wanted} <= ready
    await expect(page.locator(".changes")).to_be_hidden()


async def test_control_keys_in_a_field_are_the_browsers(page: Page, served: Served) -> None:
    await opened(page, served, "time-and-material")
    search = page.get_by_role("searchbox", name="Search").first
    await search.fill("Consulting")
    await search.press("Control+a")
    await expect(page.locator(".selected")).to_be_hidden()
    await search.press("x")
    await expect(search).to_have_value("x")


async def test_undo_leaves_the_reader_where_they_are(page: Page, served: Served) -> None:
    grid = await opened(page, served, OPEN)
    await grid.focus()
    for _ in range(3):
        await page.keyboard.press("PageDown")
    active = await grid.get_attribute("aria-activedescendant")
    assert active != "row-0"
    await page.keyboard.press("r")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".notice", has_text="as before")).to_be_visible()
    await expect(grid).to_be_focused()
    await expect(grid).to_have_attribute("aria-activedescendant", str(active))
    await expect(page.locator(f"#{active}")).to_be_in_viewport()
