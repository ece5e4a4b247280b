"""Invoices in the browser: their list, and the workbench of one."""

import re
from decimal import Decimal
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served


def read(served: Served, path: str, **params: str) -> dict[str, Any]:
    """What the API shows once its views have all that is recorded."""
    after = served.tenant.ledger.position()
    return served.api.get(path, params={"after": after, **params}).raise_for_status().json()


def listed(served: Served, **filters: str) -> list[dict[str, Any]]:
    """The invoices that the API lists with these filters."""
    return read(served, "/invoices", limit="1000", **filters)["items"]


def invoice(served: Served, invoice_id: str) -> dict[str, Any]:
    return read(served, f"/invoices/{invoice_id}")


def details(served: Served, invoice_id: str) -> list[dict[str, Any]]:
    return [each for line in invoice(served, invoice_id)["lines"] for each in line["details"]]


def edit(served: Served, invoice_id: str, detail: dict[str, Any], **changes: str) -> None:
    """What somebody else does meanwhile."""
    answer = served.api.patch(f"/invoices/{invoice_id}/details/{detail['detail_id']}", json=changes)
    assert answer.status_code == 200, answer.text


def edited_row(page: Page, detail: dict[str, Any]) -> Locator:
    return page.locator(f'tr[data-key="{detail["detail_id"]}"]')


def open_draft(served: Served, method: str = "time_and_material") -> dict[str, Any]:
    """A draft of the sample that has a line of this method."""
    return next(
        each
        for each in listed(served, status="draft")
        if any(line["billing_method"] == method for line in each["lines"])
    )


async def test_what_one_types_outlives_what_others_change_and_overwrites_none_of_it_unseen(
    page: Page, served: Served, complaints: list[str]
) -> None:
    invoice_id = open_draft(served)["invoice_id"]
    mine, other, *_ = details(served, invoice_id)
    await page.goto(served.at(f"invoices/{invoice_id}"))
    await edited_row(page, mine).get_by_role("button").click()
    quantity = page.get_by_label("Quantity")
    await expect(quantity).to_be_focused()
    await quantity.fill("0.5")
    edit(served, invoice_id, mine, quantity="0.25")
    await expect(page.locator(".editor")).to_contain_text("Quantity is now 0.25")
    await expect(quantity).to_have_value("0.5")
    await expect(quantity).to_be_focused()

    async def lose(route: Route) -> None:
        if route.request.method == "GET":
            await route.abort()
        else:
            await route.continue_()

    # What the page is told too late: the version it names is stale, and the service says so.
    await page.route(re.compile(f"/v1/invoices/{invoice_id}"), lose)
    edit(served, invoice_id, other, external_description="<b>Bold</b> & new")
    await expect(page.locator(".notice.failed")).to_be_visible()
    await page.unroute_all()
    await quantity.press("Enter")
    await expect(page.locator(".editor")).to_contain_text("nothing was saved")
    await expect(page.locator(".editor")).to_contain_text("<b>Bold</b> & new")
    await expect(quantity).to_have_value("0.5")
    assert details(served, invoice_id)[0]["quantity"] == "0.25"
    await quantity.press("Enter")
    await expect(page.locator(".editor")).to_have_count(0)
    await expect(edited_row(page, mine).get_by_role("button")).to_be_focused()
    await expect(edited_row(page, mine)).to_contain_text("before: ")
    now, untouched, *_ = details(served, invoice_id)
    assert (now["quantity"], untouched["external_description"]) == ("0.5", "<b>Bold</b> & new")
    assert complaints
    complaints.clear()


async def test_many_are_confirmed_once_by_keys_alone_in_norwegian_dated_as_asked(
    new_page: NewPage, served: Served
) -> None:
    page = await new_page(locale="nb-NO", reduced_motion="reduce")
    drafts = listed(served, status="draft")
    sums: dict[str, Decimal] = {}
    for each in drafts:
        sums[each["currency"]] = sums.get(each["currency"], Decimal(0)) + Decimal(each["total"])
    await page.goto(served.at("invoices?status=draft"))
    await expect(page.locator(".invoice-rows tbody tr")).to_have_count(len(drafts))
    await page.get_by_label("Velg alle utkast i listen").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"Bekrefte {len(drafts)} fakturaer?")
    told = re.sub(r"\s", " ", await dialog.inner_text()).replace("\N{MINUS SIGN}", "-")
    for currency, amount in sums.items():
        assert f"{amount:,f} {currency}".replace(",", " ").replace(".", ",") in told
    date = page.get_by_label("Regnskapsdato")
    await expect(date).to_be_focused()
    await date.fill("2026-10-31")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")  # twice, as hands do
    job = page.locator(".job")
    await expect(job).to_contain_text(f"Ferdig: {len(drafts)} av {len(drafts)}.")
    await expect(job.locator("tbody tr")).to_have_count(len(drafts))
    await expect(page.locator(".state")).to_contain_text("Ingen faktura passer")
    assert len(read(served, "/jobs")["items"]) == 1
    confirmed = [invoice(served, each["invoice_id"]) for each in drafts]
    assert {each["accounting_date"] for each in confirmed} == {"2026-10-31"}
    await page.reload()  # the job stands in the address
    await expect(job.locator("tbody tr")).to_have_count(len(drafts))


async def test_all_that_is_ready_up_to_a_day_is_drafted_by_keys_and_each_draft_is_linked(
    page: Page, served: Served
) -> None:
    before = {each["invoice_id"] for each in listed(served)}
    await page.goto(served.at("invoices"))
    await expect(page.locator(".invoice-rows tbody tr")).to_have_count(len(before))
    await page.keyboard.press("c")
    await page.get_by_label("Cutoff date").fill("2026-10-31")
    await page.keyboard.press("Enter")
    await expect(page.locator(".job")).to_contain_text("Done:")
    made = [each for each in listed(served) if each["invoice_id"] not in before]
    assert made
    for each in made:
        await expect(
            page.locator(f'.job a[href="/ui/invoices/{each["invoice_id"]}"]')
        ).to_be_visible()
    await expect(page.locator(".invoice-rows tbody tr")).to_have_count(len(before) + len(made))


async def test_what_confirming_does_to_limits_is_shown_before_and_so_it_is_after(
    page: Page, served: Served
) -> None:
    draft = next(
        each
        for each in listed(served, status="draft")
        if invoice(served, each["invoice_id"])["figures"]["limits"]
    )
    invoice_id = draft["invoice_id"]
    edit(served, invoice_id, details(served, invoice_id)[0], quantity="0.01")
    await page.goto(served.at(f"invoices/{invoice_id}"))
    await expect(page.locator(".details").first).to_be_visible()
    await page.keyboard.press("b")
    rows = page.get_by_role("region", name="What limits become").locator("tbody tr")
    await expect(rows).not_to_have_count(0)
    shown = [
        [(await cell.inner_text()).split(" → ")[-1] for cell in await row.locator("td").all()][1:]
        for row in await rows.all()
    ]
    await expect(page.get_by_role("dialog")).to_contain_text("1 detail bills less")
    named = invoice(served, invoice_id)["figures"]["limits"]
    await page.get_by_label("Accounting date").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("INV-")
    levels = read(served, f"/contracts/{draft['contract_id']}/limits")["levels"]
    place = ("level", "line_id", "customer_id")
    after = [
        next(level for level in levels if all(level[of] == was[of] for of in place))
        for was in named
    ]
    assert shown == [
        [f"{Decimal(level[of]):,f}" for of in ("committed", "invoiced", "remaining")]
        for level in after
    ]
    await expect(page.locator("[data-action=confirm]")).to_be_hidden()
    await expect(page.locator("[data-action=correct]")).to_be_visible()


