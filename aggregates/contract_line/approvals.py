"""Approvals on a line: what is charged, split among the customers, held against the limits."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal

from aggregates import money, splitting, streams
from aggregates.contract_line.events import (
    ApprovedWork,
    NTEEvaluated,
    NTEResult,
    UnbilledSale,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.head import LineHead
from aggregates.deal import EVENT_SIZE, DealOf, chunks
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.intake.events import (
    ApprovalNotBillable,
    ApprovalRecorded,
    CorrectedEntry,
    Said,
)
from aggregates.limits import Limits
from aggregates.refusals import Invalid, LeftAlone, Refused
from aggregates.statuses import BillingMethod, BillingType, NTEStatus, TransactionClass

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A time, expense, material or fee entry that an upstream project system approved.

    It is known by `source` and `approval_id` (D-20); `digest` tells a repetition from another one
    of the same pair. `tax` is the tax of what is billable; `billing_type` is what the caller says
    of it, which the line's terms can only take away from (D-22). `generation` tells the ids of
    its items from those that it had before it was recalled or corrected (D-84, D-85).
    """

    source: str
    approval_id: str
    contract_id: str
    line_id: str
    transaction_class: TransactionClass
    date: datetime.date
    quantity: Decimal
    billable_quantity: Decimal | None
    unit_price: Decimal
    tax: Decimal
    currency: str
    role: str | None
    category: str | None
    task_id: str | None
    resource: str | None
    description: str | None
    billing_type: BillingType
    digest: str
    generation: tuple[str, ...] = ()

    @property
    def stream(self) -> str:
        """The stream that remembers it, which no other approval of the tenant has."""
        return streams.approval(self.source, self.approval_id)


@dataclass(frozen=True, slots=True)
class _Portion:
    """A part of an approval that is charged in one way."""

    quantity: Decimal
    billing_type: BillingType
    tax: Decimal


@dataclass(slots=True)
class _LineEntries:
    """One line, how it splits, and what one command records on it."""

    line: LineHead
    shares: tuple[splitting.Share, ...]
    unit: Decimal
    works: list[ApprovedWork] = field(default_factory=list[ApprovedWork])
    results: list[NTEResult] = field(default_factory=list[NTEResult])


# --- decide ------------------------------------------------------------------------------------


def record(approvals: Sequence[Approval], deal: DealOf[LineHead]) -> Decision:
    """Approvals of one contract, in the order given, each seeing what those before it committed.

    Each is named by its stream: done, left as not billable, or refused. What is refused leaves
    nothing in the events, and neither changes anything for the others. Every line named must be in
    `deal`, and no approval may be there twice.
    """
    limits = deal.limits()
    entries: dict[str, _LineEntries] = {}
    left: list[LeftAlone] = []
    refused: list[LeftAlone] = []
    known: list[ApprovalRecorded | ApprovalNotBillable] = []
    done: list[str] = []
    for approval in approvals:
        on_line = entries.get(approval.line_id)
        if on_line is None:
            line = deal.lines[approval.line_id]
            unit = money.unit_of(line.currency)
            on_line = entries[line.line_id] = _LineEntries(line, line.shares, unit)
        try:
            why_not = not_billable(approval, on_line.line)
            if why_not:
                left.append(LeftAlone(approval.stream, why_not))
                known.append(_not_billable(approval))
            else:
                known.append(_recorded(approval, on_line, limits))
                done.append(approval.stream)
        except Refused as refusal:
            refused.append(LeftAlone(approval.stream, refusal))
    return Decision(
        events=(*_line_events(deal, entries), *limits.changes(), *known),
        done=tuple(done),
        left=tuple(left),
        refused=tuple(refused),
    )


def _recorded(approval: Approval, on_line: _LineEntries, limits: Limits) -> ApprovalRecorded:
    """The approval among what is recorded on its line. Raises Refused; then it is not there."""
    work = _work(approval, on_line, limits)
    on_line.results += evaluate(approval.line_id, work, limits)
    on_line.works.append(work)
    return ApprovalRecorded(
        source=approval.source,
        contract_id=approval.contract_id,
        line_id=approval.line_id,
        approval_id=approval.approval_id,
        digest=approval.digest,
        items=tuple(sale.item_id for sale in work.sales),
        said=said(approval, work),
    )


