"""Folded states as callers get them: the same resources that the views answer with."""

from dataclasses import asdict
from decimal import Decimal

from msgspec import UNSET, UnsetType

from aggregates import money
from aggregates.contract.state import Contract
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.items import Item, OpenSale
from aggregates.contract_line.state import ContractLine
from aggregates.invoice.details import Detail
from aggregates.invoice.events import InvoiceDetail as Drafted
from aggregates.invoice.events import InvoiceLineTotal
from aggregates.invoice.state import Invoice
from aggregates.refusals import LeftAlone
from aggregates.statuses import BillingMethod
from aggregates.terms import FailedLevel as FailedLimit
from aggregates.terms import rounding_customer
from projections.projecting.time_and_material import failed_levels as levels_as_kept
from projections.views.backlog.rows import FailedLevel
from projections.views.contract import contracts
from projections.views.invoice import invoices
from projections.views.invoice.details import DetailSource, InvoiceDetail
from service.wire.outcomes import ChangedItem, SkippedItem


def amount(value: Decimal, currency: str) -> str:
    """Money as plain text with the currency's decimals."""
    return f"{money.round_to(value, money.unit_of(currency)):f}"


def amount_or_none(value: Decimal | None, currency: str) -> str | None:
    """As `amount`; None stays None."""
    return None if value is None else amount(value, currency)


def unit_price(value: Decimal, currency: str) -> str:
    """A price as plain text: the currency's decimals at least, no needless zeros beyond."""
    return f"{money.unit_price(value, currency, 'unit_price'):f}"


