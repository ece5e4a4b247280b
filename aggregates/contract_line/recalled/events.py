"""Events on the stream of a contract line about recalled work: what waits, what stays billed."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from aggregates.contract_line.events import ApprovedWork, LineEvent
from aggregates.statuses import BillingType, Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedItem:
    """An item of an approval that a recall waits for; `invoice_id` where it is posted already."""

    item_id: str
    invoice_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallAwaited(LineEvent):
    """A recall, or a corrected entry, waits until these items are on no draft (D-23, D-85).

    `parked_id` is the event that waits, null when it was dismissed and none waits any more.
    """

    parked_id: str | None
    items: tuple[AwaitedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedWork:
    """What a corrected entry comes to on a line, as soon as it may be billed there (D-85)."""

    contract_id: str
    line_id: str
    currency: str
    work: ApprovedWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What stays billed of an approval that was recalled or corrected, until an invoice is (D-83).

    `detail_id` on `invoice_id` is the detail that bills it now. `source` and `approval_id` are
    those of the approval; `cause` says what happened to it. `instead` is what comes to the backlog
    when nothing stays billed, null if nothing does.
    """

    obligation_id: str
    source: str | None
    approval_id: str
    cause: Cause
    item_id: str
    customer_id: str
    invoice_id: str
    detail_id: str
    billing_type: BillingType
    quantity: Decimal
    amount: Decimal
    reason: str | None
    instead: CorrectedWork | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationsOpened(LineEvent):
    """Work was recalled or corrected after it was billed: invoices have to be corrected (D-83)."""

    currency: str
    obligations: tuple[Obligation, ...]


class ObligationStatus(StrEnum):
    """Whether something still has to be corrected (D-83)."""

    OPEN = "open"
    CLOSED = "closed"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationChange:
    """What still stays billed after a correction, and where; closed when that is right.

    `instead` is what comes when nothing stays billed, of this and of the customer's other parts
    that are billed alike; of a closed one, what the entry was corrected to and stays billed.
    """

    obligation_id: str
    corrected_detail_id: str
    invoice_id: str
    detail_id: str
    quantity: Decimal
    amount: Decimal
    status: ObligationStatus
    instead: CorrectedWork | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationsChanged(LineEvent):
    """A correction of what stays billed was confirmed (D-83): what of it is left."""

    currency: str
    obligations: tuple[ObligationChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesDescribed(LineEvent):
    """The description of an approved entry was corrected, and no actual changes by it (D-85).

    Says all that its sales are found by.
    """

    approval_id: str
    items: tuple[str, ...]
    role: str | None
    category: str | None
    task_id: str | None
    resource: str | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedWorkExpected(LineEvent):
    """Corrected work of another line will come to this one when invoices are corrected (D-85).

    The line keeps these customers and its billing method, as if they had items already (D-3).
    """

    customers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationWaived(LineEvent):
    """What stays billed was accepted as it is: nothing has to be corrected (D-83)."""

    obligation_id: str
    detail_id: str
    reason: str