def _not_billable(approval: Approval) -> ApprovalNotBillable:
    return ApprovalNotBillable(
        source=approval.source,
        contract_id=approval.contract_id,
        line_id=approval.line_id,
        approval_id=approval.approval_id,
        digest=approval.digest,
        entry=entry_of(approval),
    )


def entry_of(approval: Approval) -> CorrectedEntry:
    """What is kept of an entry where what it comes to does not tell it."""
    return CorrectedEntry(
        **{each.name: getattr(approval, each.name) for each in fields(CorrectedEntry)}
    )


def said(approval: Approval, work: ApprovedWork) -> Said | None:
    """What an approval says and the work that it came to does not tell; None if that tells it.

    It does where the billable part is charged, and is no more than what was submitted.
    """
    billable, submitted = approval.billable_quantity, approval.quantity
    is_charged = work.sales[0].billing_type is BillingType.CHARGEABLE
    if is_charged and (billable is None or abs(billable) <= abs(submitted)):
        return None
    return Said(
        quantity=submitted,
        billable_quantity=None if billable == submitted else billable,
        tax=approval.tax,
        billing_type=approval.billing_type,
    )


def _line_events(deal: DealOf[LineHead], entries: dict[str, _LineEntries]) -> Iterator[Event]:
    contract = deal.contract
    for line_id, on_line in entries.items():
        if not on_line.works:
            continue
        most = max(len(work.sales) for work in on_line.works)
        for works in chunks(on_line.works, max(1, EVENT_SIZE // most)):
            yield UnbilledSalesRecorded(
                contract_id=contract.contract_id,
                line_id=line_id,
                currency=contract.currency,
                approvals=works,
            )
        for results in chunks(on_line.results):
            yield NTEEvaluated(contract_id=contract.contract_id, line_id=line_id, results=results)


def evaluate(line_id: str, work: ApprovedWork, limits: Limits) -> list[NTEResult]:
    """The verdicts on the sales of one approval. Raises Refused; then none of them is committed."""
    results: list[NTEResult] = []
    committed: list[UnbilledSale] = []
    try:
        for sale in work.sales:
            if sale.nte_status is NTEStatus.NOT_EVALUATED:
                status, failed = limits.evaluate(line_id, sale.customer_id, sale.amount)
                results.append(NTEResult(item_id=sale.item_id, nte_status=status, failed=failed))
                if status is NTEStatus.COMMITTED:
                    committed.append(sale)
    except Refused:
        for sale in committed:
            limits.release(line_id, sale.customer_id, sale.amount)
        raise
    return results


def not_billable(approval: Approval, line: LineHead) -> Refused | None:
    """Why the approval makes no actual, None when it makes some (D-20, D-22)."""
    terms = line.terms
    if terms.billing_method is BillingMethod.FIXED_PRICE:
        return Refused(
            "fixed_price_line", f"line {line.line_id!r} is fixed price: milestones bill it", "D-20"
        )
    if approval.transaction_class not in terms.includes:
        return Refused(
            "class_not_included",
            f"line {line.line_id!r} does not include {approval.transaction_class}: billing type "
            "not_available",
            "D-22",
        )
    if billing_type_of(approval, line) is BillingType.NOT_AVAILABLE:
        return Refused("not_available", "the caller's billing type is not_available", "D-22")
    return None


def work_of(approval: Approval, line: LineHead, limits: Limits) -> ApprovedWork:
    """What an approval comes to on a line (D-20 to D-22). Raises Invalid or Refused."""
    return _work(approval, _LineEntries(line, line.shares, money.unit_of(line.currency)), limits)


def _work(approval: Approval, on_line: _LineEntries, limits: Limits) -> ApprovedWork:
    """The approval as unbilled sales, checked. Raises Invalid or Refused; decides nothing yet."""
    line = on_line.line
    if approval.currency != line.currency:
        raise Invalid("currency", f"must be {line.currency}, the currency of the contract", "D-1")
    unit_price = money.unit_price(approval.unit_price, line.currency, "unit_price")
    return ApprovedWork(
        approval_id=approval.approval_id,
        transaction_class=approval.transaction_class,
        date=approval.date,
        unit_price=unit_price,
        role=approval.role,
        category=approval.category,
        task_id=approval.task_id,
        resource=approval.resource,
        description=approval.description,
        sales=tuple(
            sale
            for portion in _portions(approval, line)
            for sale in _sales(approval, on_line, limits, portion)
        ),
    )


def billing_type_of(approval: Approval, line: LineHead) -> BillingType:
    """How the billable part of the approval is charged (D-22).

    The terms can only take away: what the caller says is not chargeable stays so. Of what is, time
    looks at the role, expense at the category; one that the line does not name is charged. With
    "selected tasks only" the task must be chargeable too, for all classes.
    """
    if approval.billing_type is not BillingType.CHARGEABLE:
        return approval.billing_type
    chargeable = line.terms.chargeable
    charged = True
    if approval.transaction_class is TransactionClass.TIME and approval.role is not None:
        charged = chargeable.roles.get(approval.role, True)
    if approval.transaction_class is TransactionClass.EXPENSE and approval.category is not None:
        charged = chargeable.categories.get(approval.category, True)
    if charged and chargeable.tasks is not None:
        charged = approval.task_id is not None and chargeable.tasks.get(approval.task_id, False)
    return BillingType.CHARGEABLE if charged else BillingType.NON_CHARGEABLE


def _portions(approval: Approval, line: LineHead) -> Iterator[_Portion]:
    """The billable part of the approval, and the non-chargeable rest of it if any (D-21)."""
    submitted = money.quantity(approval.quantity, "quantity")
    tax = money.money(approval.tax, line.currency, "tax")
    billing_type = billing_type_of(approval, line)
    if approval.billable_quantity is None or billing_type is BillingType.NON_CHARGEABLE:
        yield _Portion(submitted, billing_type, tax)
        return
    billable = money.quantity(approval.billable_quantity, "billable_quantity")
    if billable * submitted < 0:
        raise Invalid(
            "billable_quantity", "has the opposite sign of the quantity submitted", "D-21"
        )
    rest = submitted - billable
    if abs(billable) >= abs(submitted):
        rest = Decimal(0)
    if billable or not rest:
        yield _Portion(billable, billing_type, tax)
    if rest:
        yield _Portion(rest, BillingType.NON_CHARGEABLE, Decimal(0) if billable else tax)


def _sales(
    approval: Approval,
    on_line: _LineEntries,
    limits: Limits,
    portion: _Portion,
) -> Iterator[UnbilledSale]:
    """One unbilled sales actual per customer with a share (D-20, D-2, D-3)."""
    line, shares, unit = on_line.line, on_line.shares, on_line.unit
    billing_type = portion.billing_type
    amount = money.extend(portion.quantity, approval.unit_price, line.currency)
    quantities = splitting.split(portion.quantity, shares, money.QUANTITY_UNIT)
    taxes = splitting.split(portion.tax, shares, unit)
    chargeable = billing_type is BillingType.CHARGEABLE
    for customer_id, share in splitting.split(amount, shares, unit).items():
        limited = chargeable and limits.is_limited(line.line_id, customer_id)
        yield UnbilledSale(
            item_id=streams.item_id(
                line.contract_id,
                line.line_id,
                approval.source,
                approval.approval_id,
                customer_id,
                billing_type,
                *approval.generation,
            ),
            customer_id=customer_id,
            quantity=quantities[customer_id],
            amount=share,
            tax=taxes[customer_id],
            billing_type=billing_type,
            nte_status=NTEStatus.NOT_EVALUATED if limited else NTEStatus.NOT_APPLICABLE,
        )
