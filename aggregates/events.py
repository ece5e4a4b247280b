"""The catalogue of events: what can have happened, each a promise to whoever reads the history.

An event is stored under `Name.vN` (never a module path) on the stream that its `stream` property
names. Events carry results, not recipes. Docstrings here become docs/events.md.
"""

from dataclasses import dataclass
from typing import ClassVar

from aggregates import streams
from aggregates.access.events import KeyCreated, KeyRevoked
from aggregates.contract.events import ContractDefined, ContractLineListed, ContractUsageChanged
from aggregates.contract_line.events import (
    ContractLineDefined,
    ItemsDrafted,
    ItemsPosted,
    ItemsReleased,
    LineUsageChanged,
    MarkedNotReady,
    MarkedReady,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePartsCredited,
    MilestoneSplit,
    NTEEvaluated,
    NTEReset,
    SalesReversed,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.recalled.events import (
    CorrectedWorkExpected,
    ObligationsChanged,
    ObligationsOpened,
    ObligationWaived,
    RecallAwaited,
    SalesDescribed,
)
from aggregates.intake.events import (
    ApprovalAwaited,
    ApprovalCorrected,
    ApprovalNotBillable,
    ApprovalRecalled,
    ApprovalRecorded,
    EventParked,
    EventReceived,
    EventUnparked,
    RecallWaived,
)
from aggregates.invoice.events import (
    ActualsBooked,
    CorrectionDrafted,
    CorrectionOpened,
    CorrectionWithdrawn,
    CorrectiveDetailsAdded,
    DetailsAdded,
    DetailsCorrected,
    DetailsEdited,
    DetailsRecalled,
    DetailsRemoved,
    DraftCreated,
    DraftDeleted,
    InvoiceApproved,
    InvoiceConfirmed,
    InvoiceNumberAssigned,
    InvoiceReturned,
    InvoiceSubmitted,
)
from aggregates.job.events import (
    JobCanceled,
    JobClosed,
    JobCompleted,
    JobFailed,
    JobOpened,
    JobRequested,
    JobStepDone,
    JobStepsPlanned,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestClaimed:
    """A request of several transactions claimed its Idempotency-Key before it acts.

    A digest of what it asks for is kept: no other request can be carried out under the key. A key
    belongs to its `caller`; null where nobody was asked who they are, as before version 2.
    """

    VERSION: ClassVar[int] = 2
    key: str
    digest: str
    caller: str | None = None

    @property
    def stream(self) -> str:
        return streams.request(self.key, self.caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered:
    """The answer to a request that carried an Idempotency-Key, given again to a repetition.

    A key belongs to its `caller`; null where nobody was asked who they are, as before version 2.
    """

    VERSION: ClassVar[int] = 2
    key: str
    digest: str
    body: str
    caller: str | None = None

    @property
    def stream(self) -> str:
        return streams.request(self.key, self.caller)


Event = (
    ContractDefined
    | ContractLineListed
    | ContractUsageChanged
    | ContractLineDefined
    | LineUsageChanged
    | MilestoneSplit
    | MilestoneChanged
    | MilestoneDeleted
    | MilestonePartsCredited
    | UnbilledSalesRecorded
    | UnbilledSalesBooked
    | SalesReversed
    | RecallAwaited
    | CorrectedWorkExpected
    | ObligationsOpened
    | ObligationsChanged
    | ObligationWaived
    | SalesDescribed
    | NTEEvaluated
    | NTEReset
    | MarkedReady
    | MarkedNotReady
    | ItemsDrafted
    | ItemsReleased
    | ItemsPosted
    | DraftCreated
    | DetailsAdded
    | DetailsEdited
    | DetailsRemoved
    | DetailsRecalled
    | DraftDeleted
    | InvoiceSubmitted
    | InvoiceReturned
    | InvoiceApproved
    | InvoiceConfirmed
    | ActualsBooked
    | CorrectionDrafted
    | CorrectiveDetailsAdded
    | CorrectionOpened
    | CorrectionWithdrawn
    | DetailsCorrected
    | InvoiceNumberAssigned
    | EventReceived
    | ApprovalRecorded
    | ApprovalNotBillable
    | ApprovalAwaited
    | ApprovalRecalled
    | ApprovalCorrected
    | RecallWaived
    | EventParked
    | EventUnparked
    | RequestClaimed
    | RequestAnswered
    | KeyCreated
    | KeyRevoked
    | JobRequested
    | JobStepsPlanned
    | JobStepDone
    | JobCompleted
    | JobFailed
    | JobCanceled
    | JobOpened
    | JobClosed
)
"""Everything that can stand in the history."""
