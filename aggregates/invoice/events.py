"""Events on the stream of an invoice, and on that of a series of invoice numbers."""

from dataclasses import dataclass
from datetime import date, datetime
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
    """A draft proforma invoice was made for one customer of one contract (D-40).

    `line_ids` are the lines that it was drafted for, null for all; a refresh keeps to them (D-70).
    Before version 2 it was not kept which were named.
    """

    VERSION: ClassVar[int] = 2
    customer_id: str
    currency: str
    cutoff: date | None
    line_ids: tuple[str, ...] | None


MILESTONE = "milestone"
"""Kind of an invoice detail that bills a customer milestone; of others it is the class (D-22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDetail:
    """One detail of an invoice: an actual of a class, or a customer milestone (`kind`).

    It is known by its own id; `item_id` is null where it bills no backlog item. What the work was
    (from `role` on) stands here for what a correction gives back (D-78).
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
    external_description: str | None = None
    role: str | None = None
    category: str | None = None
    task_id: str | None = None
    resource: str | None = None


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
class DetailsChanged(InvoiceEvent):
    """Details of a draft came, changed or went: the invoice's totals after that (D-43).

    `actor` is who did it, which four eyes look at; a draft in review is a draft again, and its
    approval is void (D-73).
    """

    currency: str
    actor: str | None
    lines: tuple[InvoiceLineTotal, ...]
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsAdded(DetailsChanged):
    """Details went on a draft, at most 1,000 an event. Before version 2 nobody's name is known."""

    VERSION: ClassVar[int] = 2
    details: tuple[InvoiceDetail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectiveDetail:
    """A detail of a corrective draft: what stays billed, and the billed detail it corrects (D-76).

    `original` is that detail as it stands billed before the correction.
    """

    detail: InvoiceDetail
    original: InvoiceDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectiveDetailsAdded(DetailsChanged):
    """Details to be corrected went on a corrective draft, at most 1,000 an event (D-76)."""

    details: tuple[CorrectiveDetail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedDetail:
    """How a detail of a draft reads now: all that can be edited of one (D-42, D-65, D-66).

    `edited` when its billing type, quantity, price or tax differ from its source's (D-67).
    """

    detail_id: str
    description: str
    external_description: str | None
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax: Decimal
    billing_type: BillingType
    edited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsEdited(DetailsChanged):
    """Details of a draft were edited, at most 1,000 an event (D-65 to D-67, D-77)."""

    details: tuple[EditedDetail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsRemoved(DetailsChanged):
    """Details went off a draft, at most 1,000 an event (D-69)."""

    details: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsRecalled(InvoiceEvent):
    """The approval of these details was recalled or corrected; that waits for them (D-23, D-85).

    It goes on when they leave the draft or are confirmed. `parked_id` is the event that waits, null
    when it was dismissed and no event waits any more.
    """

    details: tuple[str, ...]
    parked_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSubmitted(InvoiceEvent):
    """A draft was given in for review (D-73)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceReturned(InvoiceEvent):
    """An invoice in review was given back, a draft again, its approval void (D-73)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceApproved(InvoiceEvent):
    """An invoice in review was approved: by whom, when, at which version of it (D-73)."""

    actor: str | None
    at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionDrafted(InvoiceEvent):
    """A corrective draft was made from a confirmed invoice, of the same customer (D-47, D-76)."""

    customer_id: str
    currency: str
    corrects: str
    corrects_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionEvent(InvoiceEvent):
    """What became of details of a confirmed invoice on a correction of it."""

    correction_id: str
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionOpened(CorrectionEvent):
    """These details went on a corrective draft; they can't be on another one (D-49)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionWithdrawn(CorrectionEvent):
    """These details came off a correction unchanged: removed, deleted or left as billed (D-77)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsCorrected(CorrectionEvent):
    """A correction of these details was confirmed; the correction has them now (D-79)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDeleted(InvoiceEvent):
    """A draft was deleted; its items are ready again (D-69)."""


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
    """The actuals that a confirmed invoice books, at most 1,000 an event (D-45, D-78, D-81).

    `adjusted` are actuals from before that others supersede by it. Before version 2 none was, and
    the accounting date is null: it is that of the invoice.
    """

    VERSION: ClassVar[int] = 2
    customer_id: str
    currency: str
    accounting_date: date | None
    actuals: tuple[Actual, ...]
    adjusted: tuple[str, ...]


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