def quantity(value: Decimal) -> str:
    """A quantity as plain text without needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def contract(state: Contract) -> contracts.Contract:
    """A contract with its customers and the ids of its lines."""
    currency = state.currency
    return contracts.Contract(
        contract_id=state.contract_id,
        name=state.name,
        currency=currency,
        nte_limit=amount_or_none(state.nte_limit, currency),
        approval=state.approval,
        customers=[
            contracts.ContractCustomer(
                customer_id=customer.customer_id,
                name=customer.name,
                nte_limit=amount_or_none(customer.nte_limit, currency),
            )
            for customer in state.customers.values()
        ],
        lines=sorted(state.lines),
    )


def line(state: LineHead) -> contracts.Line:
    """A contract line, with what its milestones total and lack to its contract amount (D-15)."""
    terms, currency = state.terms, state.currency
    fixed = terms.billing_method is BillingMethod.FIXED_PRICE
    total = state.milestones_total if fixed else None
    value = terms.contract_amount
    difference = None if total is None or value is None else value - total
    return contracts.Line(
        contract_id=state.contract_id,
        line_id=state.line_id,
        name=terms.name,
        project_id=terms.project_id,
        billing_method=terms.billing_method,
        currency=currency,
        contract_amount=amount_or_none(value, currency),
        nte_limit=amount_or_none(terms.nte_limit, currency),
        customers=[
            contracts.LineCustomer(
                customer_id=customer.customer_id,
                split_percent=f"{customer.split_percent:f}",
                rounding=customer.customer_id == rounding_customer(terms.customers),
                nte_limit=amount_or_none(customer.nte_limit, currency),
            )
            for customer in terms.customers
        ],
        schedule=terms.schedule,
        includes=list(terms.includes),
        chargeable=contracts.Chargeable(**asdict(terms.chargeable)),
        milestones_total=amount_or_none(total, currency),
        difference=amount_or_none(difference, currency),
        position=UNSET,
    )


def milestone(state: ContractLine, milestone_id: str) -> contracts.Milestone:
    """A milestone with its parts (D-10)."""
    header, currency = state.milestones[milestone_id], state.currency
    return contracts.Milestone(
        milestone_id=milestone_id,
        contract_id=state.contract_id,
        line_id=state.line_id,
        name=header.name,
        status=header.status,
        amount=amount(header.amount, currency),
        tax=amount(header.tax, currency),
        currency=currency,
        date=header.date,
        task_id=header.task_id,
        parts=[
            contracts.MilestonePart(
                item_id=part.item_id,
                customer_id=part.customer_id,
                amount=amount(part.amount, currency),
                tax=amount(part.tax, currency),
                billing_status=part.billing_status,
            )
            for part in (state.parts[item_id] for item_id in header.parts)
        ],
        position=UNSET,
    )


def changed_item(item: Item) -> ChangedItem:
    """An item that a command changed; milestones have no NTE status (D-17)."""
    sale = item if isinstance(item, OpenSale) else None
    return ChangedItem(
        item_id=item.item_id,
        billing_status=item.billing_status,
        nte_status=sale.nte_status if sale else None,
        nte_detail=failed_levels(sale.failed) if sale and sale.failed else None,
    )


def left_alone(item: LeftAlone) -> SkippedItem:
    """An item that a command leaves as it is, and why (D-26, D-27, D-33)."""
    facts = dict(item.why.facts)
    if "shortfall" in facts:
        facts["shortfall"] = f"{facts['shortfall']:f}"
        facts["levels"] = failed_levels(facts["levels"])
    why = item.why
    return SkippedItem(
        item_id=item.id, code=why.code, detail=why.detail, rule=why.rule or UNSET, **facts
    )


def failed_levels(failed: tuple[FailedLimit, ...]) -> list[FailedLevel]:
    """The levels that an amount does not fit under (D-31), as rows have them, too."""
    return [FailedLevel(**level) for level in levels_as_kept(failed)]


def invoice(state: Invoice, *, with_details: bool = True) -> invoices.Invoice:
    """An invoice with its lines, and with their details unless told otherwise (D-43)."""
    currency, approval = state.currency, state.approval
    details: dict[str, list[InvoiceDetail]] = {}
    for detail in state.listed() if with_details else ():
        details.setdefault(detail.stands.line_id, []).append(_detail(detail, currency))
    return invoices.Invoice(
        invoice_id=state.invoice_id,
        number=state.number,
        status=state.status,
        contract_id=state.contract_id,
        customer_id=state.customer_id,
        currency=currency,
        cutoff=state.cutoff,
        accounting_date=state.accounting_date,
        corrects=state.corrects,
        corrects_number=state.corrects_number,
        has_corrections=state.has_corrections,
        transfer_to=None,
        amount=amount(state.amount, currency),
        tax=amount(state.tax, currency),
        total=amount(state.amount + state.tax, currency),
        approval=approval
        and invoices.InvoiceApproval(
            actor=approval.actor, at=approval.at.isoformat(), version=approval.version
        ),
        lines=[
            _line_total(total, details.get(total.line_id, []) if with_details else UNSET, currency)
            for total in state.lines
        ],
        retainers=[],
    )


def _line_total(
    total: InvoiceLineTotal, details: list[InvoiceDetail] | UnsetType, currency: str
) -> invoices.InvoiceLine:
    return invoices.InvoiceLine(
        line_id=total.line_id,
        billing_method=total.billing_method,
        amount=amount(total.amount, currency),
        tax=amount(total.tax, currency),
        total=amount(total.amount + total.tax, currency),
        groups=[
            invoices.BillingTypeTotal(
                billing_type=group.billing_type,
                count=group.count,
                amount=amount(group.amount, currency),
                tax=amount(group.tax, currency),
            )
            for group in total.groups
        ],
        details=details,
    )


def _detail(detail: Detail, currency: str) -> InvoiceDetail:
    stands, original = detail.stands, detail.source if detail.corrects else None
    return InvoiceDetail(
        detail_id=stands.detail_id,
        item_id=stands.item_id,
        kind=stands.kind,
        date=stands.date,
        description=stands.description,
        external_description=stands.external_description,
        quantity=quantity(stands.quantity),
        unit_price=unit_price(stands.unit_price, currency),
        amount=amount(stands.amount, currency),
        tax=amount(stands.tax, currency),
        billing_type=stands.billing_type,
        edited=detail.edited,
        source=detail.source and _source(detail.source, currency),
        recalled=detail.recalled_by is not None,
        corrects_detail=detail.corrects,
        corrected_by=detail.corrected_by,
        original_quantity=original and quantity(original.quantity),
        original_unit_price=original and unit_price(original.unit_price, currency),
        original_amount=original and amount(original.amount, currency),
        original_tax=original and amount(original.tax, currency),
    )


def _source(source: Drafted, currency: str) -> DetailSource:
    return DetailSource(
        quantity=quantity(source.quantity),
        unit_price=unit_price(source.unit_price, currency),
        amount=amount(source.amount, currency),
        tax=amount(source.tax, currency),
        billing_type=source.billing_type,
    )
