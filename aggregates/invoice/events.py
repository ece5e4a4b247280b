"""Events on the stream of an invoice, and on that of a series of invoice numbers."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from aggregates import streams
from aggregates.actuals import Actual
from aggregates.statuses import BillingMethod, BillingType


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEvent:
    """An event on the stream of an invoice."""

    VERSION: ClassVar[int] = 1
    invoice_id: str
    contract_id: str

    @property
    def stream(self) -> str:
        return streams.invoice(self.invoice_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCreated(InvoiceEvent):
    """A draft proforma invoice was made for one customer of one contract (D-40)."""

    customer_id: str
    currency: str
    cutoff: date | None


MILESTONE = "milestone"
"""Kind of an invoice detail that bills a customer milestone; of others it is the class (D-22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDetail:
    """One detail of an invoice: an actual of a class, or a customer milestone (`kind`).

    It is known by its own id; `item_id` is null where it bills no backlog item.
    """

    detail_id: str
    line_id: str
    item_id: str | None
    kind: str
    date: date
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax: Decimal
    billing_type: BillingType
    approval_id: str | None
    milestone_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingTypeTotal:
    """The details of one billing type on an invoice line, counted and summed (D-43)."""

    billing_type: BillingType
    count: int
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineTotal:
    """An invoice line: the sum of its chargeable details, and the groups by billing type (D-43)."""

    line_id: str
    billing_method: BillingMethod
    amount: Decimal
    tax: Decimal
    groups: tuple[BillingTypeTotal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsAdded(InvoiceEvent):
    """Details went on a draft, at most 1,000 an event; the invoice's totals after them (D-43)."""

    currency: str
    details: tuple[InvoiceDetail, ...]
    lines: tuple[InvoiceLineTotal, ...]
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDeleted(InvoiceEvent):
    """A draft was deleted; its items are ready again (D-42)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceConfirmed(InvoiceEvent):
    """A draft was confirmed, numbered, and is read-only from then on (D-44)."""

    number: str
    accounting_date: date
    currency: str
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualsBooked(InvoiceEvent):
    """The actuals of a confirmed invoice: reversals of the unbilled, and the billed (D-45)."""

    customer_id: str
    currency: str
    actuals: tuple[Actual, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceNumberAssigned:
    """A number of the series was given to an invoice; the series has no gaps (D-44)."""

    VERSION: ClassVar[int] = 1
    series: str
    sequence: int
    number: str
    invoice_id: str

    @property
    def stream(self) -> str:
        return streams.number_series(self.series)
