"""History in the browser: who did what, when and why, what it changed, and the chain of actuals."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served


def one_item(served: Served, status: str) -> dict[str, Any]:
    """An item of the sample that stands so."""
    params = {"billing_status": status, "limit": 1, "billing_type": "chargeable"}
    return served.api.get("/backlog/time-and-material", params=params).json()["items"][0]


def mark(served: Served, item: dict[str, Any], status: str, reason: str) -> None:
    """Somebody else marks an item."""
    body = {"status": status, "reason": reason, "items": [item["item_id"]]}
    served.api.post("/backlog/mark", json=body, headers={"X-Actor": "noor"}).raise_for_status()


async def test_an_item_tells_its_life_before_and_after_and_its_chain(
    page: Page, served: Served
) -> None:
    item = one_item(served, "invoice_posted")
    await page.goto(served.at(f"history?item_id={item['item_id']}"))
    posted = page.get_by_role("listitem").filter(has_text="Posted with a confirmed invoice")
    await expect(posted.last.locator("del")).to_have_text("Customer invoice created")
    await expect(posted.last.locator("dd").first).to_contain_text("Customer invoice posted")
    ready = page.locator(".history > li").filter(has_text="Marked ready to invoice").first
    await expect(ready.locator("q")).not_to_be_empty()
    chain = page.get_by_role("region", name="Chain of actuals").get_by_role("row")
    await expect(chain).to_have_count(4)
    await expect(chain.nth(2)).to_contain_text("Reversal")
    await expect(chain.nth(2)).to_contain_text("Reverses no. 1")
    await expect(chain.nth(3)).to_contain_text("Billed sales")


async def test_what_others_do_comes_at_the_end_without_moving_anything(
    page: Page, served: Served
) -> None:
    item = one_item(served, "not_ready")
    await page.goto(served.at(f"history?item_id={item['item_id']}"))
    await expect(
        page.get_by_text("that is all").or_(page.get_by_text("those are all"))
    ).to_be_visible()
    first = page.locator(".history > li").first
    before = await first.bounding_box()
    await first.get_by_text("All data").first.click()
    mark(served, item, "ready", "<i>checked</i>")
    last = page.locator(".history > li").last
    await expect(last).to_contain_text("noor")
    await expect(last.locator("q")).to_have_text("<i>checked</i>")
    await expect(last.locator("del").last).to_have_text("Not ready to invoice")
    await expect(first.locator("pre")).to_be_visible()
    after = await first.bounding_box()
    assert before
    assert after
    assert (before["x"], before["y"]) == (after["x"], after["y"])


async def test_a_correction_tells_what_was_billed_and_what_stays(
    page: Page, served: Served
) -> None:
    drafted = served.api.get("/audit/events", params={"type": "CorrectionDrafted"}).json()
    correction = drafted["items"][0]["data"]
    await page.goto(served.at(f"history?invoice_id={correction['invoice_id']}"))
    drafting = page.get_by_role("listitem").filter(has_text="Correction drafted").last
    await expect(drafting.get_by_role("link", name="INV-000003")).to_have_attribute(
        "href", f"/ui/invoices/{correction['corrects']}"
    )
    edited = page.get_by_role("listitem").filter(has_text="Details edited").last
    await expect(edited.locator("dd").first).to_contain_text("0")
    await expect(edited.locator("dd").first).to_contain_text("1.083225")
    chain = page.get_by_role("region", name="Chain of actuals").get_by_role("row")
    await expect(chain).to_have_count(5)


async def test_filters_stand_in_the_address_and_tell_no_before(page: Page, served: Served) -> None:
    item = one_item(served, "not_ready")
    mark(served, item, "ready", "close")
    await page.goto(served.at("history"))
    await page.get_by_label("Contract", exact=True).fill(item["contract_id"])
    await page.get_by_label("Contract", exact=True).press("Tab")
    await expect(
        page.get_by_role("heading", name=f"Contract {item['contract_id']}")
    ).to_be_visible()
    await page.get_by_label("By", exact=True).fill("noor")
    await page.get_by_label("By", exact=True).press("Enter")
    await page.get_by_label("What happened").select_option(label="Marked ready to invoice")
    await expect(page.get_by_text("1 event: that is all.")).to_be_visible()
    assert page.url == served.at(
        f"history?contract_id={item['contract_id']}&actor=noor&type=MarkedReady"
    )
    assert await page.locator(".history del").count() == 0
    await page.reload()
    await expect(page.get_by_text("1 event: that is all.")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_label("What happened")).to_have_value("")
    await page.go_back()
    await expect(page.get_by_label("By", exact=True)).to_have_value("")
    await page.get_by_label("From", exact=True).fill("2001-01-01")
    await page.get_by_label("To", exact=True).fill("2001-01-02")
    await page.get_by_label("To", exact=True).press("Enter")
    await expect(page.get_by_text("No event matches.")).to_be_visible()


async def test_all_that_happened_begins_with_the_newest(page: Page, served: Served) -> None:
    item = one_item(served, "not_ready")
    mark(served, item, "ready", "first")
    await page.goto(served.at("history"))
    first = page.locator(".history > li").first
    await expect(first.locator("q")).to_have_text("first")
    entries = page.locator(".events > li")
    shown = await entries.count()
    await page.get_by_role("button", name="More", exact=True).click()
    await expect(entries).to_have_count(2 * shown)
    mark(served, item, "not_ready", "second")
    await page.get_by_role("button", name="1 change").click()
    await expect(first.locator("q")).to_have_text("second")


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("en-GB", "light", 1280), ("nb-NO", "dark", 360)]
)
async def test_everyone_can_use_it(
    new_page: NewPage, served: Served, locale: str, scheme: str, width: int
) -> None:
    item = one_item(served, "invoice_posted")
    page = await new_page(
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 740}
    )
    await page.goto(served.at(f"history?item_id={item['item_id']}"))
    await expect(page.get_by_role("row")).to_have_count(4)
    await page.locator("summary").first.click()
    assert await violations(page) == []
    await page.goto(served.at("history"))
    await expect(page.locator(".history > li").first).to_be_visible()
    assert await violations(page) == []
