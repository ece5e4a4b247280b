"""What an approval comes to on its line: what is charged of it, split among the customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from aggregates import money, splitting, streams
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.events import ApprovedWork, UnbilledSale
from aggregates.contract_line.head import LineHead
from aggregates.limits import Limits
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import BillingMethod, BillingType, NTEStatus, TransactionClass


@dataclass(frozen=True, slots=True)
class _Portion:
    """A part of an approval that is charged in one way."""

    quantity: Decimal
    billing_type: BillingType
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Charging:
    """A line, and how it splits: looked up once for all that one command records on it."""

    line: LineHead
    shares: tuple[splitting.Share, ...]
    unit: Decimal

    @classmethod
    def of(cls, line: LineHead) -> Charging:
        """How a line charges."""
        return cls(line, line.shares, money.unit_of(line.currency))


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
    return work_on(approval, Charging.of(line), limits)


def work_on(approval: Approval, on_line: Charging, limits: Limits) -> ApprovedWork:
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
    on_line: Charging,
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
