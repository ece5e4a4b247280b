"""Intake in the browser: what waits, what was refused, and what is to be corrected."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served

CONTRACT, LINE = "S7-C001", "S7-C001-T1"


def approved(event_id: str, contract_id: str, line_id: str, **data: Any) -> dict[str, Any]:
    """An approved time entry, as an upstream system posts it."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "urn:timesheets",
        "type": "projects.time.approved.v1",
        "data": {
            "approval_id": f"A-{event_id}",
            "contract_id": contract_id,
            "line_id": line_id,
            "date": "2026-10-05",
            "quantity": "8",
            "unit_price": "200.00",
            "tax": "304.00",
            "currency": "EUR",
            **data,
        },
    }


def post(served: Served, *events: dict[str, Any]) -> None:
    """Others post events."""
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    served.api.post("/events/batch", json=events, headers=kind).raise_for_status()


def happened(served: Served, event_type: str) -> list[dict[str, Any]]:
    """The events of a type in the history."""
    answer = served.api.get("/audit/events", params={"type": event_type})
    return answer.json()["items"]


async def test_what_waits_says_what_it_lacks_and_goes_when_that_comes(
    page: Page, served: Served
) -> None:
    post(served, approved("p-1", "PC-404", "X"), approved("p-2", CONTRACT, "NEW"))
    await page.goto(served.at("intake"))
    first, second = page.get_by_role("row").nth(1), page.get_by_role("row").nth(2)
    await expect(first).to_contain_text("There is no contract PC-404 yet.")
    await expect(second).to_contain_text(f"Contract {CONTRACT} has no line NEW yet.")
    await expect(second.get_by_role("link", name=f"Open contract {CONTRACT}")).to_have_attribute(
        "href", f"/ui/contracts/{CONTRACT}"
    )
    await second.get_by_role("button", name="Try again: p-2").click()
    await expect(page.locator(".notice")).to_contain_text("p-2 still waits.")
    known = served.api.get(f"/contracts/{CONTRACT}").json()
    customer = known["customers"][0]["customer_id"]
    line = {
        "name": "New",
        "project_id": "P",
        "billing_method": "time_and_material",
        "customers": [{"customer_id": customer, "split_percent": "100"}],
    }
    served.api.put(f"/contracts/{CONTRACT}/lines/NEW", json=line).raise_for_status()
    await expect(page.get_by_role("button", name="1 change")).to_be_visible()
    assert await page.locator("tr.gone").inner_text()
    await page.get_by_role("button", name="1 change").click()
    await expect(page.get_by_role("row")).to_have_count(2)


async def test_rows_stay_where_they_are_and_typing_stays_while_others_work(
    page: Page, served: Served
) -> None:
    post(served, *(approved(f"p-{at}", "PC-404", "X") for at in range(3)))
    await page.goto(served.at("intake"))
    third = page.get_by_role("row").nth(3)
    before = await third.bounding_box()
    await page.get_by_role("button", name="Dismiss: p-1").click()
    await page.get_by_label("Reason").fill("typed so far")
    post(served, approved("p-9", "PC-405", "X"))
    served.api.request("DELETE", "/intake/parked/p-0", json={"reason": "by another"})
    await expect(page.locator(".alerts button", has_text="changes")).to_have_text("2 changes")
    assert await third.bounding_box() == before
    await expect(page.get_by_label("Reason")).to_have_value("typed so far")
    await page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator("tbody tr")).to_have_count(2)
    assert [event["reason"] for event in happened(served, "EventUnparked")] == [
        "by another",
        "typed so far",
    ]