async def test_details_are_corrected_by_keys_in_norwegian_to_a_confirmed_correction(
    new_page: NewPage, served: Served
) -> None:
    page = await new_page(locale="nb-NO")
    billed = next(
        each
        for each in listed(served, status="confirmed")
        if each["corrects"] is None and not each["has_corrections"]
    )
    detail = next(
        each
        for each in details(served, billed["invoice_id"])
        if each["kind"] == "time" and Decimal(each["quantity"]) > 1 and Decimal(each["tax"])
    )
    await page.goto(served.at(f"invoices/{billed['invoice_id']}"))
    await edited_row(page, detail).get_by_role("checkbox").focus()
    await page.keyboard.press("Space")
    await page.get_by_role("button", name="Korriger 1 detalj").focus()
    await page.keyboard.press("Enter")
    credited = f"-{Decimal(detail['amount']):,f}".replace(",", " ").replace(".", ",")
    await expect(page.get_by_role("dialog")).to_contain_text(
        re.compile(credited.replace("-", "[-\N{MINUS SIGN}]").replace(" ", r"\s"))
    )
    await page.get_by_role("button", name="Opprett korreksjonen").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Utkast til korrigert faktura")
    await page.get_by_role("button", name=re.compile("^Rediger ")).press("Enter")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("0,5")
    await page.keyboard.press("Enter")
    await expect(page.locator(".editor")).to_have_count(0)
    (draft,) = listed(served, corrective="true", status="draft")
    (stays,) = details(served, draft["invoice_id"])
    assert stays["quantity"] == "0.5"
    await page.keyboard.press("b")
    await expect(page.get_by_role("table", name="Hva bekreftelsen bokfører")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("INV-")
    await page.get_by_role("link", name=billed["number"]).press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Faktura {billed['number']}")
    assert invoice(served, billed["invoice_id"])["has_corrections"]


async def test_the_list_stays_under_the_hand_while_others_work(page: Page, served: Served) -> None:
    rows = page.locator(".invoice-rows tbody tr")
    drafts = listed(served, status="draft")
    await page.goto(served.at("invoices?status=draft"))
    await expect(rows).to_have_count(len(drafts))
    kept, gone, *_ = drafts
    box = page.locator(f'tr[data-key="{kept["invoice_id"]}"] input')
    await box.check()
    edit(served, kept["invoice_id"], details(served, kept["invoice_id"])[-1], tax="0")
    total = Decimal(invoice(served, kept["invoice_id"])["total"])
    chosen = page.get_by_role("region", name="Selection")
    await expect(chosen).to_contain_text(f"1 selected: {total:,f}\u00a0{kept['currency']}")
    await expect(box).to_be_focused()
    served.api.delete(f"/invoices/{gone['invoice_id']}").raise_for_status()
    news = page.get_by_role("button", name="1 change")
    await expect(news).to_be_visible()
    await expect(rows).to_have_count(len(drafts))
    await news.click()
    await expect(rows).to_have_count(len(drafts) - 1)
    await expect(box).to_be_checked()

    # An answer that comes late doesn't stand over a newer one.
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route(re.compile(r"/v1/invoices\?.*status=confirmed"), hold)
    await page.get_by_role("link", name="Confirmed").click()
    await page.get_by_role("link", name="Corrections", exact=True).click()
    await expect(rows).to_have_count(len(listed(served, corrective="true")))
    (late,) = held
    await late.fulfill(response=await late.fetch())
    await page.evaluate("fetch('/v1/invoices').then((answer) => answer.text())")
    await expect(rows).to_have_count(len(listed(served, corrective="true")))
    await page.go_back()
    await page.go_back()
    await expect(page).to_have_url(served.at("invoices?status=draft"))
    await expect(rows).to_have_count(len(drafts) - 1)


async def test_details_leave_and_join_a_draft_and_what_was_undone_is_as_before(
    page: Page, served: Served, complaints: list[str]
) -> None:
    draft = open_draft(served)
    invoice_id = draft["invoice_id"]
    rows = page.locator(".details tbody tr:not(.editing)")
    first, *_ = all_of_it = details(served, invoice_id)
    await page.goto(served.at(f"invoices/{invoice_id}"))
    await expect(rows).to_have_count(len(all_of_it))
    await edited_row(page, first).get_by_role("button").click()
    await page.get_by_role("button", name="Remove, keep ready").click()
    await expect(rows).to_have_count(len(all_of_it) - 1)
    await page.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(len(all_of_it))
    assert invoice(served, invoice_id)["total"] == draft["total"]
    await page.get_by_role("button", name="Add by hand").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Description", exact=True).fill("Travel, lump sum")
    await dialog.get_by_label("Unit price").fill("80,5")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.get_by_label("Unit price")).to_have_attribute("aria-invalid", "true")
    await expect(dialog.get_by_label("Description", exact=True)).to_have_value("Travel, lump sum")
    await dialog.get_by_label("Unit price").fill("1,080.50")
    await dialog.get_by_role("button", name="Add", exact=True).dblclick()
    await expect(dialog).to_have_count(0)
    by_hand = [each for each in details(served, invoice_id) if each["item_id"] is None]
    assert [Decimal(each["amount"]) for each in by_hand] == [Decimal("1080.5")]
    await page.get_by_role("button", name="Delete the draft").click()
    await expect(dialog).to_contain_text("1 detail was edited or added by hand.")
    await dialog.get_by_role("button", name="Delete the draft").click()
    await expect(page).to_have_url(served.at("invoices"))
    assert invoice_id not in {each["invoice_id"] for each in listed(served)}
    assert len(complaints) == 1  # the price that was refused
    complaints.clear()


