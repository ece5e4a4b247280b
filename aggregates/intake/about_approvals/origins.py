"""What the items of an approval were, before invoices edited or corrected them."""

from dataclasses import dataclass

from aggregates.actuals import Actual
from aggregates.contract_line.events import ApprovedWork, UnbilledSale
from aggregates.contract_line.items import OpenSale
from aggregates.contract_line.recalled.events import CorrectedWork
from aggregates.invoice.events import InvoiceDetail
from aggregates.statuses import NTEStatus, TransactionClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """An item as its approval made it, and the actual that stands for it in the backlog.

    `work` is what the approval reported, without its sales. There is no such actual where it is
    billed.
    """

    work: ApprovedWork
    sale: UnbilledSale
    actual_id: str | None


def of_sale(sale: OpenSale) -> Origin:
    """What an open item is."""
    return _origin(sale.actual, sale, sale.customer_id, sale.item_id)


def of_detail(detail: InvoiceDetail, customer_id: str, actual_id: str | None) -> Origin:
    """What a billed item was, by the source of its detail."""
    return _origin(detail, detail, customer_id, actual_id)


def of_corrected(instead: CorrectedWork, actual_id: str | None) -> list[Origin]:
    """What an entry was corrected to, and is not there as long as it is billed as before."""
    return [
        Origin(work=instead.work, sale=sale, actual_id=actual_id) for sale in instead.work.sales
    ]


def _origin(
    charged: Actual | InvoiceDetail,
    reported: OpenSale | InvoiceDetail,
    customer_id: str,
    actual_id: str | None,
) -> Origin:
    return Origin(
        work=ApprovedWork(
            approval_id=str(charged.approval_id),
            transaction_class=TransactionClass(charged.kind),
            date=charged.date,
            unit_price=charged.unit_price,
            role=reported.role,
            category=reported.category,
            task_id=reported.task_id,
            resource=reported.resource,
            description=reported.description or None,
            sales=(),
        ),
        sale=UnbilledSale(
            item_id=str(charged.item_id),
            customer_id=customer_id,
            quantity=charged.quantity,
            amount=charged.amount,
            tax=charged.tax,
            billing_type=charged.billing_type,
            nte_status=NTEStatus.NOT_APPLICABLE,
        ),
        actual_id=actual_id,
    )