async def test_an_event_is_dismissed_in_norwegian_without_a_mouse(
    new_page: NewPage, served: Served
) -> None:
    post(served, approved("p-1", "PC-404", "X"), approved("p-2", "PC-404", "X"))
    page = await new_page(locale="nb-NO")
    await page.goto(served.at("settings"))
    await expect(page.get_by_role("heading", name="Innstillinger")).to_be_visible()
    await page.keyboard.press("g")
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", name="Mottak")).to_be_visible()
    await expect(page.locator("tbody tr")).to_have_count(2)
    dismiss = page.get_by_role("button", name="Forkast: p-1")
    for _ in range(60):
        if await dismiss.evaluate("button => button === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Grunn")).to_be_focused()
    await page.keyboard.type("   ")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Grunn")).to_be_focused()
    await page.keyboard.type("feil linje")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.get_by_role("button", name="Prøv igjen: p-2")).to_be_focused()
    assert [event["reason"] for event in happened(served, "EventUnparked")] == ["feil linje"]


async def test_a_long_list_goes_on_by_more_and_keeps_the_focus(page: Page, served: Served) -> None:
    post(served, *(approved(f"p-{at:03}", "PC-404", "X") for at in range(130)))
    await page.goto(served.at("intake"))
    await expect(page.locator("tbody tr")).to_have_count(100)
    await page.get_by_role("button", name="More", exact=True).press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(130)
    await expect(page.get_by_role("button", name="Try again: p-100")).to_be_focused()
    await expect(page.get_by_role("button", name="More", exact=True)).to_be_hidden()


async def test_what_was_refused_names_its_fields_and_shows_markup_as_text(
    page: Page, served: Served
) -> None:
    post(
        served,
        approved("<b>r-1</b>", CONTRACT, LINE, approval_id="A", quantity="eight", unit_price="x"),
    )
    await page.goto(served.at("intake?tab=refused"))
    row = page.get_by_role("row").nth(1)
    await expect(row).to_contain_text("<b>r-1</b>")
    await expect(row.get_by_role("listitem")).to_have_text(["Quantity", "Unit price"])
    await expect(row).not_to_contain_text("decimal")
    await row.get_by_text("What the service answered").click()
    await expect(row.locator("pre")).to_contain_text("must be a plain decimal")


async def test_an_obligation_is_waived_once_and_found_by_its_status(
    page: Page, served: Served
) -> None:
    await page.goto(served.at("intake?tab=obligations"))
    await page.get_by_role("button", name="Waive: S7-A0000007").click()
    await expect(page.get_by_role("dialog")).to_contain_text("65,688 JPY stays billed")
    await page.get_by_label("Reason").fill("agreed with the customer")
    await page.get_by_role("dialog").get_by_role("button", name="Waive").dblclick()
    await expect(page.get_by_role("heading", name="Nothing is to be corrected")).to_be_visible()
    assert len(happened(served, "ObligationWaived")) == 1
    await page.get_by_label("Status").select_option("waived")
    await expect(page.get_by_role("row").nth(1)).to_contain_text("agreed with the customer")
    assert page.url == served.at("intake?tab=obligations&status=waived")
    await page.go_back()
    await expect(page.get_by_role("heading", name="Nothing is to be corrected")).to_be_visible()
    await expect(page.get_by_label("Status")).to_have_value("open")


async def test_a_list_that_fails_says_so_and_can_be_tried_again(
    page: Page, served: Served, complaints: list[str]
) -> None:
    post(served, approved("p-1", "PC-404", "X"))
    await page.route("**/v1/intake/parked*", lambda route: route.abort())
    await page.goto(served.at("intake"))
    await expect(page.get_by_text("The service can't be reached.")).to_be_visible()
    await page.unroute("**/v1/intake/parked*")
    await page.get_by_role("button", name="Try again", exact=True).click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.get_by_text("The service can't be reached.")).to_be_hidden()
    complaints.clear()


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("en-GB", "light", 1280), ("nb-NO", "dark", 360)]
)
async def test_everyone_can_use_it(
    new_page: NewPage, served: Served, locale: str, scheme: str, width: int
) -> None:
    post(served, approved("p-1", CONTRACT, "NEW"), approved("r-1", CONTRACT, LINE, quantity="x"))
    page = await new_page(
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 740}
    )
    for tab in ("parked", "refused", "obligations"):
        await page.goto(served.at(f"intake?tab={tab}"))
        await expect(page.locator("tbody tr")).to_have_count(1)
        assert await violations(page) == []
    await page.locator("tbody button").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []
