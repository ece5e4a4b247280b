"""Details of a draft edited, one or many in a call (D-42, D-65 to D-67)."""

from decimal import Decimal
from typing import Any

import pytest

from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.editing import DetailsRefused
from aggregates.invoice.events import DetailsEdited, InvoiceSubmitted
from aggregates.refusals import NotFound
from aggregates.statuses import BillingType, InvoiceStatus
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    a_contract,
    a_line,
    a_milestone,
    an_approval,
    committed,
    draft,
    sale,
    worth,
)
from tests.aggregates.invoice.drafts import (
    a_draft,
    an_edit,
    codes,
    detail,
    edit,
    edits,
    figures,
    invoice,
    money,
    totals,
)
from tests.spec import Outcome, given

WORK = an_approval(quantity="7.5", price="120", tax="171")
GIFT, FREE = BillingType.COMPLIMENTARY, BillingType.NON_CHARGEABLE


# --- amounts -----------------------------------------------------------------------------------


def test_amount_and_tax_follow_from_the_source_and_the_whole_edit_so_far_d65() -> None:
    story = a_draft(WORK)
    for fields, amount, tax in (
        ({"quantity": "5"}, "600.00", "114.00"),
        ({"unit_price": "110"}, "550.00", "104.50"),
        ({"quantity": "7.5"}, "825.00", "156.75"),
        ({"unit_price": "120"}, "900.00", "171.00"),
        ({"tax": "100"}, "900.00", "100.00"),
    ):
        story = edit(story, **fields)
        assert (figures(story), totals(story)) == (money(amount, tax), money(amount, tax)), fields


def test_a_given_tax_stands_until_quantity_or_price_change_d65() -> None:
    story = edit(a_draft(WORK), quantity="5", tax="100")
    assert figures(story) == money("600", "100")
    assert figures(edit(story, description="Half a day")) == money("600", "100")
    assert figures(edit(story, billing_type=GIFT)) == money("600", "100")
    assert figures(edit(story, quantity="4")) == money("480", "91.2")


def test_the_same_quantity_and_price_given_again_change_no_tax_d65() -> None:
    story = edit(a_draft(WORK), quantity="5", tax="100")
    edit(story, quantity="5.0", unit_price="120.00").then()


def test_at_its_own_quantity_and_price_a_share_has_its_own_amount_d65_d2() -> None:
    """Which differs by a cent from half an hour at 10.01: the other customer has that cent."""
    story = given(a_contract(), a_line(splits={"A": "50", "B": "50"}))
    story = story.when(an_approval(quantity="1", price="10.01", tax="1.9"))
    story = story.when(MarkReady(items=(sale("1", "A"),))).when(draft())
    source = detail(story).stands
    assert (source.quantity, source.amount) == (Decimal("0.5"), Decimal("5.00"))
    away = edit(story, unit_price="20.02")
    assert figures(away) == money("10.01", "1.90")
    assert detail(edit(away, unit_price="10.01")).stands == source


def test_an_amount_of_the_source_s_has_the_source_s_tax_d65() -> None:
    story = edit(a_draft(WORK), quantity="5", unit_price="180")
    assert figures(story) == money("900", "171")


def test_from_an_amount_of_zero_no_tax_follows_and_nothing_is_divided_by_it_d65() -> None:
    story = a_draft(an_approval(quantity="2", price="0", tax="0"))
    assert figures(edit(story, unit_price="50")) == money("100", "0")
    assert figures(edit(story, unit_price="50", tax="19")) == money("100", "19")
    assert figures(edit(edit(story, unit_price="50"), unit_price="0")) == money("0", "0")


def test_tax_on_an_amount_of_zero_stays_as_it_came_while_the_amount_does_d65() -> None:
    story = a_draft(an_approval(quantity="2", price="0", tax="5"))
    assert figures(edit(story, quantity="3")) == money("0", "5")
    away = edit(story, unit_price="10")
    assert figures(away) == money("20", "0")
    assert figures(edit(away, unit_price="0")) == money("0", "5")


def test_a_price_of_zero_has_no_tax_d65() -> None:
    assert figures(edit(a_draft(WORK), unit_price="0")) == money("0", "0")


def test_a_negative_detail_stays_negative_and_is_edited_alike_d65() -> None:
    story = a_draft(an_approval(quantity="-4", price="25", tax="-19"))
    story = edit(story, quantity="-2")
    assert (figures(story), totals(story)) == (money("-50", "-9.5"), money("-50", "-9.5"))
    edit(story, quantity="2").then_refused("wrong_sign")
    edit(story, tax="1").then_refused("tax_without_amount")
    assert figures(edit(story, tax="-1")) == money("-50", "-1")


