"""What a confirmed correction bills no longer goes back to the backlog (D-78, D-81)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from aggregates import streams
from aggregates.contract_line.events import (
    ApprovedWork,
    CreditedPart,
    HeaderStatus,
    MilestonePart,
    MilestonePartsCredited,
    UnbilledSale,
    UnbilledSalesBooked,
)
from aggregates.deal import Deal, chunks
from aggregates.events import Event
from aggregates.invoice.booking.rows import Booked
from aggregates.invoice.details import Detail
from aggregates.invoice.events import MILESTONE, InvoiceDetail
from aggregates.invoice.state import Invoice
from aggregates.limits import Limits
from aggregates.statuses import (
    BillingType,
    Cause,
    MilestoneStatus,
    NTEStatus,
    TransactionClass,
)


@dataclass(slots=True)
class _Returned:
    """What comes back to one line: work, each with the actual whose place it takes; milestones."""

    works: list[tuple[ApprovedWork, str]] = field(default_factory=list[tuple[ApprovedWork, str]])
    parts: list[CreditedPart] = field(default_factory=list[CreditedPart])
    places: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The parts of each milestone in their order, those that are new included."""


def give_back(
    invoice: Invoice,
    booked: Iterable[tuple[Detail, Booked]],
    deal: Deal,
    limits: Limits,
    accounting_date: date,
) -> Iterator[Event]:
    """The items that the details of a correction give back, line by line.

    Work is `not_ready` and holds no limit before it is evaluated; milestones are `ready`.
    """
    lines: dict[str, _Returned] = {}
    for detail, books in booked:
        returned, stands = books.returned, detail.stands
        if returned is None:
            continue
        on_line = lines.setdefault(stands.line_id, _Returned())
        if stands.kind == MILESTONE:
            milestone_id = str(stands.milestone_id)
            known = deal.lines[stands.line_id].parts_of(milestone_id)
            places = on_line.places.setdefault(milestone_id, list(known))
            on_line.parts.append(_credited(invoice, detail, returned, places))
        else:
            work = _work(invoice, stands.detail_id, returned, limits)
            on_line.works.append((work, str(books.adjusted)))
    for line_id, on_line in lines.items():
        yield from _works(invoice, line_id, on_line, accounting_date)
        yield from _parts(invoice, line_id, on_line)


def _work(
    invoice: Invoice, detail_id: str, returned: InvoiceDetail, limits: Limits
) -> ApprovedWork:
    """The returned work as a new item of the same approval, date, price and billing type."""
    is_limited = returned.billing_type is BillingType.CHARGEABLE and limits.is_limited(
        returned.line_id, invoice.customer_id
    )
    sale = UnbilledSale(
        item_id=streams.returned_item(invoice.contract_id, returned.line_id, detail_id),
        customer_id=invoice.customer_id,
        quantity=returned.quantity,
        amount=returned.amount,
        tax=returned.tax,
        billing_type=returned.billing_type,
        nte_status=NTEStatus.NOT_EVALUATED if is_limited else NTEStatus.NOT_APPLICABLE,
    )
    return ApprovedWork(
        approval_id=returned.approval_id,
        transaction_class=TransactionClass(returned.kind),
        date=returned.date,
        unit_price=returned.unit_price,
        role=returned.role,
        category=returned.category,
        task_id=returned.task_id,
        resource=returned.resource,
        description=returned.description or None,
        sales=(sale,),
    )


def _works(
    invoice: Invoice, line_id: str, on_line: _Returned, accounting_date: date
) -> Iterator[UnbilledSalesBooked]:
    for some in chunks(on_line.works):
        yield UnbilledSalesBooked(
            contract_id=invoice.contract_id,
            line_id=line_id,
            currency=invoice.currency,
            cause=Cause.CORRECTION,
            accounting_date=accounting_date,
            approvals=tuple(work for work, _ in some),
            replaces={work.sales[0].item_id: replaced for work, replaced in some},
        )


def _credited(
    invoice: Invoice, detail: Detail, returned: InvoiceDetail, places: list[str]
) -> CreditedPart:
    """All of a part is the same item again; of some, the posted item keeps what stays (D-81)."""
    stands, customer_id = detail.stands, invoice.customer_id
    posted = str(stands.item_id)
    item_id = _new_part(invoice, stands) if detail.stays else posted
    if item_id not in places:
        places.append(item_id)
    part = MilestonePart(
        item_id=item_id, customer_id=customer_id, amount=returned.amount, tax=returned.tax
    )
    kept = replace(part, item_id=posted, amount=stands.amount, tax=stands.tax)
    return CreditedPart(
        milestone_id=str(stands.milestone_id),
        date=stands.date,
        kept=kept if detail.stays else None,
        returned=part,
        place=places.index(item_id),
        billing_type=returned.billing_type,
    )


def _new_part(invoice: Invoice, detail: InvoiceDetail) -> str:
    parts = str(detail.milestone_id), invoice.customer_id, detail.detail_id
    return streams.item_id(invoice.contract_id, detail.line_id, *parts)


def _parts(invoice: Invoice, line_id: str, on_line: _Returned) -> Iterator[MilestonePartsCredited]:
    """The credited parts; a milestone with a part that is ready is in progress (D-12)."""
    headers = tuple(
        HeaderStatus(milestone_id=milestone_id, status=MilestoneStatus.IN_PROGRESS)
        for milestone_id in sorted(on_line.places)
    )
    for some in chunks(on_line.parts):
        yield MilestonePartsCredited(
            contract_id=invoice.contract_id,
            line_id=line_id,
            invoice_id=invoice.invoice_id,
            currency=invoice.currency,
            parts=some,
            milestones=headers,
        )
        headers = ()
