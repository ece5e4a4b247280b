"""Details by hand: put on a draft without an item behind them (D-68)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aggregates import money, streams
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal
from aggregates.decision import Decision
from aggregates.invoice.details import drafted
from aggregates.invoice.draft.details_on import changed, require_ordinary
from aggregates.invoice.draft.edits import check_by_hand, given_price, given_tax, not_zero
from aggregates.invoice.events import DetailsAdded, InvoiceDetail
from aggregates.invoice.state import Invoice
from aggregates.invoice.totals import Totals
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import BillingMethod, BillingType, TransactionClass


@dataclass(frozen=True, slots=True, kw_only=True)
class AddByHand:
    """Put a detail on a draft that bills no item (D-68).

    The id of the detail derives from `seed`, which is made at the edge. `actor` is who does (D-73).
    """

    seed: str
    actor: str
    line_id: str
    transaction_class: TransactionClass
    date: date
    quantity: Decimal
    unit_price: Decimal
    tax: Decimal
    billing_type: BillingType = BillingType.CHARGEABLE
    description: str = ""
    external_description: str | None = None
    role: str | None = None
    category: str | None = None
    task_id: str | None = None
    resource: str | None = None


def add(command: AddByHand, invoice: Invoice, deal: Deal) -> Decision:
    """The detail on the draft, and the totals with it; it is not split, and no limit is asked yet.

    Done is its id. Raises NotFound for a deleted draft; Refused for an invoice that is confirmed or
    corrects another, for a customer who is not on the line, and for a class that a line of time and
    material does not include; Invalid for values that a detail can't have.
    """
    require_ordinary(invoice)
    line = deal.lines.get(command.line_id)
    if line is None:
        raise Invalid("line_id", f"the contract has no line {command.line_id!r}", "D-68")
    _check_line(command, invoice, line)
    by_hand = _detail(command, invoice)
    totals = Totals(invoice.currency, invoice.lines)
    totals.add(drafted(by_hand), line.terms.billing_method)
    added = DetailsAdded(**changed(invoice, totals, command.actor), details=(by_hand,))
    return Decision(events=(added,), done=(by_hand.detail_id,))


def _check_line(command: AddByHand, invoice: Invoice, line: ContractLine) -> None:
    """Raises Refused where the line does not have the customer, or the class of work (D-68)."""
    if invoice.customer_id not in {customer.customer_id for customer in line.terms.customers}:
        raise Refused(
            "customer_not_on_line",
            f"line {line.line_id!r} does not have the invoice's customer {invoice.customer_id!r}",
            "D-68",
        )
    is_work = line.terms.billing_method is BillingMethod.TIME_AND_MATERIAL
    if is_work and command.transaction_class not in line.terms.includes:
        raise Refused(
            "class_not_included",
            f"line {line.line_id!r} does not include {command.transaction_class}",
            "D-68",
        )


def _detail(command: AddByHand, invoice: Invoice) -> InvoiceDetail:
    if command.billing_type is BillingType.NOT_AVAILABLE:
        raise Invalid("billing_type", "a detail is charged, or shown at no charge", "D-66")
    currency, kind = invoice.currency, command.transaction_class
    quantity = not_zero(money.quantity(command.quantity, "quantity"))
    check_by_hand(quantity, kind)
    price = given_price(command.unit_price, currency)
    amount = money.extend(quantity, price, currency)
    return InvoiceDetail(
        detail_id=streams.digest(invoice.invoice_id, "by hand", command.seed),
        line_id=command.line_id,
        item_id=None,
        kind=kind,
        date=command.date,
        description=command.description,
        quantity=quantity,
        unit_price=price,
        amount=amount,
        tax=given_tax(command.tax, amount, currency),
        billing_type=command.billing_type,
        approval_id=None,
        milestone_id=None,
        external_description=command.external_description,
        role=command.role,
        category=command.category,
        task_id=command.task_id,
        resource=command.resource,
    )
