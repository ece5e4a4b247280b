"""A month is closed in the browser, in Norwegian and without a mouse, up to a correction."""

from typing import Any

from playwright.async_api import Page, expect

from tests.office import approval_event, contract_event, line_event
from tests.ui.conftest import NewPage
from tests.ui.serving import serving

BATCH = {"Content-Type": "application/cloudevents-batch+json"}
DIALOG = "dialog[open]"


async def told(page: Page, text: str) -> None:
    """A notice says so; it is closed, not to stand in the way of the next one."""
    await expect(page.locator(".notice", has_text=text)).to_be_visible()
    await page.locator(".notice", has_text=text).get_by_role("button", name="Lukk").press("Enter")


async def test_a_month_is_closed_from_approvals_to_a_corrected_invoice(
    new_page: NewPage, database: str
) -> None:
    approvals = [approval_event(f"A-{number}") for number in range(1, 6)]
    with serving(database) as served:
        events = [contract_event(), line_event(), *approvals]
        answer = served.api.post("/events/batch", json=events, headers=BATCH).json()
        assert {each["outcome"] for each in answer["results"]} == {"recorded"}
        page = await new_page(locale="nb-NO")

        await page.goto(served.at())
        await expect(page.get_by_role("heading", level=1)).to_have_text("Faktureringsoversikt")
        await page.keyboard.press("g")
        await page.keyboard.press("t")
        grid = page.get_by_role("grid")
        await expect(grid.locator("tr[aria-rowindex='2']:not(.coming)")).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "Faktureringsrestanse for Tid og materiale"
        )

        await grid.focus()
        await page.keyboard.press("Control+a")
        await page.keyboard.press("r")
        await expect(page.locator(DIALOG)).to_contain_text("klare for fakturering?")
        await page.keyboard.press("Enter")
        await told(page, "klare for fakturering")

        await grid.focus()
        await page.keyboard.press("Control+a")
        await page.keyboard.press("d")
        await expect(page.locator(DIALOG)).to_contain_text("fakturautkast")
        await page.locator(DIALOG).get_by_role("button", name="Opprett faktura").press("Enter")
        await told(page, "fakturautkast")

        await page.keyboard.press("g")
        await page.keyboard.press("i")
        drafts = page.locator(".invoice-rows tbody tr")
        await expect(drafts).to_have_count(len(drafted(served.api)))
        await drafts.first.get_by_role("link").first.press("Enter")
        await expect(page.locator(".details").first).to_be_visible()
        await page.keyboard.press("b")
        await expect(page.get_by_role("table", name="Hva bekreftelsen bokfører")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("INV-000001")

        await page.locator("[data-action=correct]").press("Enter")
        correct = page.get_by_role("button", name="Opprett korreksjonen")
        await expect(correct).to_be_enabled()
        await correct.press("Enter")
        title = page.get_by_role("heading", level=1)
        await expect(title).to_have_text("Utkast til korrigert faktura")
        await page.keyboard.press("b")
        await expect(page.get_by_role("table", name="Hva bekreftelsen bokfører")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(title).to_contain_text("INV-000002")
        await expect(page.get_by_role("link", name="INV-000001")).to_be_visible()

        shown = {"status": "confirmed", "after": served.tenant.ledger.position()}
        invoices = served.api.get("/invoices", params=shown).json()["items"]
        (original,) = (each for each in invoices if each["corrects"] is None)
        (correction,) = (each for each in invoices if each["corrects"])
        assert original["has_corrections"]
        assert correction["total"] == f"-{original['total']}"


def drafted(api: Any) -> list[dict[str, Any]]:
    """The drafts that there are."""
    return api.get("/invoices", params={"status": "draft"}).json()["items"]
