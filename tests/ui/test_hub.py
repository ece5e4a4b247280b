"""The hub: its figures are those of the rows they lead to; drafts are made once, as shown."""

import asyncio
import re
from decimal import Decimal
from urllib.parse import urlsplit

from playwright.async_api import Page, Request, Route, expect

from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served

TODAY = "2026-11-29T12:00:00Z"
"""The sample's work is of September and October, so that ages are 31 to 90 days, and later."""
FIGURES = """links => links.map(link => [
    link.closest("section").getAttribute("aria-labelledby"),
    link.getAttribute("href"),
    (link.classList.contains("part") ? link : link.children[1]).textContent,
])"""


async def test_each_figure_is_what_its_rows_come_to(page: Page, served: Served) -> None:
    """By currency, stage, age and month: to the last decimal, and never over two currencies."""
    await page.clock.set_fixed_time(TODAY)
    await page.goto(served.at())
    await expect(page.locator(".matrix")).to_have_count(3)
    shown: list[tuple[str, str, str]] = await page.locator(
        ".matrix a.figure, .matrix a.part"
    ).evaluate_all(FIGURES)
    assert {"hub-stages", "hub-ages", "hub-posted"} == {part for part, _, _ in shown}
    assert len(shown) > 25
    for part, link, text in shown:
        url = urlsplit(link)
        view = url.path.rsplit("/", 1)[-1]
        rows = served.api.get(f"/backlog/{view}?{url.query}&totals=true&limit=1").json()
        assert len({total["currency"] for total in rows["totals"]}) == 1, (part, link)
        amount = sum(Decimal(total["amount"]) for total in rows["totals"])
        assert re.sub("[^0-9.-]", "", text.replace("T&M", "")) == str(amount), (part, link)


async def test_the_first_load_asks_little_at_once(page: Page, served: Served) -> None:
    first = {"/contracts", "by=class", "by=month", "by=line"}
    asked: list[str] = []
    all_asked, go_on = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.append(route.request.url)
        if all(any(part in url for url in asked) for part in first):
            all_asked.set()
        await go_on.wait()
        await route.continue_()

    await page.route(re.compile(r"/v1/(?!stream|backlog/summary\?limit=1$)"), hold)
    await page.goto(served.at())
    await asyncio.wait_for(all_asked.wait(), 20)
    assert len(asked) <= 8
    go_on.set()
    await expect(page.get_by_role("heading", name="Open obligations")).to_be_visible()
    await expect(page.locator("[aria-busy]")).to_have_count(0)


async def test_drafts_of_many_contracts_by_keys_alone_in_norwegian(
    new_page: NewPage, served: Served
) -> None:
    """What would be drafted is told by currency; a second Enter drafts nothing more."""
    page = await new_page(locale="nb-NO")
    made: list[str] = []
    page.on(
        "request",
        lambda sent: (
            made.append(sent.url) if sent.method == "POST" and "dry_run" not in sent.url else None
        ),
    )
    before = drafts_of(served)
    await page.goto(served.at())
    for contract in ("S7-C001", "S7-C003"):
        await page.locator(f"#choose-{contract}").press("Space")
    await page.locator("#create-chosen").press("Enter")
    dialog = page.get_by_role("dialog")
    told = r"3 utkast vil bli opprettet: 10\s154,28\sEUR · 1\s472\s122\sJPY"
    await expect(dialog).to_contain_text(re.compile(told))
    await expect(page.locator("#cutoff")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("3 utkast ble opprettet")
    assert len(made) == 1
    assert len(drafts_of(served)) == len(before) + 3
    await expect(dialog.get_by_role("button", name="Lukk").last).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice")).to_contain_text("3 utkast ble slettet")
    assert drafts_of(served) == before
    await expect(page.locator("#choose-S7-C001")).to_be_focused()
    await expect(page.locator("#choose-S7-C001")).not_to_be_checked()


async def test_a_draft_takes_what_was_shown_and_nothing_that_came_since(
    page: Page, served: Served
) -> None:
    made = drafting_by(page)
    await page.goto(served.at("contracts/S7-C002"))
    await page.get_by_role("button", name="Create invoice").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("3 drafts would be created: 3,402.46")
    matching = {
        "contract_id": "S7-C002",
        "billing_status": "not_ready",
        "nte_status": "committed",
        "class": "time",
        "limit": 1,
    }
    (late,) = served.api.get("/backlog/time-and-material", params=matching).json()["items"]
    marked = {"status": "ready", "items": [late["item_id"]]}
    assert served.api.post("/backlog/mark", json=marked).json()["changed_count"] == 1
    await dialog.get_by_role("button", name="Create 3 drafts").dblclick()
    await expect(dialog).to_contain_text("3 drafts were created: 3,402.46")
    assert len(made) == 1
    assert served.api.get(f"/backlog/{late['item_id']}").json()["billing_status"] == "ready"


async def test_what_can_not_be_read_is_said_and_read_again(
    page: Page, served: Served, complaints: list[str]
) -> None:
    pattern = re.compile(r"summary\?by=class")
    await page.route(pattern, lambda route: route.fulfill(status=500, json={"code": "internal"}))
    await page.goto(served.at())
    stages = page.locator("section", has=page.get_by_role("heading", name="How far"))
    await expect(stages.get_by_role("button", name="Try again")).to_be_visible()
    await expect(page.get_by_role("heading", name="Posted by month")).to_be_visible()
    await page.unroute(pattern)
    await stages.get_by_role("button", name="Try again").click()
    await expect(stages.get_by_role("rowheader", name="KWD")).to_be_visible()
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    complaints.clear()


async def test_nobody_is_kept_out_on_a_phone_in_the_dark(new_page: NewPage, served: Served) -> None:
    page = await new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
    await page.goto(served.at("?open=S7-C004"))
    await page.locator("#lines-S7-C004").scroll_into_view_if_needed()
    await expect(page.get_by_role("rowheader", name="Consulting").last).to_be_visible()
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    assert await violations(page) == []
    main = page.get_by_role("main")
    assert await main.evaluate("main => main.scrollWidth <= main.clientWidth")


def drafts_of(served: Served) -> list[str]:
    """The ids of all drafts, as the service tells them once its views are up to date."""
    newest = served.api.get("/audit/events", params={"limit": 1}).json()["position"]
    asked = {"status": "draft", "after": newest, "limit": 1000}
    return [
        each["invoice_id"] for each in served.api.get("/invoices", params=asked).json()["items"]
    ]


def drafting_by(page: Page) -> list[str]:
    """The requests by which a page drafts, as it sends them."""
    made: list[str] = []

    def hear(sent: Request) -> None:
        if sent.method == "POST" and "/v1/invoices" in sent.url and "dry_run" not in sent.url:
            made.append(sent.url)

    page.on("request", hear)
    return made
