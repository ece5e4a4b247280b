"""Which kinds of things an event may have changed, for those who follow what changes."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

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
from aggregates.events import Event, RequestAnswered, RequestClaimed
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


class Kind(StrEnum):
    """A kind of things that callers read."""

    SALES = "sales"
    MILESTONES = "milestones"
    INVOICES = "invoices"
    LIMITS = "limits"
    INTAKE = "intake"
    JOBS = "jobs"


_ITEMS = (Kind.SALES, Kind.MILESTONES)
"""Items of either billing method: the name of an event does not tell which."""
KINDS: Mapping[type[Event], tuple[Kind, ...]] = MappingProxyType(
    {
        # Names of contracts, lines and customers stand in what is listed of them.
        ContractDefined: (*_ITEMS, Kind.INVOICES, Kind.LIMITS),
        ContractLineListed: (Kind.LIMITS,),
        ContractUsageChanged: (Kind.LIMITS,),
        ContractLineDefined: (*_ITEMS, Kind.LIMITS),
        LineUsageChanged: (Kind.LIMITS,),
        MilestoneSplit: (Kind.MILESTONES,),
        MilestoneChanged: (Kind.MILESTONES,),
        MilestoneDeleted: (Kind.MILESTONES,),
        MilestonePartsCredited: (Kind.MILESTONES,),
        UnbilledSalesRecorded: (Kind.SALES,),
        UnbilledSalesBooked: (Kind.SALES,),
        SalesReversed: (Kind.SALES,),
        RecallAwaited: (),
        CorrectedWorkExpected: (),
        ObligationsOpened: (Kind.INTAKE,),
        ObligationsChanged: (Kind.INTAKE,),
        ObligationWaived: (Kind.INTAKE,),
        SalesDescribed: (Kind.SALES,),
        NTEEvaluated: (Kind.SALES,),
        NTEReset: (Kind.SALES,),
        MarkedReady: _ITEMS,
        MarkedNotReady: _ITEMS,
        ItemsDrafted: _ITEMS,
        ItemsReleased: _ITEMS,
        ItemsPosted: _ITEMS,
        DraftCreated: (Kind.INVOICES,),
        DetailsAdded: (Kind.INVOICES,),
        DetailsEdited: (Kind.INVOICES,),
        DetailsRemoved: (Kind.INVOICES,),
        DetailsRecalled: (Kind.INVOICES,),
        DraftDeleted: (Kind.INVOICES,),
        InvoiceSubmitted: (Kind.INVOICES,),
        InvoiceReturned: (Kind.INVOICES,),
        InvoiceApproved: (Kind.INVOICES,),
        InvoiceConfirmed: (Kind.INVOICES,),
        ActualsBooked: (*_ITEMS, Kind.INVOICES),
        CorrectionDrafted: (Kind.INVOICES,),
        CorrectiveDetailsAdded: (Kind.INVOICES,),
        CorrectionOpened: (Kind.INVOICES,),
        CorrectionWithdrawn: (Kind.INVOICES,),
        DetailsCorrected: (Kind.INVOICES,),
        InvoiceNumberAssigned: (Kind.INVOICES,),
        EventReceived: (Kind.INTAKE,),
        ApprovalRecorded: (Kind.INTAKE,),
        ApprovalNotBillable: (Kind.INTAKE,),
        ApprovalAwaited: (Kind.INTAKE,),
        ApprovalRecalled: (Kind.INTAKE,),
        ApprovalCorrected: (Kind.INTAKE,),
        RecallWaived: (Kind.INTAKE,),
        EventParked: (Kind.INTAKE,),
        EventUnparked: (Kind.INTAKE,),
        JobRequested: (Kind.JOBS,),
        JobStepsPlanned: (Kind.JOBS,),
        JobStepDone: (Kind.JOBS,),
        JobCompleted: (Kind.JOBS,),
        JobFailed: (Kind.JOBS,),
        JobCanceled: (Kind.JOBS,),
        JobOpened: (),
        JobClosed: (),
        RequestClaimed: (),
        RequestAnswered: (),
        KeyCreated: (),
        KeyRevoked: (),
    }
)
"""By the type of the event: none that it changes is missing, some may not be changed by it."""
_BY_NAME = {kind.__name__: kinds for kind, kinds in KINDS.items()}


def kinds_of(names: Iterable[str]) -> frozenset[Kind]:
    """The kinds of things that events of these names may have changed.

    All kinds for a name that is not known here: a newer version has recorded it.
    """
    return frozenset(kind for name in names for kind in _BY_NAME.get(name, tuple(Kind)))
