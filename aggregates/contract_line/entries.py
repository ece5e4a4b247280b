"""An entry that an upstream project system approved, and what is kept of what it says."""

import datetime
from dataclasses import dataclass, fields
from decimal import Decimal

from aggregates import streams
from aggregates.contract_line.events import ApprovedWork
from aggregates.intake.events import CorrectedEntry, Said
from aggregates.statuses import BillingType, TransactionClass


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


def kept(approval: Approval) -> CorrectedEntry:
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
