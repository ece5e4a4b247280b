"""Details by hand: no item stands behind them (D-68)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aggregates.invoice.draft.by_hand import AddByHand
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.events import DetailsAdded, DetailsEdited, DetailsRemoved, InvoiceDetail
from aggregates.refusals import Invalid, NotFound
from aggregates.statuses import BillingMethod, BillingType, InvoiceStatus, TransactionClass
from tests.aggregates.examples import (
    CONFIRM,
    DAY,
    a_contract,
    a_fixed_price_line,
    a_line,
    draft,
    ready,
    sale,
    worth,
)
from tests.aggregates.invoice.drafts import (
    a_correction,
    a_draft,
    an_edit,
    detail,
    edit,
    edits,
    invoice,
    money,
    remove,
    totals,
)
from tests.spec import Outcome, given

FEE, TIME = TransactionClass.FEE, TransactionClass.TIME
DECIMALS = ("quantity", "unit_price", "tax")


def by_hand(**told: Any) -> AddByHand:
    """A fee of 1 x 80.00 with 15.20 of tax on line L1, unless told."""
    decimals = {name: Decimal(told.pop(name)) for name in DECIMALS if name in told}
    fee = AddByHand(
        seed="request 1",
        actor="jo",
        line_id="L1",
        transaction_class=FEE,
        date=DAY,
        quantity=Decimal(1),
        unit_price=Decimal(80),
        tax=Decimal("15.20"),
        description="Permit",
    )
    return replace(fee, **decimals, **told)


def a_fee(**told: Any) -> Outcome:
    """It, on a draft of 100.00."""
    return a_draft(worth("100")).when(by_hand(**told))


def test_a_detail_by_hand_is_on_the_draft_and_in_its_totals_and_bills_no_item_d68() -> None:
    story = a_fee(role="dev", resource="Ada", external_description="Fee")
    (added,) = story.events
    assert isinstance(added, DetailsAdded)
    (found,) = added.details
    assert story.decided.done == (found.detail_id,)
    assert found == InvoiceDetail(
        detail_id=found.detail_id,
        line_id="L1",
        item_id=None,
        kind="fee",
        date=DAY,
        description="Permit",
        quantity=Decimal(1),
        unit_price=Decimal(80),
        amount=Decimal(80),
        tax=Decimal("15.20"),
        billing_type=BillingType.CHARGEABLE,
        approval_id=None,
        milestone_id=None,
        external_description="Fee",
        role="dev",
        resource="Ada",
    )
    assert (added.amount, added.tax, added.actor) == (180, Decimal("15.20"), "jo")
    assert (detail(story, "Permit").source, detail(story, "Permit").edited) == (None, False)


def test_on_a_line_that_the_draft_did_not_have_it_makes_an_invoice_line_d68_d43() -> None:
    """Of a fixed price, too, with any class."""
    story = a_fee(line_id="F1", transaction_class=TIME)
    assert [(line.line_id, line.billing_method, line.amount) for line in invoice(story).lines] == [
        ("F1", BillingMethod.FIXED_PRICE, 80),
        ("L1", BillingMethod.TIME_AND_MATERIAL, 100),
    ]


def test_one_that_is_not_charged_counts_in_no_total_d68_d43() -> None:
    assert totals(a_fee(billing_type=BillingType.COMPLIMENTARY)) == money("100", "0")


def test_a_negative_fee_is_a_discount_d68() -> None:
    assert totals(a_fee(quantity="-1", tax="-15.20")) == money("20", "-15.20")


def test_its_amount_is_rounded_once_to_the_currency_s_unit_d68_d1() -> None:
    assert detail(
        a_fee(quantity="0.333333", unit_price="0.05", tax="0"), "Permit"
    ).stands.amount == (Decimal("0.02"))


def test_its_id_derives_from_the_request_so_that_a_repetition_gives_the_same_d68() -> None:
    first, again, other = a_fee(), a_fee(), a_fee(seed="request 2")
    assert first.events == again.events
    assert first.decided.done != other.decided.done
    both = first.when(by_hand(seed="request 2"))
    assert len(invoice(both).details) == 3


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        ({"quantity": "0", "tax": "0"}, "quantity_zero", "quantity"),
        ({"quantity": "-1", "transaction_class": TIME}, "negative_quantity", "quantity"),
        ({"quantity": "-1", "line_id": "F1", "transaction_class": TIME}, "negative_quantity", None),
        ({"quantity": "0.1234567"}, "invalid_field", "quantity"),
        ({"unit_price": "-80"}, "invalid_field", "unit_price"),
        ({"unit_price": "0"}, "tax_without_amount", "tax"),
        ({"tax": "-1"}, "tax_without_amount", "tax"),
        ({"tax": "0.001"}, "invalid_field", "tax"),
        ({"billing_type": BillingType.NOT_AVAILABLE}, "invalid_field", "billing_type"),
        ({"line_id": "L9"}, "invalid_field", "line_id"),
    ],
)
def test_what_a_detail_by_hand_cannot_be_is_refused_d68_d65(
    told: dict[str, Any], code: str, field: str | None
) -> None:
    refused = a_fee(**told).then_refused(Invalid, code=code)
    assert isinstance(refused.refusal, Invalid)
    assert field in {None, refused.refusal.field}


def test_the_line_must_have_the_customer_at_any_share_d68() -> None:
    lines = (
        a_line("L1", splits={"A": "100", "B": "0"}),
        a_line("L2", splits={"B": "100"}),
        a_fixed_price_line("F1", splits={"A": "0", "B": "100"}),
    )
    story = given(a_contract(), *lines).when(worth("100")).when(ready(sale())).when(draft())
    story.when(by_hand(line_id="L2")).then_refused("customer_not_on_line", rule="D-68")
    at_nothing = story.when(by_hand(line_id="F1"))
    assert at_nothing.the(DetailsAdded).details[0].quantity == 1  # not split


def test_a_time_and_material_line_must_include_the_class_d68() -> None:
    lines = (a_line("L1", includes=(TIME,)), a_fixed_price_line("F1", includes=(TIME,)))
    story = given(a_contract(), *lines).when(worth("100")).when(ready(sale())).when(draft())
    story.when(by_hand()).then_refused("class_not_included", rule="D-68")
    assert story.when(by_hand(line_id="F1")).the(DetailsAdded).details[0].kind == "fee"


def test_nothing_goes_by_hand_on_what_is_confirmed_deleted_or_corrective_d68_d77() -> None:
    story = a_draft(worth("100"))
    confirmed = story.when(CONFIRM)
    confirmed.when(by_hand()).then_refused("invoice_confirmed", rule="D-44")
    story.when(DeleteDraft()).when(by_hand()).then_refused(NotFound, code="invoice_not_found")
    a_correction(confirmed).when(by_hand()).then_refused("corrective_draft", rule="D-77")


def test_edits_of_one_derive_from_what_was_put_there_by_hand_d65_d68() -> None:
    story = a_fee(quantity="3", unit_price="33.33", tax="19")
    away = edit(edit(story, "Permit", quantity="1"), "Permit", quantity="2")
    assert detail(away, "Permit").stands.tax == Decimal("12.67")
    assert away.the(DetailsEdited).details[0].edited is False
    back = edit(away, "Permit", quantity="3")
    assert (detail(back, "Permit").stands, totals(back)) == (
        detail(story, "Permit").stands,
        totals(story),
    )


def test_a_fee_may_become_a_discount_and_other_classes_may_not_d68() -> None:
    assert totals(edit(a_fee(), "Permit", quantity="-1")) == money("20", "-15.20")
    hours = a_fee(transaction_class=TIME)
    edit(hours, "Permit", quantity="-1").then_refused("negative_quantity", rule="D-68")
    edit(hours, "Permit", quantity="0").then_refused("quantity_zero")


def test_one_on_a_fixed_price_line_is_edited_as_work_is_d68_d42() -> None:
    story = edit(a_fee(line_id="F1"), "Permit", quantity="2", unit_price="70")
    assert totals(story) == money("240", "26.60")


def test_one_is_removed_without_a_trace_in_the_backlog_d69() -> None:
    story = a_fee()
    removed = remove(story, "Permit", is_ready=False)
    assert [type(event) for event in removed.events] == [DetailsRemoved]
    assert totals(removed) == money("100", "0")
    gone = detail(story, "Permit").stands.detail_id
    removed.when(edits(an_edit(gone, quantity="2"))).then_refused("detail_not_found")


def test_one_takes_an_invoice_out_of_review_as_any_change_d73() -> None:
    assert invoice(a_fee()).status is InvoiceStatus.DRAFT
    assert "jo" in invoice(a_fee()).changed_by