async def test_axe_finds_nothing_light_and_wide_or_dark_and_narrow(
    page: Page, served: Served
) -> None:
    draft = open_draft(served)["invoice_id"]
    edit(served, draft, details(served, draft)[0], billing_type="complimentary")
    await page.goto(served.at("invoices"))
    await page.locator(".invoice-rows thead input").check()
    assert await violations(page) == []
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(served.at(f"invoices/{draft}?add=1"))
    await page.locator(".details tbody button").first.click()
    await expect(page.locator(".editor")).to_be_visible()
    await expect(page.locator(".beside tbody tr").first).to_be_visible()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator("[data-action=confirm]").click()
    await expect(page.locator(".preview table").first).to_be_visible()
    assert await violations(page) == []


async def test_what_is_confirmed_is_what_was_shown_though_others_edit_it_meanwhile(
    page: Page, served: Served, complaints: list[str]
) -> None:
    draft = open_draft(served)
    invoice_id = draft["invoice_id"]
    first, *_ = details(served, invoice_id)
    await page.goto(served.at(f"invoices/{invoice_id}"))
    await expect(page.locator(".details").first).to_be_visible()
    await page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"{Decimal(draft['total']):,f}")
    edit(served, invoice_id, first, quantity="0.25")
    await expect(edited_row(page, first)).to_contain_text("0.25")  # behind the dialog
    await dialog.get_by_role("button", name="Confirm").click()
    await expect(dialog).to_contain_text("nothing was done")
    await expect(dialog.get_by_role("alert")).to_contain_text("→ 0.25")
    now = invoice(served, invoice_id)
    assert now["status"] == "draft"
    assert now["total"] != draft["total"]
    await expect(dialog).to_contain_text(f"{Decimal(now['total']):,f}")
    await page.keyboard.press("Enter")  # of a hand that was about to press it twice
    await expect(dialog).to_be_visible()
    await dialog.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("INV-")
    confirmed = invoice(served, invoice_id)
    assert (confirmed["status"], confirmed["total"]) == ("confirmed", now["total"])
    assert len(complaints) == 1  # the version that was stale
    complaints.clear()


async def test_many_are_confirmed_as_they_were_shown_or_the_reader_is_asked_anew(
    page: Page, served: Served
) -> None:
    drafts = listed(served, status="draft")
    changed, gone, *_ = drafts
    await page.goto(served.at("invoices?status=draft"))
    await page.get_by_label("Select all drafts that are listed").check()
    await page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    await page.get_by_label("Accounting date").fill("2026-10-31")
    edit(served, changed["invoice_id"], details(served, changed["invoice_id"])[0], tax="1234.5")
    served.api.delete(f"/invoices/{gone['invoice_id']}").raise_for_status()
    now = invoice(served, changed["invoice_id"])
    await page.keyboard.press("Enter")
    said = dialog.get_by_role("alert").first
    await expect(said).to_contain_text("nothing was confirmed")
    await expect(said).to_contain_text(
        f"{Decimal(changed['total']):,f}\u00a0{changed['currency']} → "
        f"{Decimal(now['total']):,f}\u00a0{now['currency']}"
    )
    await expect(said).to_contain_text("no longer a draft")
    assert read(served, "/jobs")["items"] == []
    left = [each for each in listed(served, status="draft") if each["currency"] == now["currency"]]
    total = sum(Decimal(each["total"]) for each in left)
    await expect(dialog.locator(".facts")).to_contain_text(f"{total:,f}\u00a0{now['currency']}")
    await page.keyboard.press("Enter")  # of a hand that was about to press it twice
    assert read(served, "/jobs")["items"] == []
    await dialog.get_by_role("button", name=f"Confirm {len(drafts) - 1} invoices").click()
    await expect(page.locator(".job")).to_contain_text(f"Done: {len(drafts) - 1} of")
    confirmed = invoice(served, changed["invoice_id"])
    assert (confirmed["total"], confirmed["accounting_date"]) == (now["total"], "2026-10-31")