@pytest.mark.parametrize(
    ("currency", "price", "tax", "quantity", "expected"),
    [
        ("JPY", "333", "99", "2", money("666", "66")),
        ("JPY", "333", "100", "1.5", money("500", "50")),
        ("KWD", "0.333", "0.190", "2", money("0.666", "0.127")),
    ],
)
def test_amounts_keep_the_decimals_of_their_currency_d65_d1(
    currency: str, price: str, tax: str, quantity: str, expected: tuple[Decimal, Decimal]
) -> None:
    story = a_draft(
        an_approval(quantity="3", price=price, tax=tax, currency=currency), currency=currency
    )
    story = edit(story, quantity=quantity)
    assert figures(story) == expected


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"quantity": "0"}, "quantity_zero", "quantity"),
        ({"quantity": "-1"}, "wrong_sign", "quantity"),
        ({"quantity": "1.1234567"}, "invalid_field", "quantity"),
        ({"quantity": "999999999999", "unit_price": "999999999999"}, "invalid_field", "quantity"),
        ({"unit_price": "-1"}, "invalid_field", "unit_price"),
        ({"unit_price": "1.1234567"}, "invalid_field", "unit_price"),
        ({"tax": "-1"}, "tax_without_amount", "tax"),
        ({"unit_price": "0", "tax": "1"}, "tax_without_amount", "tax"),
        ({"tax": "0.001"}, "invalid_field", "tax"),
        ({"amount": "900"}, "field_not_editable", "amount"),
        ({"fixed": ("date",)}, "field_not_editable", "date"),
        ({"billing_type": BillingType.NOT_AVAILABLE}, "invalid_field", "billing_type"),
    ],
)
def test_an_edit_that_cannot_be_names_its_field_and_why_d65_d66(
    fields: dict[str, Any], code: str, field: str
) -> None:
    refused = edit(a_draft(WORK), **fields)
    refused.then_refused(DetailsRefused, code=code)
    assert isinstance(refused.refusal, DetailsRefused)
    (found,) = refused.refusal.details
    assert (found.why.code, getattr(found.why, "field", None)) == (code, field)


@pytest.mark.parametrize("field", ["quantity", "unit_price", "amount"])
def test_of_a_milestone_only_billing_type_tax_and_descriptions_are_edited_d42(field: str) -> None:
    story = a_draft(a_milestone(line_id="F1", tax="190"))
    edit(story, "M1", **{field: "1"}).then_refused("field_not_editable")
    edited = edit(
        story, "M1", billing_type=GIFT, tax="10", description="Piles", external_description="P"
    )
    stands = detail(edited, "Piles").stands
    assert (stands.amount, stands.tax, stands.billing_type) == (1000, 10, GIFT)
    assert (stands.quantity, stands.unit_price, stands.external_description) == (1, 1000, "P")


def test_what_the_source_has_is_never_refused_d67() -> None:
    """Work of a negative price, and with tax on nothing, can be taken in: it can be put back."""
    story = a_draft(an_approval(quantity="2", price="-5", tax="-1"), worth("0", "2"))
    away = edit(story, unit_price="5", tax="1")
    assert detail(edit(away, unit_price="-5")).stands == detail(story).stands
    edit(story, "2", tax="0").then()


def test_many_details_are_edited_in_one_call_all_or_none_d65() -> None:
    story = a_draft(WORK, worth("10", "2"), worth("20", "3"))
    first, second, third = (detail(story, n) for n in "123")
    refused = story.when(
        edits(
            an_edit(first, quantity="0"),
            an_edit(second, quantity="2"),
            an_edit(third, quantity="-1"),
            an_edit("none", quantity="1"),
            an_edit(second, quantity="3"),
        )
    )
    refused.then_refused("details_refused", rule="D-65")
    assert codes(refused) == {
        first.stands.detail_id: "quantity_zero",
        third.stands.detail_id: "wrong_sign",
        "none": "detail_not_found",
        second.stands.detail_id: "invalid_field",
    }
    done = story.when(edits(an_edit(first, quantity="5"), an_edit(third, unit_price="30")))
    event = done.the(DetailsEdited)
    assert [each.detail_id for each in event.details] == list(done.decided.done)
    assert (event.contract_id, event.actor, event.amount) == (CONTRACT, "jo", 640)
    assert totals(done) == money("640", "114")


def test_one_reason_for_all_is_the_reason_of_the_whole_d65() -> None:
    story = a_draft(WORK, worth("10", "2"))
    both = (an_edit(detail(story, n), quantity="0") for n in "12")
    refused = story.when(edits(*both)).then_refused("quantity_zero", rule="D-65")
    assert set(codes(refused).values()) == {"quantity_zero"}


def test_what_is_not_on_the_draft_cannot_be_edited() -> None:
    story = a_draft(WORK)
    story.when(edits(an_edit("none", quantity="1"))).then_refused("detail_not_found")


def test_a_confirmed_invoice_and_a_deleted_draft_are_not_edited_d44() -> None:
    story = a_draft(WORK, a_milestone(line_id="F1"))
    confirmed = story.when(CONFIRM)
    edit(confirmed, quantity="5").then_refused("invoice_confirmed", rule="D-44")
    edit(confirmed, "M1", tax="0", description="New").then_refused("invoice_confirmed")
    gone = story.when(DeleteDraft()).when(edits(an_edit(detail(story), quantity="5")))
    gone.then_refused(NotFound, code="invoice_not_found")


