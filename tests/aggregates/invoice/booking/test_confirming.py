"""Confirmation: the limits, the number, the posting (D-17, D-35, D-37, D-44)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from aggregates.contract.defining import DefineContract
from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.contract_line.events import ItemsPosted, LineUsageChanged
from aggregates.contract_line.terms import DefineLine
from aggregates.invoice.booking.confirming import ConfirmInvoice
from aggregates.invoice.booking.numbering import NumberSeries
from aggregates.invoice.correcting import CorrectInvoice
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.editing import RemoveDetails
from aggregates.invoice.events import (
    ActualsBooked,
    InvoiceApproved,
    InvoiceConfirmed,
    InvoiceNumberAssigned,
)
from aggregates.limits import LimitExceeded
from aggregates.refusals import Invalid, NotFound
from aggregates.statuses import (
    ApprovalRule,
    BillingType,
    InvoiceStatus,
    LimitLevel,
    MilestoneStatus,
)
from aggregates.terms import FailedLevel
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    committed,
    define_contract,
    define_line,
    draft,
    invoiced,
    part,
    sale,
    worth,
)
from tests.aggregates.invoice.drafts import invoice
from tests.spec import Outcome, Story, given

SPLITS = {"A": "70", "B": "30"}


def ready(story: Story | Outcome, *items: str) -> Outcome:
    return story.when(MarkReady(items=items))


def one_draft() -> Outcome:
    """8 h at 200 and a milestone of 1,000 on a draft of A."""
    lines = (a_line("L1", limit="2000"), a_fixed_price_line("L2"))
    filled = given(a_contract(), *lines).when(an_approval(tax="20"))
    both = filled.when(a_milestone(line_id="L2", tax="10"))
    return ready(both, sale(), part(line_id="L2")).when(draft())


# --- D-44 --------------------------------------------------------------------------------------


def test_confirming_numbers_the_invoice_books_it_and_posts_its_items_d44() -> None:
    confirmed = one_draft().when(CONFIRM)
    assert [type(event) for event in confirmed.events] == [
        InvoiceNumberAssigned,
        InvoiceConfirmed,
        ActualsBooked,
        ItemsPosted,
        ItemsPosted,
        LineUsageChanged,
        LineUsageChanged,
        ContractUsageChanged,
    ]
    event = confirmed.the(InvoiceConfirmed)
    assert (event.number, event.accounting_date) == ("INV-000001", date(2026, 3, 31))
    assert (event.amount, event.tax, event.currency) == (2600, 30, "EUR")
    invoice = confirmed.after.invoices[event.invoice_id]
    assert (invoice.status, invoice.number) == (InvoiceStatus.CONFIRMED, "INV-000001")
    assert (invoice.accounting_date, invoice.amount) == (date(2026, 3, 31), 2600)


def test_posted_items_leave_the_open_backlog_d44_d13() -> None:
    confirmed = one_draft().when(CONFIRM)
    assert [(event.line_id, event.items) for event in confirmed.all(ItemsPosted)] == [
        ("L1", (sale(),)),
        ("L2", (part(line_id="L2"),)),
    ]
    lines = confirmed.after.lines
    assert lines["L1"].item(sale()) is None
    assert lines["L2"].item(part(line_id="L2")) is None
    (header,) = confirmed.all(ItemsPosted)[1].milestones
    assert header.status is MilestoneStatus.COMPLETED


def test_confirming_twice_is_the_same_as_once_d44() -> None:
    one_draft().when(CONFIRM).when(CONFIRM).then()


def test_the_series_has_no_gaps_d44() -> None:
    story = given(a_contract(), a_line(splits={"A": "40", "B": "30", "C": "30"}))
    filled = story.happened(a_contract("A", "B", "C")).when(an_approval())
    drafted = ready(filled, *(sale("1", customer) for customer in "ABC")).when(draft())
    first, second, third = drafted.after.invoices
    one = drafted.when(CONFIRM, invoice_id=second)
    two = one.when(DeleteDraft(), invoice_id=first).when(CONFIRM, invoice_id=third)
    assigned = [one.the(InvoiceNumberAssigned), two.the(InvoiceNumberAssigned)]
    assert [(e.series, e.sequence, e.number, e.invoice_id) for e in assigned] == [
        ("invoices", 1, "INV-000001", second),
        ("invoices", 2, "INV-000002", third),
    ]
    assert two.after.series == NumberSeries(series="invoices", sequence=2)


def test_a_refused_confirmation_uses_no_number_d44_d35() -> None:
    story = given(a_contract(), a_line(limits={"A": "1600"}))
    drafted = ready(story.when(an_approval()), sale()).when(draft())
    refused = drafted.when(define_line(limits={"A": "1"})).when(CONFIRM)
    refused.then_refused(LimitExceeded)
    assert refused.before.series is None
    assert refused.before.when(define_line()).when(CONFIRM).the(InvoiceConfirmed).number == (
        "INV-000001"
    )


def test_a_number_beyond_a_million_goes_on_d44() -> None:
    full = InvoiceNumberAssigned(
        series="invoices", sequence=999_999, number="INV-999999", invoice_id="x"
    )
    confirmed = one_draft().after.happened(full).when(CONFIRM)
    assert confirmed.the(InvoiceConfirmed).number == "INV-1000000"


def test_a_deleted_draft_is_gone_and_cannot_be_confirmed_d42_d44() -> None:
    one_draft().when(DeleteDraft()).when(CONFIRM).then_refused(NotFound, kind="invoice")


def test_a_milestone_is_completed_when_its_last_part_is_posted_d12() -> None:
    story = given(a_contract(), a_fixed_price_line(splits=SPLITS)).when(a_milestone())
    drafted = ready(story, part("M1", "A"), part("M1", "B")).when(draft())
    first, second = drafted.after.invoices
    one = drafted.when(CONFIRM, invoice_id=first)
    assert [h.status for h in one.the(ItemsPosted).milestones] == [MilestoneStatus.IN_PROGRESS]
    two = one.when(CONFIRM, invoice_id=second)
    assert [h.status for h in two.the(ItemsPosted).milestones] == [MilestoneStatus.COMPLETED]


# --- D-74 ---------------------------------------------------------------------------------------


def reviewed(approval: ApprovalRule) -> Outcome:
    """A draft of 110.00 under a limit of 100, of a contract with this rule of approval."""
    story = given(replace(a_contract(), approval=approval), a_line()).when(worth("110"))
    drafted = ready(story, sale()).when(draft())
    return drafted.when(define_line(limit="100"))


@pytest.mark.parametrize("rule", [ApprovalRule.REQUIRED, ApprovalRule.FOUR_EYES])
def test_the_first_check_that_fails_is_the_answer_d74(rule: ApprovalRule) -> None:
    story = reviewed(rule)
    story.when(CONFIRM).then_refused("not_approved", rule="D-73")
    approved = story.after.happened(approved_by_jo(story))
    approved.when(CONFIRM).then_refused("limit_exceeded")
    empty = story.when(RemoveDetails(actor="jo", details=tuple(invoice(story).details)))
    empty.when(CONFIRM).then_refused("invoice_empty", rule="D-74")
    empty.when(DeleteDraft()).when(CONFIRM).then_refused(NotFound)
    raised = approved.when(define_line(limit="110")).when(CONFIRM)
    assert raised.the(InvoiceConfirmed).number == "INV-000001"
    raised.when(define_line(limit="1")).when(CONFIRM).then_left(
        "already_confirmed", invoice(raised).invoice_id
    )


def test_without_a_rule_of_approval_an_invoice_is_confirmed_without_one_d73_d74() -> None:
    reviewed(ApprovalRule.NONE).when(CONFIRM).then_refused("limit_exceeded")


def test_a_correction_is_approved_like_any_other_draft_d73() -> None:
    story = given(replace(a_contract(), approval=ApprovalRule.REQUIRED), a_line()).when(worth("9"))
    drafted = ready(story, sale()).when(draft())
    confirmed = drafted.after.happened(approved_by_jo(drafted)).when(CONFIRM)
    corrective = CorrectInvoice(correction_id="K1", actor="jo", details=None)
    correction = confirmed.when(corrective)
    correction.when(CONFIRM).then_refused("not_approved")
    done = correction.after.happened(approved_by_jo(correction)).when(CONFIRM)
    assert done.the(InvoiceConfirmed).amount == -9


def approved_by_jo(story: Outcome) -> InvoiceApproved:
    of = invoice(story)
    return InvoiceApproved(
        invoice_id=of.invoice_id,
        contract_id=of.contract_id,
        actor="jo",
        at=datetime(2026, 3, 30, tzinfo=UTC),
        version=3,
    )


# --- D-35 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "line", "level"),
    [
        (
            define_contract("A", "B"),
            define_line(limits={"A": "1599.99"}),
            LimitLevel.LINE_CUSTOMER,
        ),
        (define_contract("A", "B"), define_line(limit="1599.99"), LimitLevel.LINE),
        (
            define_contract("A", "B", limits={"A": "1599.99"}),
            define_line(),
            LimitLevel.CONTRACT_CUSTOMER,
        ),
        (define_contract("A", "B", limit="1599.99"), define_line(), LimitLevel.CONTRACT),
    ],
)
def test_an_invoice_that_would_exceed_a_limit_is_refused_with_the_level_and_stays_a_draft_d35(
    contract: DefineContract, line: DefineLine, level: LimitLevel
) -> None:
    drafted = ready(given(a_contract(), a_line()).when(an_approval()), sale()).when(draft())
    refused = drafted.when(contract).when(line).when(CONFIRM)
    failed = FailedLevel(
        level=level, limit=Decimal("1599.99"), used=Decimal(0), shortfall=Decimal("0.01")
    )
    refused.then_refused("limit_exceeded", levels=[failed])
    (invoice,) = refused.before.invoices.values()
    assert invoice.status is InvoiceStatus.DRAFT


def test_an_invoice_is_refused_whole_and_every_level_is_named_d35() -> None:
    story = given(a_contract(limit="900", limits={"A": "800"}), a_fixed_price_line("L2"))
    both = story.happened(*a_line("L1")).when(a_milestone(line_id="L2"))
    filled = both.when(an_approval(quantity="1", billing_type=BillingType.COMPLIMENTARY))
    gift = sale(billing_type=BillingType.COMPLIMENTARY)
    refused = ready(filled, part(line_id="L2"), gift).when(draft()).when(CONFIRM)
    refused.then_refused("limit_exceeded")
    assert isinstance(refused.refusal, LimitExceeded)
    assert [(line_id, f.level, f.shortfall) for line_id, f in refused.refusal.exceeded] == [
        ("L2", LimitLevel.CONTRACT_CUSTOMER, 200),
        ("L2", LimitLevel.CONTRACT, 100),
    ]
    assert (refused.refusal.detail, refused.refusal.rule) == (
        "the invoice exceeds the contract customer limit of 800 by 200.00: 0 was invoiced to date",
        "D-35",
    )


def test_a_milestone_is_held_against_the_limits_when_its_invoice_is_confirmed_d17_d35() -> None:
    story = given(a_contract(limit="1500"), a_fixed_price_line())
    two = story.when(a_milestone("M1", "1000")).when(a_milestone("M2", "1000"))
    drafted = ready(two, part("M1"), part("M2"))
    first = drafted.when(draft(part("M1"))).when(CONFIRM)
    assert invoiced(first.after)["contract"] == 1000
    first.when(draft(part("M2"), key="draft 2")).when(CONFIRM).then_refused(
        "limit_exceeded",
        levels=[
            FailedLevel(
                level=LimitLevel.CONTRACT,
                limit=Decimal(1500),
                used=Decimal(1000),
                shortfall=Decimal(500),
            )
        ],
    )


def test_what_others_have_committed_or_drafted_has_no_say_d35() -> None:
    story = given(a_contract(limit="100"), a_line("L1"), a_fixed_price_line("L2"))
    filled = story.when(worth("100")).when(a_milestone("M1", "100", line_id="L2"))
    drafted = ready(filled, sale(), part(line_id="L2")).when(draft(sale()))
    other = drafted.when(draft(key="draft 2")).when(CONFIRM)
    assert invoiced(other.after)["contract"] == 100
    assert committed(other.after)["contract"] == 100
    first, _ = other.after.invoices
    other.when(CONFIRM, invoice_id=first).then_refused(LimitExceeded)


def test_debits_and_credits_of_an_invoice_are_held_against_the_limits_as_one_d35() -> None:
    story = given(a_contract(), a_line("L1"), a_line("L2"))
    filled = story.when(worth("120", "1", "L1"), worth("-30", "2", "L2"))
    drafted = ready(filled, sale("1"), sale("2", line_id="L2")).when(draft())
    limited = drafted.when(define_contract("A", "B", limit="90"))
    assert invoiced(limited.when(CONFIRM).after) == {
        "L1/A": 120,
        "L1": 120,
        "L2/A": -30,
        "L2": -30,
        "A": 90,
        "contract": 90,
    }
    tight = drafted.when(define_contract("A", "B", limit="89"))
    tight.when(CONFIRM).then_refused("limit_exceeded")


def test_a_credit_can_be_confirmed_above_a_limit_d35_d31() -> None:
    story = given(a_contract(), a_line("L1"))
    one = ready(story.when(worth("100", "1")), sale("1")).when(draft()).when(CONFIRM)
    credit = ready(one.when(worth("-10", "2")), sale("2")).when(draft(key="draft 2"))
    lowered = credit.when(define_contract("A", "B", limit="50"))
    assert invoiced(lowered.when(CONFIRM).after)["contract"] == 90


def test_a_limit_of_one_customer_does_not_stop_the_invoice_of_another_d35() -> None:
    story = given(a_contract(), a_fixed_price_line(splits=SPLITS)).when(a_milestone())
    drafted = ready(story, part("M1", "A"), part("M1", "B")).when(draft())
    limited = drafted.when(define_contract("A", "B", limits={"A": "1"}))
    of_a, of_b = limited.after.invoices
    limited.when(CONFIRM, invoice_id=of_a).then_refused(LimitExceeded)
    limited.when(CONFIRM, invoice_id=of_b).the(InvoiceConfirmed)


# --- D-37 --------------------------------------------------------------------------------------


def test_posting_moves_what_was_committed_and_adds_what_was_not_d37() -> None:
    confirmed = one_draft().when(CONFIRM).after
    assert set(committed(confirmed).values()) == {Decimal(0)}
    assert invoiced(confirmed) == {
        "L1/A": 1600,
        "L1": 1600,
        "L2/A": 1000,
        "L2": 1000,
        "A": 2600,
        "contract": 2600,
    }


def test_items_at_no_charge_are_posted_and_count_nowhere_d32_d37() -> None:
    free = BillingType.NON_CHARGEABLE
    story = given(a_contract(limit="1200"), a_line()).when(an_approval(billable="6"))
    drafted = ready(story, sale(), sale(billing_type=free)).when(draft())
    confirmed = drafted.when(CONFIRM)
    assert confirmed.the(InvoiceConfirmed).amount == 1200
    assert invoiced(confirmed.after)["contract"] == 1200
    assert not confirmed.after.lines["L1"].sales


def test_an_invoice_of_items_at_no_charge_is_confirmed_under_any_limit_d32_d35() -> None:
    free = BillingType.NON_CHARGEABLE
    story = given(a_contract(limit="0"), a_line()).when(an_approval(billing_type=free))
    confirmed = ready(story, sale(billing_type=free)).when(draft()).when(CONFIRM)
    assert confirmed.the(InvoiceConfirmed).amount == 0
    assert not confirmed.all(ContractUsageChanged)


# --- very many ---------------------------------------------------------------------------------


def test_very_many_details_are_posted_and_booked_in_events_of_a_thousand() -> None:
    first, *rest = (worth("1", str(n)) for n in range(501))
    story = given(a_contract(), a_line()).when(first, *rest)
    drafted = ready(story, *(sale(str(n)) for n in range(501))).when(draft())
    confirmed = drafted.when(CONFIRM)
    assert [len(event.actuals) for event in confirmed.all(ActualsBooked)] == [1000, 2]
    assert not confirmed.after.lines["L1"].sales


def test_a_milestone_that_an_event_of_a_thousand_cuts_in_two_is_completed_all_the_same_d12() -> (
    None
):
    story = given(a_contract(), a_fixed_price_line())
    for n in range(1001):
        story = story.when(a_milestone(f"M{n}", "1")).after
    drafted = ready(story, *(part(f"M{n}") for n in range(1001))).when(draft())
    confirmed = drafted.when(CONFIRM)
    assert [len(event.items) for event in confirmed.all(ItemsPosted)] == [1000, 1]
    line = confirmed.after.lines["L1"]
    assert (len(line.milestones), len(line.parts), len(line.ready)) == (0, 0, 0)


DAY_OF_CONFIRMATION = date(2026, 3, 31)


@pytest.mark.parametrize("days", [0, 1, 366, -400])
def test_an_accounting_date_may_lie_366_days_ahead_at_most_d44(days: int) -> None:
    accounting_date = DAY_OF_CONFIRMATION + timedelta(days=days)
    command = ConfirmInvoice(today=DAY_OF_CONFIRMATION, accounting_date=accounting_date)
    confirmed = one_draft().when(command).the(InvoiceConfirmed)
    assert confirmed.accounting_date == accounting_date


@pytest.mark.parametrize("days", [367, 3650])
def test_an_accounting_date_further_ahead_is_refused_and_the_draft_stays_d44(days: int) -> None:
    accounting_date = DAY_OF_CONFIRMATION + timedelta(days=days)
    command = ConfirmInvoice(today=DAY_OF_CONFIRMATION, accounting_date=accounting_date)
    one_draft().when(command).then_refused(Invalid, field="accounting_date")
    one_draft().when(CONFIRM).when(command).then()


@pytest.mark.parametrize("day", [date.min, date(1899, 12, 31), date.max])
def test_an_accounting_date_that_is_a_typing_error_is_refused_of_a_draft_alone_d44(
    day: date,
) -> None:
    command = ConfirmInvoice(today=DAY_OF_CONFIRMATION, accounting_date=day)
    one_draft().when(command).then_refused(Invalid, field="accounting_date")
    one_draft().when(CONFIRM).when(command).then()


@pytest.mark.parametrize("net", ["0", "-0.01"])
def test_an_invoice_whose_net_is_zero_or_less_passes_any_limit_d35_d31(net: str) -> None:
    line = a_line(limit="100")
    full = given(a_contract(), line).when(worth("100", "1"))
    billed = full.when(MarkReady(items=(sale("1"),))).when(draft()).when(CONFIRM)
    story = billed.when(worth(net, "2")).after.happened(*a_line(limit="50"))
    drafted = story.when(MarkReady(items=(sale("2"),))).when(draft(key="second"))
    assert drafted.when(CONFIRM).the(InvoiceConfirmed).amount == Decimal(net)
