"""What must hold of the books of any story: each row reversed once at most, sums that agree."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from aggregates.actuals import Actual, reversal
from aggregates.contract_line.events import (
    SalesReversed,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.items import open_sale
from aggregates.contract_line.state import ContractLine
from aggregates.invoice.details import Detail
from aggregates.invoice.events import ActualsBooked
from aggregates.invoice.state import Invoice
from aggregates.statuses import ActualType, BillingStatus, BillingType, Cause
from aggregates.streams import billed_actual
from tests.spec import Story

UNBILLED, BILLED = ActualType.UNBILLED_SALES, ActualType.BILLED_SALES
ZERO = Decimal(0)


@dataclass(frozen=True)
class Books:
    """Every row of a story: the originals by id, the reversals by what they reverse."""

    originals: dict[str, Actual] = field(default_factory=dict[str, Actual])
    reversals: dict[str, Actual] = field(default_factory=dict[str, Actual])
    by_invoice: dict[str, list[Actual]] = field(default_factory=lambda: defaultdict(list))
    adjusted: list[str] = field(default_factory=list[str])

    def standing(self, kind: ActualType) -> dict[str, Actual]:
        """The originals of this kind that nothing has reversed."""
        return {
            actual_id: actual
            for actual_id, actual in self.originals.items()
            if actual.type is kind and actual_id not in self.reversals
        }


def books_of(story: Story) -> Books:
    """The rows of a story; none has the id of another, and none is reversed twice."""
    books = Books()
    for actual, invoice_id in _rows(story, books):
        if actual.reversal_of is None:
            assert actual.actual_id not in books.originals, "booked twice"
            books.originals[actual.actual_id] = actual
        else:
            assert actual.reversal_of not in books.reversals, "reversed twice"
            books.reversals[actual.reversal_of] = actual
        if invoice_id:
            books.by_invoice[invoice_id].append(actual)
    return books


def check_reversals(books: Books) -> None:
    """A row and its reversal sum to zero and differ in nothing else (D-46)."""
    for actual_id, reversed_by in books.reversals.items():
        actual = books.originals[actual_id]
        assert reversed_by == reversal(actual, reversed_by.actual_id, reversed_by.cause)
        assert actual.amount + reversed_by.amount == actual.tax + reversed_by.tax == 0
    for actual_id in books.adjusted:
        assert actual_id in books.reversals, "adjusted, and not reversed"
    assert len(books.adjusted) == len(set(books.adjusted)), "adjusted twice"
    for actual in books.originals.values():
        assert actual.replaces is None or actual.replaces in books.originals
        assert actual.replaces is None or actual.replaces in books.adjusted


def check_unbilled(story: Story, books: Books) -> None:
    """What is unbilled and not reversed stands in the backlog or on drafts, and only that (D-46).

    So the unbilled rows of an approval sum to what of it is there.
    """
    there = {
        item_id: sale.actual
        for line in story.lines.values()
        for item_id, sale in line.sales.items()
    }
    assert there == books.standing(UNBILLED)
    summed: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for actual in (*books.originals.values(), *books.reversals.values()):
        if actual.type is UNBILLED:
            summed[actual.approval_id] += actual.amount
    for actual in there.values():
        summed[actual.approval_id] -= actual.amount
    assert not any(summed.values())


def check_billed(story: Story, books: Books) -> None:
    """The chargeable billed rows of each invoice sum to its amount and its tax (D-46)."""
    for invoice in story.invoices.values():
        charged = [
            actual
            for actual in books.by_invoice.get(invoice.invoice_id, ())
            if actual.type is BILLED and actual.billing_type is BillingType.CHARGEABLE
        ]
        if invoice.number is None:
            assert not books.by_invoice.get(invoice.invoice_id)
            continue
        assert sum((a.amount for a in charged), ZERO) == invoice.amount
        assert sum((a.tax for a in charged), ZERO) == invoice.tax
        for line in invoice.lines:
            of_line = (a.amount for a in charged if a.line_id == line.line_id)
            assert sum(of_line, ZERO) == line.amount


def check_chains(story: Story, books: Books) -> None:
    """What stays billed is what the last of each chain says, and no credit goes beyond it (D-79).

    The rest that an edit gave away has rows of its own, at no charge (D-45).
    """
    stands = {billed_actual(detail.stands.detail_id): detail for _, detail in billing(story)}
    billed = books.standing(BILLED)
    assert stands.keys() <= billed.keys()
    for actual_id, actual in billed.items():
        detail = stands.get(actual_id)
        if detail is None:
            assert actual.billing_type is BillingType.NON_CHARGEABLE, "billed, and by no detail"
            assert actual.cause is Cause.EDIT
            continue
        assert (actual.amount, actual.tax) == (detail.stands.amount, detail.stands.tax)
    for invoice in story.invoices.values():
        _check_open_corrections(story, invoice)


def check_sums(story: Story) -> None:
    """Of each currency and billing type, what stays billed sums to all confirmed invoices (D-46).

    One detail at most bills an item; those by hand bill none.
    """
    stays = sums_of(
        (invoice.currency, detail.stands.billing_type, detail.stands.amount, detail.stands.tax)
        for invoice, detail in billing(story)
    )
    invoiced = sums_of(
        (invoice.currency, group.billing_type, group.amount, group.tax)
        for invoice in story.invoices.values()
        if invoice.number
        for line in invoice.lines
        for group in line.groups
    )
    assert stays == invoiced
    items = [detail.stands.item_id for _, detail in billing(story) if detail.stands.item_id]
    assert len(items) == len(set(items)), "billed twice"


def billing(story: Story) -> list[tuple[Invoice, Detail]]:
    """The details by which anything stays billed, each with the invoice that has it now."""
    return [
        (invoice, detail)
        for invoice in story.invoices.values()
        if invoice.number
        for detail in invoice.details.values()
        if not detail.corrected_by and (detail.has_billed or detail.corrects is None)
    ]


Sums = dict[tuple[str, str], tuple[Decimal, Decimal]]


def sums_of(values: Iterable[tuple[str, str, Decimal, Decimal]]) -> Sums:
    """Amounts and taxes by currency and billing type, those left out that come to nothing."""
    sums: Sums = {}
    for currency, billing_type, amount, tax in values:
        so_far = sums.get((currency, billing_type), (ZERO, ZERO))
        sums[currency, billing_type] = so_far[0] + amount, so_far[1] + tax
    return {key: each for key, each in sums.items() if any(each)}


def check_obligations(story: Story, books: Books) -> None:
    """What is owed stays billed, and as much of it (D-83)."""
    billed = books.standing(BILLED)
    for line in story.lines.values():
        for detail_id, owed in line.recalls.obligations.items():
            actual = billed[billed_actual(detail_id)]
            assert owed.detail_id == detail_id
            assert (actual.quantity, actual.amount) == (owed.quantity, owed.amount)


def check_milestones(story: Story, books: Books) -> None:
    """Of each milestone as much is billed as its posted parts hold (D-81)."""
    billed: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for actual in books.standing(BILLED).values():
        billed[actual.milestone_id] += actual.amount
    for line in story.lines.values():
        for milestone_id, posted in _posted(line):
            assert billed[milestone_id] == posted


def _rows(story: Story, books: Books) -> Iterator[tuple[Actual, str | None]]:
    """Every row with the invoice that booked it; and what is adjusted, into the books."""
    for event in story.history:
        if isinstance(event, UnbilledSalesRecorded | UnbilledSalesBooked):
            booked = isinstance(event, UnbilledSalesBooked)
            cause = event.cause if booked else Cause.APPROVAL
            replaced = dict(event.replaces) if booked else dict[str, str]()
            for work in event.approvals:
                for sale in work.sales:
                    replaces = replaced.get(sale.item_id)
                    made = open_sale(event.line_id, work, sale, cause, replaces)
                    yield made.actual, None
        if isinstance(event, SalesReversed):
            gone = [actual for each in event.reversals for actual in each.actuals]
            books.adjusted.extend(str(actual.reversal_of) for actual in gone)
            yield from ((actual, None) for actual in gone)
        if isinstance(event, ActualsBooked):
            books.adjusted.extend(event.adjusted)
            yield from ((actual, event.invoice_id) for actual in event.actuals)


def _check_open_corrections(story: Story, invoice: Invoice) -> None:
    """A detail is on the open correction that it names, and that one is open (D-49)."""
    for detail_id, detail in invoice.details.items():
        if detail.in_correction:
            correction = story.invoices[detail.in_correction]
            assert correction.is_open
            assert not correction.deleted
            assert not detail.corrected_by
            assert [d.corrects for d in correction.details.values()].count(detail_id) == 1


def _posted(line: ContractLine) -> Iterator[tuple[str, Decimal]]:
    """The milestones of a line, each with what its posted parts total."""
    for milestone_id, milestone in line.milestones.items():
        parts = [line.parts[item_id] for item_id in milestone.parts]
        posted = [p for p in parts if p.billing_status is BillingStatus.INVOICE_POSTED]
        yield milestone_id, sum((part.amount for part in posted), ZERO)
    for milestone_id, completed in line.completed.items():
        assert sum((p.amount for p in completed.parts), ZERO) == completed.milestone.amount
        yield milestone_id, sum((part.amount for part in completed.parts), ZERO)