# --- what an edit does -------------------------------------------------------------------------


def test_a_billing_type_leaves_amount_and_tax_and_the_totals_follow_d66_d43() -> None:
    story = a_draft(an_approval(quantity="5", price="80", tax="76"), limit="1000")
    edited = edit(story, billing_type=GIFT)
    assert (figures(edited), totals(edited)) == (money("400", "76"), money("0", "0"))
    assert committed(edited.after) == committed(story.after)
    assert committed(edited.after)["contract"] == 400
    (line,) = invoice(edited).lines
    assert [(g.billing_type, g.count, g.amount, g.tax) for g in line.groups] == [(GIFT, 1, 400, 76)]
    assert totals(edit(edited, billing_type=FREE)) == money("0", "0")
    assert totals(edit(edited, billing_type=BillingType.CHARGEABLE)) == money("400", "76")


def test_a_detail_that_was_free_can_be_charged_d66() -> None:
    story = a_draft(an_approval(quantity="5", price="80", tax="76", billing_type=FREE))
    assert totals(story) == money("0", "0")
    assert totals(edit(story, billing_type=BillingType.CHARGEABLE)) == money("400", "76")


def test_an_edit_back_to_the_source_is_none_d67() -> None:
    story = a_draft(WORK)
    away = edit(story, quantity="5")
    assert (away.the(DetailsEdited).details[0].edited, detail(away).edited) == (True, True)
    back = edit(away, quantity="7.5")
    assert (back.the(DetailsEdited).details[0].edited, detail(back).edited) == (False, False)
    assert detail(back).stands == detail(story).stands


@pytest.mark.parametrize(
    ("fields", "is_edited"),
    [
        ({"quantity": "5"}, True),
        ({"unit_price": "119"}, True),
        ({"tax": "170"}, True),
        ({"billing_type": GIFT}, True),
        ({"description": "New"}, False),
        ({"external_description": "New"}, False),
    ],
)
def test_edited_is_what_differs_from_its_source_in_more_than_words_d67(
    fields: dict[str, Any], is_edited: bool
) -> None:
    edited = edit(a_draft(WORK), **fields)
    assert edited.the(DetailsEdited).details[0].edited is is_edited


def test_an_edit_that_changes_nothing_is_no_event_d67() -> None:
    story = a_draft(WORK)
    assert edit(story).then().decided.done == ()
    edit(story, quantity="7.500", tax="171.00", billing_type=BillingType.CHARGEABLE).then()
    edit(story, external_description="").then()


def test_descriptions_are_replaced_and_an_external_one_can_go_d42() -> None:
    story = edit(a_draft(WORK), description="Planning", external_description="Plan")
    stands = detail(story).stands
    assert (stands.description, stands.external_description) == ("Planning", "Plan")
    stands = detail(edit(story, description="", external_description="")).stands
    assert (stands.description, stands.external_description) == ("", None)


def test_an_edit_of_one_detail_leaves_its_neighbours_as_they_are_d65() -> None:
    story = a_draft(WORK, an_approval("2", quantity="3", price="33.33", tax="19"))
    story = edit(story, "2", quantity="2", tax="7.77")
    neighbour = detail(story, "2")
    edited = edit(story, quantity="5")
    assert [each.detail_id for each in edited.the(DetailsEdited).details] == [
        detail(story).stands.detail_id
    ]
    assert detail(edited, "2") == neighbour
    assert totals(edited) == money("666.66", "121.77")


def test_an_edit_moves_no_item_and_nothing_but_the_invoice_d42() -> None:
    story = a_draft(WORK)
    (event,) = edit(story, quantity="5").events
    assert event.stream == f"invoice/{invoice(story).invoice_id}"


def test_an_edit_takes_a_draft_out_of_review_d73() -> None:
    story = a_draft(WORK)
    submitted = InvoiceSubmitted(invoice_id=invoice(story).invoice_id, contract_id=CONTRACT)
    in_review = Outcome(story.after.happened(submitted))
    assert invoice(in_review).status is InvoiceStatus.IN_REVIEW
    edited = edit(in_review, quantity="5")
    assert invoice(edited).status is InvoiceStatus.DRAFT
    assert "jo" in invoice(edited).changed_by


def test_very_many_edits_are_cut_in_events_of_a_thousand_each_with_the_totals_so_far_d65() -> None:
    first, *rest = (worth("1", str(n)) for n in range(1001))
    story = given(a_contract(), a_line()).when(first, *rest)
    story = story.when(MarkReady(items=tuple(sale(str(n)) for n in range(1001)))).when(draft())
    all_of_them = (an_edit(each, quantity="2") for each in invoice(story).listed())
    edited = story.when(edits(*all_of_them))
    assert [(len(e.details), e.amount) for e in edited.all(DetailsEdited)] == [
        (1000, 2001),
        (1, 2002),
    ]
    assert totals(edited) == money("2002", "0")