async def test_tables_scroll_at_360_pixels_and_the_page_does_not(
    page: Page, served: Served
) -> None:
    draft = open_draft(served)
    for each in details(served, draft["invoice_id"]):
        if each["kind"] == "time":
            edit(served, draft["invoice_id"], each, quantity="0.25", tax="1")
    await page.set_viewport_size({"width": 360, "height": 740})
    wide = "document.documentElement.scrollWidth"
    await page.goto(served.at(f"invoices/{draft['invoice_id']}"))
    await expect(page.locator(".was").first).to_be_visible()
    of_invoice = await page.evaluate(wide)
    await page.goto(served.at(f"contracts/{draft['contract_id']}"))
    await expect(page.locator(".limits tbody tr").first).to_be_visible()
    assert (of_invoice, await page.evaluate(wide)) == (360, 360)


async def test_a_field_of_an_editor_says_what_number_it_takes(
    page: Page, served: Served, complaints: list[str]
) -> None:
    invoice_id = open_draft(served)["invoice_id"]
    first, *_ = details(served, invoice_id)
    await page.goto(served.at(f"invoices/{invoice_id}"))
    await edited_row(page, first).get_by_role("button").click()
    quantity = page.get_by_label("Quantity")
    await quantity.fill("abc")
    await quantity.press("Enter")
    said = page.locator(".editor [data-field=quantity] .refusal")
    await expect(said).to_have_text("Write a number such as 7.5.")
    await quantity.fill("1.1234567891234")
    await quantity.press("Enter")
    await expect(said).to_contain_text("how many decimals")
    price = page.get_by_label("Unit price")
    await quantity.fill("7.5")
    await price.fill("-1")
    await price.press("Enter")
    said = page.locator(".editor [data-field=unit_price] .refusal")
    await expect(said).to_contain_text("Correct this number: its sign")
    assert details(served, invoice_id)[0] == first
    assert len(complaints) == 3  # the numbers that were refused
    complaints.clear()


async def test_what_is_typed_and_not_saved_is_not_lost_without_a_word(
    page: Page, served: Served
) -> None:
    draft = open_draft(served)
    first, *_ = details(served, draft["invoice_id"])
    await page.goto(served.at("invoices"))
    await page.locator(f'tr[data-key="{draft["invoice_id"]}"] [data-part=link]').click()
    here = served.at(f"invoices/{draft['invoice_id']}")
    await edited_row(page, first).get_by_role("button").click()
    text = page.get_by_label("Description", exact=True)
    await text.fill("Typed, not saved")
    question = page.get_by_role("dialog", name="Discard what you typed?")

    async def keep() -> None:
        await expect(question).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(question).to_have_count(0)
        await expect(page).to_have_url(here)
        await expect(text).to_have_value("Typed, not saved")

    await page.get_by_role("navigation").get_by_role("link", name="Intake").click()
    await keep()
    await page.go_back()
    await keep()
    await text.press("Escape")
    await keep()
    await page.get_by_role("button", name="Add ready items").click()  # the same page
    await expect(page).to_have_url(here + "?add=1")
    await page.go_back()
    async with page.expect_event("dialog") as asked:
        await page.evaluate("setTimeout(() => location.reload())")
    browsers_own = await asked.value
    assert browsers_own.type == "beforeunload"
    await browsers_own.dismiss()
    await expect(text).to_have_value("Typed, not saved")
    await page.go_back()
    await question.get_by_role("button", name="Discard").click()
    await expect(page).to_have_url(served.at("invoices"))
    await expect(page.get_by_role("heading", level=1, name="Invoices")).to_be_visible()
    await page.go_forward()
    await edited_row(page, first).get_by_role("button").click()
    await expect(text).to_have_value(first["description"])
    await text.press("Escape")  # nothing is typed: nothing is asked
    await expect(page.locator(".editor")).to_have_count(0)
    await expect(question).to_have_count(0)
