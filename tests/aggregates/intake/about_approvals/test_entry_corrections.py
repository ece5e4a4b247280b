"""Corrected entries: reversed, and recorded anew by the terms of their line (D-85)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aggregates.contract_line.events import UnbilledSalesBooked
from aggregates.contract_line.recalled.events import (
    CorrectedWorkExpected,
    ObligationsChanged,
    SalesDescribed,
)
from aggregates.intake.about_approvals import entry_corrections, what_entries_say
from aggregates.intake.about_approvals.what_entries_say import CorrectApproval
from aggregates.intake.events import ApprovalCorrected
from aggregates.refusals import Refused
from aggregates.statuses import BillingMethod, BillingType, NTEStatus
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    DAY,
    SOURCE,
    a_contract,
    a_line,
    committed,
    define_line,
    draft,
    ready,
)
from tests.aggregates.intake.about_approvals.recalling import (
    EIGHT_HOURS,
    ITEM,
    approved,
    billed,
    booked_rows,
    corrected,
    found,
    known,
    open_obligations,
    recall,
    reversed_rows,
)
from tests.aggregates.invoice.books import confirmed, correct
from tests.aggregates.invoice.drafts import edit
from tests.spec import Outcome, given


def test_an_entry_is_reversed_and_recorded_anew_d85() -> None:
    outcome = corrected(approved().after, quantity=Decimal(6))
    assert reversed_rows(outcome) == ["U -8 / -760.00 / -144.40"]
    assert booked_rows(outcome) == ["A U +6 / 570.00 / 108.30"]
    assert set(map(str, committed(outcome.after).values())) == {"570.00"}
    (item,) = outcome.after.lines["L1"].sales.values()
    assert (item.nte_status, item.role, item.actual.replaces) == (
        NTEStatus.COMMITTED,
        "senior",
        ITEM,
    )
    assert known(outcome.after).items == (item.item_id,)
    again = corrected(outcome.after, quantity=Decimal(7), tax=Decimal(1))
    assert booked_rows(again) == ["A U +7 / 665.00 / 1.00"]


def test_tax_stays_where_the_amount_does_and_where_there_was_none_d65() -> None:
    story = approved().after
    same = corrected(story, quantity=Decimal("8.00"), date=DAY, role=None)
    assert booked_rows(same) == ["A U +8 / 760.00 / 144.40"]
    free = given(a_contract(), a_line()).when(replace(EIGHT_HOURS, unit_price=Decimal(0)))
    assert booked_rows(corrected(free.after, unit_price=Decimal(10))) == ["A U +8 / 80.00 / 144.40"]


def test_parts_that_are_not_charged_are_told_from_what_the_entry_came_to_d21() -> None:
    cut = given(a_contract(), a_line()).when(replace(EIGHT_HOURS, billable_quantity=Decimal(6)))
    outcome = corrected(cut.after, billable_quantity=Decimal(7))
    assert booked_rows(outcome) == ["A U +7 / 665.00 / 168.47", "A U +1 / 95.00 / 0.00"]
    all_of_it = corrected(cut.after, billable_quantity=None, quantity=Decimal(8))
    assert booked_rows(all_of_it) == ["A U +8 / 760.00 / 192.53"]


def test_what_the_terms_took_away_may_be_charged_elsewhere_d22() -> None:
    by_terms = approved(roles={"senior": False})
    before = what_entries_say.entry_of(
        known(by_terms.after), found(by_terms.after).origins, by_terms.after.deal
    )
    assert before.billing_type is BillingType.CHARGEABLE
    of = known(by_terms.after)
    of_before = replace(of, recorded=replace(of.as_recorded, said=None))
    assert before == what_entries_say.entry_of(
        of_before, found(by_terms.after).origins, by_terms.after.deal
    )
    assert booked_rows(corrected(by_terms.after, line_id="L2")) == [
        "A U +2 / 190.00 / 36.10",
        "B U +6 / 570.00 / 108.30",
    ]
    gift = given(a_contract(), a_line()).when(
        replace(EIGHT_HOURS, billing_type=BillingType.COMPLIMENTARY)
    )
    kept = what_entries_say.entry_of(known(gift.after), found(gift.after).origins, gift.after.deal)
    assert kept.billing_type is BillingType.COMPLIMENTARY
    of = known(gift.after)
    of_before = replace(of, recorded=replace(of.as_recorded, said=None))
    assert kept == what_entries_say.entry_of(of_before, found(gift.after).origins, gift.after.deal)


@pytest.mark.parametrize(
    ("told", "new", "comes_to"),
    [
        ({"billable_quantity": Decimal(10)}, Decimal(6), ["A U +6", "A U +2"]),
        ({"billable_quantity": Decimal(0)}, Decimal(4), ["A U +4", "A U +4"]),
        ({"billing_type": BillingType.NON_CHARGEABLE}, Decimal(4), ["A U +8"]),
    ],
)
def test_what_the_actuals_do_not_tell_is_remembered_d85_d21(
    told: dict[str, Any], new: Decimal, comes_to: list[str]
) -> None:
    story = given(a_contract(), a_line()).when(replace(EIGHT_HOURS, **told)).after
    assert known(story).said
    outcome = corrected(story, billable_quantity=new)
    assert [row.partition(" /")[0] for row in booked_rows(outcome)] == comes_to
    assert known(approved().after).said is None


def test_the_tax_of_what_is_free_follows_all_of_it_d85() -> None:
    free = {"billing_type": BillingType.NON_CHARGEABLE, "billable_quantity": Decimal(6)}
    story = given(a_contract(), a_line()).when(replace(EIGHT_HOURS, **free)).after
    assert booked_rows(corrected(story, quantity=Decimal(4))) == ["A U +4 / 380.00 / 72.20"]


def test_descriptions_alone_change_in_place_d85() -> None:
    outcome = corrected(approved().after, description="Piling")
    assert outcome.the(SalesDescribed).description == "Piling"
    assert outcome.after.lines["L1"].sales[ITEM].description == "Piling"
    assert outcome.decided.done == (ITEM,)
    unheard = outcome.the(SalesDescribed)
    line = outcome.after.happened(replace(unheard, items=("none",), description=None)).lines["L1"]
    assert line.sales[ITEM].description == "Piling"
    nothing = corrected(outcome.after, description="Piling")
    assert nothing.events == ()


def test_a_description_that_is_corrected_after_billing_stays_for_what_comes_later_d85() -> None:
    described = corrected(billed().after, description="Piling")
    assert described.all(SalesDescribed) == []
    assert known(described.after).items == (ITEM,)
    assert corrected(described.after, description="Piling").events == ()
    fewer = corrected(described.after, quantity=Decimal(6))
    assert fewer.the(ApprovalCorrected).entry.description == "Piling"
    whole = confirmed(correct(Outcome(fewer.after)))
    (item,) = whole.after.lines["L1"].sales.values()
    assert (item.description, item.role) == ("Piling", "senior")


def test_what_waits_for_an_invoice_to_be_corrected_is_described_too_d85() -> None:
    fewer = corrected(billed().after, quantity=Decimal(6))
    described = corrected(fewer.after, description="Piling")
    assert [each.reason for each in open_obligations(described.after)] == [None]
    whole = confirmed(correct(Outcome(described.after)))
    (item,) = whole.after.lines["L1"].sales.values()
    assert (item.description, str(item.actual.amount)) == ("Piling", "570.00")


def test_a_draft_keeps_the_description_that_it_was_drafted_with_d85() -> None:
    drafted = approved().when(ready(ITEM)).when(draft(ITEM))
    described = corrected(drafted.after, description="Piling")
    assert described.after.lines["L1"].sales[ITEM].description == "Piling"
    (invoice,) = described.after.invoices.values()
    assert [detail.stands.description for detail in invoice.details.values()] == [""]
    fewer = corrected(described.when(CONFIRM).after, quantity=Decimal(6))
    assert fewer.the(ApprovalCorrected).entry.description == "Piling"


def test_an_entry_goes_to_another_line_or_is_not_billable_there_d85() -> None:
    story = approved().after
    moved = corrected(story, line_id="L2")
    assert moved.the(ApprovalCorrected).to_line_id == "L2"
    assert known(moved.after).place == (CONTRACT, "L2")
    not_billable = corrected(story, line_id="FP")
    assert [left.why.code for left in not_billable.decided.left] == ["fixed_price_line"]
    assert booked_rows(not_billable) == []
    assert set(map(str, committed(not_billable.after).values())) == {"0.00"}
    described = corrected(not_billable.after, description="Piling")
    back = corrected(described.after, line_id="L1")
    assert booked_rows(back) == ["A U +8 / 760.00 / 144.40"]
    assert back.after.lines["L1"].sales[known(back.after).items[0]].description == "Piling"


def test_another_contract_has_limits_of_its_own_and_the_same_currency_d85() -> None:
    story = approved().after
    command = CorrectApproval(
        source=SOURCE,
        approval_id="1",
        contract_id=CONTRACT,
        line_id="L1",
        reason=None,
        new={"contract_id": "C2", "line_id": "L9"},
    )
    of = known(story)

    def at(limit: str, currency: str = "EUR") -> Outcome:
        there = given(a_contract(limit=limit, currency=currency), a_line("L9", currency=currency))
        other = replace(
            there.deal,
            contract=replace(there.contract, contract_id="C2"),
            lines={"L9": replace(there.lines["L9"], contract_id="C2")},
        )
        deals = story.deal, other
        return Outcome(story, entry_corrections.correct(command, of, found(story), deals, DAY))

    done = at("500")
    assert booked_rows(done) == ["A U +8 / 760.00 / 144.40"]
    assert set(map(str, committed(done.after).values())) == {"0.00"}
    with pytest.raises(Refused) as refusal:
        at("500", "USD")
    assert refusal.value.code == "currency"


def test_a_recalled_approval_can_not_be_corrected_d82() -> None:
    entry_corrections.check_not_recalled(known(approved().after))
    with pytest.raises(Refused) as refusal:
        entry_corrections.check_not_recalled(known(recall(approved().after).after))
    assert (refusal.value.code, refusal.value.rule) == ("approval_canceled", "D-82")


def test_corrected_values_come_when_what_was_billed_is_credited_d85() -> None:
    outcome = corrected(billed().after, quantity=Decimal(6))
    assert (reversed_rows(outcome), booked_rows(outcome)) == ([], [])
    (owed,) = open_obligations(outcome.after)
    assert (str(owed.amount), owed.cause) == ("760.00", "entry_correction")
    part = confirmed(edit(correct(Outcome(outcome.after)), quantity="7"))
    assert reversed_rows(part) == ["U -1 / -95.00 / -18.05"]
    assert len(open_obligations(part.after)) == 1
    whole = confirmed(correct(part, key="K2", invoice_id="K1"))
    assert reversed_rows(whole) == ["U -7 / -665.00 / -126.35"]
    assert booked_rows(whole)[-1] == "A U +6 / 570.00 / 108.30"
    assert open_obligations(whole.after) == []
    (item,) = whole.after.lines["L1"].sales.values()
    assert item.nte_status is NTEStatus.NOT_EVALUATED


def test_what_takes_the_place_of_credited_work_names_what_came_back_d85_d78() -> None:
    credited = confirmed(correct(billed()))
    (back,) = credited.after.lines["L1"].sales
    outcome = corrected(credited.after, quantity=Decimal(6))
    assert reversed_rows(outcome) == ["U -8 / -760.00 / -144.40"]
    assert list(outcome.the(UnbilledSalesBooked).replaces.values()) == [back]


def test_an_invoice_with_the_corrected_values_owes_nothing_d85() -> None:
    outcome = corrected(billed().after, quantity=Decimal(6))
    done = confirmed(edit(correct(Outcome(outcome.after)), quantity="6"))
    assert open_obligations(done.after) == []
    assert done.the(ObligationsChanged).obligations[0].status == "closed"
    assert not done.after.lines["L1"].sales


def test_a_billed_entry_that_is_not_billable_any_more_is_owed_alone_d85() -> None:
    outcome = corrected(billed().after, line_id="FP")
    (owed,) = open_obligations(outcome.after)
    assert owed.instead is None
    ended = recall(outcome.after)
    assert [each.cause for each in open_obligations(ended.after)] == ["recall"]


def test_the_last_of_several_corrections_counts_and_a_recall_ends_them_d85() -> None:
    once = corrected(billed().after, quantity=Decimal(6)).after
    twice = corrected(once, unit_price=Decimal(100)).after
    (owed,) = open_obligations(twice)
    assert owed.instead
    (to_come,) = owed.instead.work.sales
    assert (str(to_come.quantity), str(to_come.amount)) == ("6.000000", "600.00")
    ended = recall(twice).after
    (owed,) = open_obligations(ended)
    assert (owed.cause, owed.instead) == ("recall", None)
    done = confirmed(correct(Outcome(ended)))
    assert booked_rows(done) == ["A U +8 / 760.00 / 144.40"]
    assert not done.after.lines["L1"].sales


def test_a_line_that_corrected_work_will_come_to_keeps_its_method_and_customers_d85_d3() -> None:
    expected = corrected(billed().after, line_id="L2")
    assert expected.the(CorrectedWorkExpected).customers == ("A",)
    fixed = define_line("L2", method=BillingMethod.FIXED_PRICE)
    expected.when(fixed).then_refused("billing_method_fixed")
    expected.when(define_line("L2", splits={"B": "100"})).then_refused("customer_has_items")
    again = corrected(expected.after, quantity=Decimal(6))
    assert again.all(CorrectedWorkExpected) == []
