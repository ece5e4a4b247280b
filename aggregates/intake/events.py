"""Events of the intake: what was taken in, what waits, what became of it."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from aggregates import streams
from aggregates.contract.events import ContractEvent
from aggregates.statuses import BillingType, Outcome, TransactionClass


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReceived:
    """An event that an upstream system posted was taken in, once; its outcome, and why.

    A later version on the same stream tells what became of an event that had been parked. `data`
    keeps the posted data of what made no actual (not billable). `digest` is the SHA-256 of type and
    data, by which the same event is told from another of that id (D-20); null before version 2.
    """

    VERSION: ClassVar[int] = 2
    source: str
    event_id: str
    type: str
    contract_id: str
    line_id: str | None
    approval_id: str | None
    outcome: Outcome
    items: tuple[str, ...]
    problem_code: str | None
    problem_detail: str | None
    data: str | None
    digest: str | None

    @property
    def stream(self) -> str:
        return streams.receipt(self.source, self.event_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalEvent:
    """An event on the stream of an approval, which is known by `source` and `approval_id` (D-20).

    `source` is null where an approval was known by its contract instead; then its stream is named
    after the contract that it was recorded on.
    """

    VERSION: ClassVar[int] = 1
    source: str | None
    contract_id: str
    line_id: str
    approval_id: str

    @property
    def stream(self) -> str:
        if self.source is None:
            return streams.approval_without_source(self.contract_id, self.approval_id)
        return streams.approval(self.source, self.approval_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an entry said where its actuals don't tell it: a later correction starts from it."""

    quantity: Decimal
    billable_quantity: Decimal | None
    tax: Decimal
    billing_type: BillingType


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecorded(ApprovalEvent):
    """An approval was recorded, once: what it became, and a digest of what it said (D-20).

    A second event about the same approval is answered from here, also after its items were posted.
    It is recorded once more after a recall, when nothing of it is billed any longer (D-84).
    `source` is null before version 2, when an approval was known by its contract instead. `said` is
    null where the actuals tell what the approval said, and before version 3.
    """

    VERSION: ClassVar[int] = 3
    digest: str
    items: tuple[str, ...]
    said: Said | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedEntry:
    """What an approved entry says, whatever it comes to on its line."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalNotBillable(ApprovalEvent):
    """An approval made no actual on its line (D-20, D-22): what it says, and a digest of that.

    A recall or a correction of it finds it here. The same approval that comes again is looked at
    anew, unless it was corrected since.
    """

    digest: str
    entry: CorrectedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAwaited(ApprovalEvent):
    """A posted event about the approval waits: for the approval, or for a draft (D-23, D-82).

    `contract_id` is the contract on which it is parked. Those that wait act in this order.
    """

    parked_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecalled(ApprovalEvent):
    """An approval was recalled (D-23): which items it lost, and what of it stays billed (D-83).

    `obligations` are the ids of those that the recall opened.
    """

    items: tuple[str, ...]
    obligations: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalCorrected(ApprovalEvent):
    """An approved entry was corrected (D-85): where its work is from now on, and all its items.

    Also those items that come when what is billed of it is billed no longer. `obligations` are the
    ids of those that were opened. `entry` is what the entry says now.
    """

    to_contract_id: str
    to_line_id: str
    items: tuple[str, ...]
    obligations: tuple[str, ...]
    reason: str | None
    entry: CorrectedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallWaived(ApprovalEvent):
    """What stays billed of a recalled approval was accepted: it counts as not recalled (D-83)."""

    obligation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventParked(ContractEvent):
    """A posted event refers to something unknown yet; it is kept until that arrives.

    Recorded again, with the new reason, when a retry finds that it still can't be taken in.
    """

    parked_id: str
    source: str
    event_id: str
    type: str
    line_id: str | None
    approval_id: str | None
    problem_code: str
    problem_detail: str
    data: str

    @property
    def stream(self) -> str:
        return streams.parking(self.contract_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventUnparked(ContractEvent):
    """A parked event left the parking place: taken in (`outcome`), or dismissed with a reason."""

    parked_id: str
    outcome: Outcome | None
    reason: str | None

    @property
    def stream(self) -> str:
        return streams.parking(self.contract_id)
