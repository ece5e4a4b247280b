"""Any sequence of commands: what must hold whatever happens, in whichever order.

A contract with two time-and-material lines and a fixed-price line, two or three customers, random
splits and limits at all four levels. Every command is tried; what is refused changes nothing.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aggregates import streams
from aggregates.actuals import Actual
from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.events import (
    MilestoneChanged,
    MilestoneDeleted,
    MilestoneSplit,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.items import milestone_status
from aggregates.contract_line.milestones import ChangeMilestone, DeleteMilestone
from aggregates.invoice.booking.confirming import ConfirmInvoice
from aggregates.invoice.correcting import CorrectInvoice
from aggregates.invoice.details import Detail
from aggregates.invoice.draft.by_hand import AddByHand
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.editing import EditDetails, RemoveDetails
from aggregates.invoice.draft.edits import DetailEdit
from aggregates.invoice.events import MILESTONE, ActualsBooked, InvoiceNumberAssigned
from aggregates.invoice.state import Invoice
from aggregates.limits import Usage
from aggregates.money import unit_of
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import (
    ActualType,
    BillingMethod,
    BillingStatus,
    BillingType,
    InvoiceStatus,
    NTEStatus,
    TransactionClass,
)
from tests.aggregates.balance import (
    books_of,
    check_billed,
    check_chains,
    check_milestones,
    check_obligations,
    check_reversals,
    check_sums,
    check_unbilled,
)
from tests.aggregates.examples import (
    CONFIRM,
    DAY,
    SOURCE,
    a_contract,
    a_milestone,
    an_approval,
    define_contract,
    define_line,
    draft,
    milestone,
    usages,
)
from tests.aggregates.intake.about_approvals.recalling import corrected, found, known, recall
from tests.spec import Command, Outcome, Story, given

TIME, FIXED = ("T1", "T2"), "F1"
LINES = [*TIME, FIXED]
READY = BillingStatus.READY
EVALUATING = Approval | MarkReady | ReevaluateNTE
CHARGEABLE = BillingType.CHARGEABLE
CHARGED = [CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY]
FOUR_TYPES = st.sampled_from([CHARGEABLE, CHARGEABLE, CHARGEABLE, *BillingType])
LIMITS = st.none() | st.integers(0, 1500).map(str)
AMOUNTS = st.integers(-60, 200)
NEW = st.fixed_dictionaries({"quantity": st.integers(1, 9).map(Decimal)}) | st.sampled_from(
    [{"role": "senior"}, {"description": "Piling"}, {"line_id": "T1"}, {"line_id": "T2"}]
)
TENTHS = st.integers(-10, 50).map(lambda tenths: str(Decimal(tenths) / 10))


@st.composite
def splits_of(draw: st.DrawFn, customers: list[str]) -> dict[str, str]:
    """Percentages that total 100, now and then a 0 % or thirds."""
    mark = draw(st.sampled_from([0, 30, 50, 70, 100]) | st.integers(0, 100))
    if len(customers) == 2:
        return dict(zip(customers, (str(mark), str(100 - mark)), strict=True))
    if draw(st.booleans()):
        return dict(zip(customers, ("33.33", "33.33", "33.34"), strict=True))
    second = draw(st.integers(0, 100 - mark))
    percents = (str(mark), str(second), str(100 - mark - second))
    return dict(zip(customers, percents, strict=True))


@st.composite
def edits_of(draw: st.DrawFn, detail: Detail) -> DetailEdit:
    """An edit of a detail within its sign: cut, raised, at another price or tax, given away."""
    basis, given_away = detail.basis, detail.corrects is None and draw(st.booleans())
    is_milestone = basis.kind == MILESTONE
    share = draw(st.sampled_from([50, 0, 25, 75, 99, 100, 100, 150]))
    tax = draw(st.sampled_from([None, None, None, *range(9)])) if share else None
    quantity = (basis.quantity * share / 100).quantize(Decimal("0.000001"))
    amount = (basis.amount * share / 100).to_integral_value()
    credited = is_milestone and detail.corrects is not None
    return DetailEdit(
        detail_id=detail.stands.detail_id,
        quantity=None if is_milestone else quantity,
        unit_price=None if is_milestone else draw(st.none() | st.integers(1, 90).map(Decimal)),
        amount=amount if credited else None,
        tax=None if tax is None else Decimal(tax if basis.amount > 0 else -tax),
        billing_type=draw(st.sampled_from(CHARGED)) if given_away else None,
    )


class AnySequence(RuleBasedStateMachine):
    """A story, and every command on whatever is in it."""

    story: Story
    customers: list[str]
    currency: str

    @initialize(
        data=st.data(), count=st.integers(2, 3), currency=st.sampled_from(["EUR", "JPY", "KWD"])
    )
    def deal(self, data: st.DataObject, count: int, currency: str) -> None:
        self.customers, self.currency = list("ABC"[:count]), currency
        self.recorded = self.milestones = self.drafted = 0
        self.story = given(a_contract(*self.customers, currency=currency))
        self.limit_contract(data.draw(LIMITS), data.draw(LIMITS))
        for line_id in LINES:
            self.define_line(data, line_id)

    def do(self, command: Command, *more: Approval, invoice_id: str | None = None) -> Outcome:
        """The command, if the rules accept it; and that no limit was overrun by it."""
        before = self.story
        outcome = before.when(command, *more, invoice_id=invoice_id)
        try:
            self.story = outcome.after
        except Refused:
            assert outcome.refusals
        was, now = usages(before), usages(self.story)
        for level, limit in self.limits().items():
            old, new = was.get(level, Usage()), now.get(level, Usage())
            if isinstance(command, EVALUATING):
                assert used(new) <= max(limit, used(old)), f"{level}: evaluated over the limit"
            if isinstance(command, ConfirmInvoice):
                assert new.invoiced <= max(limit, old.invoiced), f"{level}: billed over the limit"
        return outcome

    # --- commands ------------------------------------------------------------------------------

    @rule(limit=LIMITS, of_customer=LIMITS)
    def limit_contract(self, limit: str | None, of_customer: str | None) -> None:
        self.do(
            define_contract(
                *self.customers,
                currency=self.currency,
                limit=limit,
                limits={self.customers[-1]: of_customer},
            )
        )

    @rule(data=st.data(), line_id=st.sampled_from(LINES))
    def define_line(self, data: st.DataObject, line_id: str) -> None:
        fixed = line_id == FIXED
        self.do(
            define_line(
                line_id,
                splits=data.draw(splits_of(self.customers)),
                rounding=data.draw(st.sampled_from(self.customers)),
                limit=None if fixed else data.draw(LIMITS),
                limits={customer: data.draw(LIMITS) for customer in self.customers},
                method=BillingMethod.FIXED_PRICE if fixed else BillingMethod.TIME_AND_MATERIAL,
            )
        )

    @rule(
        lines=st.lists(st.sampled_from([*TIME, *LINES]), min_size=1, max_size=4),
        quantity=TENTHS,
        billable=st.none() | TENTHS,
        price=AMOUNTS,
        billing_type=FOUR_TYPES,
    )
    def record(
        self,
        lines: list[str],
        quantity: str,
        billable: str | None,
        price: int,
        billing_type: BillingType,
    ) -> None:
        """The same entry on several lines."""
        approvals: list[Approval] = []
        for line_id in lines:
            self.recorded += 1
            approvals.append(
                an_approval(
                    str(self.recorded),
                    line_id=line_id,
                    quantity=quantity,
                    billable=billable,
                    price=str(price),
                    tax="7",
                    currency=self.currency,
                    billing_type=billing_type,
                )
            )
        outcome = self.do(*approvals)
        decided = outcome.decided
        answered = [*decided.done, *(it.id for it in (*decided.left, *decided.refused))]
        assert Counter(answered) == Counter(approval.stream for approval in approvals)
        for event in outcome.all(UnbilledSalesRecorded):
            for work in event.approvals:
                assert sum(s.quantity for s in work.sales) == quantity_of(approvals[0]), "D-2"
                assert sum(s.tax for s in work.sales) == 7, "D-2"

    @rule(amount=AMOUNTS)
    def create_milestone(self, amount: int) -> None:
        self.milestones += 1
        outcome = self.do(a_milestone(str(self.milestones), str(amount), line_id=FIXED))
        assert sum(part.amount for part in outcome.the(MilestoneSplit).parts) == amount

    @precondition(lambda self: self.milestones)
    @rule(data=st.data(), amount=st.none() | AMOUNTS)
    def change_or_delete_milestone(self, data: st.DataObject, amount: int | None) -> None:
        name = str(data.draw(st.integers(1, self.milestones)))
        milestone_id = milestone(name, FIXED)
        if amount is None:
            self.do(DeleteMilestone(milestone_id=milestone_id))
        else:
            self.do(ChangeMilestone(milestone_id=milestone_id, amount=Decimal(amount)))

    @precondition(lambda self: self.open_items())
    @rule()
    def mark_all_ready(self) -> None:
        self.do(MarkReady(items=tuple(self.open_items())))

    @precondition(lambda self: self.open_items())
    @rule(data=st.data(), command=st.sampled_from([MarkReady, MarkNotReady]))
    def mark(self, data: st.DataObject, command: type[MarkReady] | type[MarkNotReady]) -> None:
        self.work_the_backlog(command(items=self.some_items(data)))

    @precondition(lambda self: self.open_items())
    @rule(data=st.data())
    def reset(self, data: st.DataObject) -> None:
        self.work_the_backlog(ResetNTE(items=self.some_items(data)))

    @precondition(lambda self: self.open_items())
    @rule(data=st.data())
    def reevaluate(self, data: st.DataObject) -> None:
        self.work_the_backlog(ReevaluateNTE(items=self.some_items(data)))

    def some_items(self, data: st.DataObject) -> tuple[str, ...]:
        """All in any order, or some, named twice now and then."""
        some = st.lists(st.sampled_from(self.open_items()), min_size=1, max_size=8)
        return tuple(data.draw(st.permutations(self.open_items()) | some))

    def work_the_backlog(
        self, command: MarkReady | MarkNotReady | ResetNTE | ReevaluateNTE
    ) -> None:
        decided = self.do(command).decided
        named = [*decided.done, *(item.id for item in (*decided.left, *decided.refused))]
        assert Counter(named) == Counter(set(command.items)), "an item unanswered, or twice"

    @precondition(lambda self: any(line.ready for line in self.story.lines.values()))
    @rule(
        data=st.data(),
        lines=st.none() | st.sampled_from(LINES).map(lambda line_id: (line_id,)),
    )
    def create_drafts(self, data: st.DataObject, lines: tuple[str, ...] | None) -> None:
        self.drafted += 1
        some = st.lists(st.sampled_from(self.open_items()), max_size=5)
        items = data.draw(st.just([]) | some)
        customers = data.draw(st.none() | st.sampled_from([(c,) for c in self.customers]))
        key = f"draft {self.drafted}"
        self.do(draft(*items, key=key, lines=lines, customers=customers))

    @precondition(lambda self: self.open_items())
    @rule()
    def bill_everything(self) -> None:
        """All that the rules let through, from the backlog to confirmed invoices."""
        self.drafted += 1
        self.do(MarkReady(items=tuple(self.open_items())))
        self.do(draft(key=f"draft {self.drafted}"))
        for invoice_id in self.story.invoices:
            self.do(CONFIRM, invoice_id=invoice_id)

    @precondition(lambda self: self.story.invoices)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        self.do(CONFIRM, invoice_id=self.some_invoice(data))

    @precondition(lambda self: self.story.invoices)
    @rule(data=st.data())
    def delete_draft(self, data: st.DataObject) -> None:
        self.do(DeleteDraft(), invoice_id=self.some_invoice(data))

    @precondition(lambda self: any(invoice.details for invoice in self.drafts()))
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        """Details of a draft, an ordinary one or a correction, by whatever can be given."""
        draft = data.draw(st.sampled_from([i for i in self.drafts() if i.details]))
        named = data.draw(
            st.lists(st.sampled_from(draft.listed()), min_size=1, max_size=3, unique_by=id)
        )
        made = tuple(data.draw(edits_of(detail)) for detail in named)
        self.do(EditDetails(actor="jo", edits=made), invoice_id=draft.invoice_id)

    @precondition(lambda self: any(invoice.details for invoice in self.drafts()))
    @rule(data=st.data(), ready=st.booleans())
    def remove(self, data: st.DataObject, ready: bool) -> None:
        draft = data.draw(st.sampled_from([i for i in self.drafts() if i.details]))
        named = data.draw(st.lists(st.sampled_from(sorted(draft.details)), min_size=1, max_size=2))
        command = RemoveDetails(actor="jo", details=tuple(named), ready=ready)
        self.do(command, invoice_id=draft.invoice_id)

    @precondition(lambda self: self.drafts())
    @rule(data=st.data(), line_id=st.sampled_from(LINES), quantity=TENTHS, price=AMOUNTS)
    def add_by_hand(self, data: st.DataObject, line_id: str, quantity: str, price: int) -> None:
        self.drafted += 1
        command = AddByHand(
            seed=f"by hand {self.drafted}",
            actor="jo",
            line_id=line_id,
            transaction_class=TransactionClass.FEE,
            date=DAY,
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
            tax=Decimal(0),
            billing_type=data.draw(st.sampled_from(CHARGED)),
        )
        draft = data.draw(st.sampled_from(self.drafts()))
        self.do(command, invoice_id=draft.invoice_id)

    @precondition(lambda self: self.confirmed())
    @rule(data=st.data(), whole=st.booleans(), at_once=st.booleans())
    def correct(self, data: st.DataObject, whole: bool, at_once: bool) -> None:
        """A confirmed invoice, or a correction of one: whole or some, edited and confirmed too."""
        self.drafted += 1
        invoice = data.draw(
            st.sampled_from(self.confirmed()[-3:]) | st.sampled_from(self.confirmed())
        )
        known = sorted(invoice.details)
        named = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=2))
        key = f"correction {self.drafted}"
        details = None if whole else tuple(named)
        command = CorrectInvoice(correction_id=key, actor="jo", details=details)
        outcome = self.do(command, invoice_id=invoice.invoice_id)
        if at_once and not outcome.refusal:
            for each in self.story.invoices[key].listed()[:3]:
                one = (data.draw(edits_of(each)),)
                self.do(EditDetails(actor="jo", edits=one), invoice_id=key)
            self.do(CONFIRM, invoice_id=key)

    @precondition(lambda self: self.recorded)
    @rule(data=st.data(), new=st.none() | NEW)
    def recall_or_correct_entry(self, data: st.DataObject, new: dict[str, Any] | None) -> None:
        """An approval with nothing on a draft is recalled, or its entry corrected."""
        approval_id = str(data.draw(st.integers(1, self.recorded)))
        stream = streams.approval(SOURCE, approval_id)
        if not any(event.stream == stream for event in self.story.history):
            return
        of = known(self.story, approval_id)
        if of.recall or found(self.story, approval_id).drafted:
            return
        if new is None:
            self.story = recall(self.story, approval_id).after
            assert not found(self.story, approval_id).unbilled
        else:
            try:
                self.story = corrected(self.story, approval_id, **new).after
            except Invalid as invalid:
                if invalid.rule != "D-21":  # the billable quantity keeps its sign
                    raise

    def some_invoice(self, data: st.DataObject) -> str:
        """A draft if there is one, or any invoice: confirmed and deleted ones too."""
        known = sorted(self.story.invoices)
        drafts = sorted(invoice.invoice_id for invoice in self.drafts())
        return data.draw(st.sampled_from(drafts or known) | st.sampled_from(known))

    # --- what holds after every command --------------------------------------------------------

    def teardown(self) -> None:
        """The history folds from the start to the states that the commands left."""
        if hasattr(self, "story"):
            assert given(*self.story.history).states == self.story.states

    @invariant()
    def committed_and_invoiced_equal_the_sum_over_the_actuals_d37(self) -> None:
        held: defaultdict[str, Usage] = defaultdict(Usage)
        for line_id, line in self.story.lines.items():
            for sale in line.sales.values():
                if sale.nte_status is NTEStatus.COMMITTED:
                    for level in levels(line_id, sale.customer_id):
                        now = held[level]
                        held[level] = Usage(
                            committed=now.committed + sale.actual.amount, invoiced=now.invoiced
                        )
        for customer_id, actual in self.actuals():
            if actual.type is ActualType.BILLED_SALES and actual.billing_type is CHARGEABLE:
                for level in levels(actual.line_id, customer_id):
                    now = held[level]
                    held[level] = Usage(
                        committed=now.committed, invoiced=now.invoiced + actual.amount
                    )
        told = usages(self.story)
        assert all(told.get(level, Usage()) == held[level] for level in {*told, *held}), (
            f"told {told}, held {dict(held)}"
        )

    @invariant()
    def the_header_says_what_the_parts_say_d12(self) -> None:
        for line in self.story.lines.values():
            of_headers: list[str] = []
            for header in line.milestones.values():
                parts = [line.parts[item_id] for item_id in header.parts]
                assert header.status is milestone_status([part.billing_status for part in parts])
                assert sum(part.amount for part in parts) == header.amount
                of_headers += header.parts
            assert sorted(of_headers) == sorted(line.parts), "a part without its header, or lost"

    @invariant()
    def an_item_is_on_at_most_one_open_draft_and_reads_invoice_created_d41(self) -> None:
        drafted = Counter(
            item_id
            for invoice in self.drafts()
            for items in invoice.items_by_line().values()
            for item_id in items
        )
        assert all(count == 1 for count in drafted.values())
        created = BillingStatus.INVOICE_CREATED
        assert set(drafted) == {i for i in self.open_items() if self.status_of(i) is created}

    @invariant()
    def what_is_ready_has_a_passing_verdict_d26(self) -> None:
        for line in self.story.lines.values():
            ready = {i for i in (*line.sales, *line.parts) if self.status_of(i) is READY}
            assert ready == set(line.ready)
            assert not any(
                sale.nte_status in {NTEStatus.FAILED, NTEStatus.NOT_EVALUATED}
                for sale in line.sales.values()
                if sale.billing_status is not BillingStatus.NOT_READY
            )

    @invariant()
    def the_books_balance_d46_d79_d81(self) -> None:
        books = books_of(self.story)
        check_reversals(books)
        check_unbilled(self.story, books)
        check_billed(self.story, books)
        check_chains(self.story, books)
        check_sums(self.story)
        check_milestones(self.story, books)
        check_obligations(self.story, books)

    @invariant()
    def the_invoice_numbers_have_no_gaps_d44(self) -> None:
        assigned = [e for e in self.story.history if isinstance(e, InvoiceNumberAssigned)]
        assert [event.sequence for event in assigned] == list(range(1, len(assigned) + 1))
        numbers = {i.number for i in self.story.invoices.values() if i.number}
        assert numbers == {event.number for event in assigned}

    @invariant()
    def the_line_knows_what_its_milestones_total_d15(self) -> None:
        amounts: dict[str, Decimal] = {}
        for event in self.story.history:
            if isinstance(event, MilestoneSplit | MilestoneChanged):
                amounts[event.milestone_id] = event.amount
            if isinstance(event, MilestoneDeleted):
                del amounts[event.milestone_id]
        assert self.story.lines[FIXED].milestones_total == sum(amounts.values())

    @invariant()
    def every_amount_is_in_the_minor_unit_of_the_currency_d1(self) -> None:
        unit = unit_of(self.currency)
        for usage in usages(self.story).values():
            assert usage.committed % unit == usage.invoiced % unit == 0

    # --- what is there -------------------------------------------------------------------------

    def open_items(self) -> list[str]:
        """Every item in the state, posted parts of open milestones too."""
        lines = self.story.lines.values()
        return sorted(i for line in lines for i in (*line.sales, *line.parts))

    def drafts(self) -> list[Invoice]:
        """The open drafts."""
        invoices = self.story.invoices.values()
        return [i for i in invoices if i.status is InvoiceStatus.DRAFT and not i.deleted]

    def confirmed(self) -> list[Invoice]:
        return [invoice for invoice in self.story.invoices.values() if invoice.number]

    def status_of(self, item_id: str) -> BillingStatus:
        found = self.story.deal.find(item_id)
        assert found
        return found[1].billing_status

    def actuals(self) -> list[tuple[str, Actual]]:
        """Every actual booked so far, with the customer it was booked for."""
        events = [e for e in self.story.history if isinstance(e, ActualsBooked)]
        return [(event.customer_id, actual) for event in events for actual in event.actuals]

    def limits(self) -> dict[str, Decimal]:
        """The limits that stand, by level."""
        contract = self.story.contract
        limits = {c.customer_id: c.nte_limit for c in contract.customers.values()}
        limits["contract"] = contract.nte_limit
        for line_id, line in self.story.lines.items():
            limits[line_id] = line.terms.nte_limit
            limits |= {f"{line_id}/{c.customer_id}": c.nte_limit for c in line.terms.customers}
        return {level: limit for level, limit in limits.items() if limit is not None}


def levels(line_id: str, customer_id: str) -> tuple[str, str, str, str]:
    return f"{line_id}/{customer_id}", line_id, customer_id, "contract"


def used(usage: Usage) -> Decimal:
    return usage.committed + usage.invoiced


def quantity_of(approval: Approval) -> Decimal:
    """What the approval's sales hold together: what was submitted, or more if that is billable."""
    billable = approval.billable_quantity
    if billable is None or approval.billing_type is BillingType.NON_CHARGEABLE:
        return approval.quantity
    return max(approval.quantity, billable, key=abs)


def test_whatever_is_commanded_the_books_agree_d37_d12_d41_d44_d46() -> None:
    run_state_machine_as_test(
        AnySequence,
        settings=settings(
            derandomize=True,
            deadline=None,
            max_examples=100,
            stateful_step_count=40,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
