"""A made-up history with every event of the catalogue in it, and histories of any events.

Contract C1 in euros: A and B pay the time and material of line T half each, A pays fixed-price F.
A's hours get on invoice I1, with a milestone, and are posted; draft I2 is deleted again. I3 is
edited and reviewed before it is posted, and I4 corrects it; B's hours are recalled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from aggregates.access.events import KeyCreated, KeyRevoked
from aggregates.actuals import Actual, reversal
from aggregates.contract.events import ContractDefined, ContractLineListed, ContractUsageChanged
from aggregates.contract_line.events import (
    ApprovedWork,
    ContractLineDefined,
    CreditedPart,
    CustomerActuals,
    HeaderStatus,
    ItemsDrafted,
    ItemsPosted,
    ItemsReleased,
    LineUsageChanged,
    MarkedNotReady,
    MarkedReady,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePart,
    MilestonePartsCredited,
    MilestoneSplit,
    NTEEvaluated,
    NTEReset,
    NTEResult,
    SalesReversed,
    SplitShare,
    UnbilledSale,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.recalled.events import (
    AwaitedItem,
    CorrectedWorkExpected,
    Obligation,
    ObligationChange,
    ObligationsChanged,
    ObligationsOpened,
    ObligationStatus,
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
    CorrectedEntry,
    EventParked,
    EventReceived,
    EventUnparked,
    RecallWaived,
)
from aggregates.invoice.events import (
    MILESTONE,
    ActualsBooked,
    BillingTypeTotal,
    CorrectionDrafted,
    CorrectionOpened,
    CorrectionWithdrawn,
    CorrectiveDetail,
    CorrectiveDetailsAdded,
    DetailsAdded,
    DetailsCorrected,
    DetailsEdited,
    DetailsRecalled,
    DetailsRemoved,
    DraftCreated,
    DraftDeleted,
    EditedDetail,
    InvoiceApproved,
    InvoiceConfirmed,
    InvoiceDetail,
    InvoiceLineTotal,
    InvoiceNumberAssigned,
    InvoiceReturned,
    InvoiceSubmitted,
)
from aggregates.job.events import (
    JobCanceled,
    JobClosed,
    JobCompleted,
    JobExceeded,
    JobFailed,
    JobInvoice,
    JobOpened,
    JobRequested,
    JobSkipped,
    JobStep,
    JobStepDone,
    JobStepsPlanned,
    StepOutcome,
)
from aggregates.statuses import (
    ActualType,
    AdjustmentStatus,
    ApprovalRule,
    BillingMethod,
    BillingType,
    Cause,
    LimitLevel,
    MilestoneStatus,
    NTEStatus,
    Outcome,
    Schedule,
    StepStatus,
    TransactionClass,
)
from aggregates.streams import billed_actual, detail_of_item
from aggregates.terms import (
    Chargeability,
    ContractCustomer,
    FailedLevel,
    LevelUsage,
    LineCustomer,
    LineTerms,
)
from projections.history import Metadata, Recorded

DAY, LATER = date(2026, 3, 2), date(2026, 3, 9)
TIME, FIXED = BillingMethod.TIME_AND_MATERIAL, BillingMethod.FIXED_PRICE
CHARGEABLE, FREE = BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE
ABOUT = Metadata(
    recorded_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    actor="tester",
    reason=None,
    correlation_id="correlation",
    causation_id=None,
)


def recorded(events: Iterable[Event], after: int = 0) -> list[Recorded]:
    """The events as they stand in a history, behind position `after`."""
    versions: dict[str, int] = {}
    found: list[Recorded] = []
    for position, event in enumerate(events, after + 1):
        versions[event.stream] = version = versions.get(event.stream, 0) + 1
        found.append(
            Recorded(
                position=position,
                stream=event.stream,
                version=version,
                event=event,
                metadata=ABOUT,
            )
        )
    return found


@dataclass
class Listed:
    """A history in memory; reading it up to one of the positions in `broken` fails."""

    events: list[Recorded]
    broken: set[int] = field(default_factory=set[int])

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        found = self.events[after : after + limit]
        for one in found:
            if one.position in self.broken:
                raise LookupError(f"the event at {one.position} can't be read")
        return found

    def position(self) -> int:
        return len(self.events)


def d(text: str) -> Decimal:
    return Decimal(text)


# --- the terms ---------------------------------------------------------------------------------

CONTRACT_DEFINED = ContractDefined(
    contract_id="C1",
    name="Harbour",
    currency="EUR",
    nte_limit=d("5000.00"),
    approval=ApprovalRule.NONE,
    customers=(
        ContractCustomer(customer_id="B", name="Bay", nte_limit=d("2000.00")),
        ContractCustomer(customer_id="A", name="Anchor"),
    ),
)
TIME_LINE_DEFINED = ContractLineDefined(
    contract_id="C1",
    line_id="T",
    currency="EUR",
    terms=LineTerms(
        name="Works",
        project_id="P1",
        billing_method=TIME,
        contract_amount=None,
        nte_limit=d("3000.00"),
        customers=(
            LineCustomer(customer_id="A", split_percent=d("50"), rounding=True),
            LineCustomer(
                customer_id="B", split_percent=d("50.0"), rounding=False, nte_limit=d("500.00")
            ),
        ),
        schedule=Schedule.MILESTONES,
        includes=(TransactionClass.TIME, TransactionClass.FEE),
        chargeable=Chargeability(roles={"dev": True}, tasks={"t1": False}),
    ),
    milestones_total=d("0"),
)
FIXED_LINE_DEFINED = ContractLineDefined(
    contract_id="C1",
    line_id="F",
    currency="EUR",
    terms=LineTerms(
        name="Crane",
        project_id="P2",
        billing_method=FIXED,
        contract_amount=d("1500.00"),
        nte_limit=None,
        customers=(LineCustomer(customer_id="A", split_percent=d("100"), rounding=True),),
        schedule=Schedule.MILESTONES,
        includes=tuple(TransactionClass),
        chargeable=Chargeability(),
    ),
    milestones_total=d("0"),
)
TIME_LINE_LISTED = ContractLineListed(
    contract_id="C1", line_id="T", billing_method=TIME, customers=("A", "B")
)
FIXED_LINE_LISTED = ContractLineListed(
    contract_id="C1", line_id="F", billing_method=FIXED, customers=("A",)
)

# --- items -------------------------------------------------------------------------------------


def split(milestone: str, amount: str, *, total: str, day: date = DAY) -> MilestoneSplit:
    """A milestone of line F, all of it A's, with a tenth of tax."""
    part = MilestonePart(
        item_id=f"{milestone}-A", customer_id="A", amount=d(amount), tax=d(amount) / 10
    )
    return MilestoneSplit(
        contract_id="C1",
        line_id="F",
        milestone_id=milestone,
        name=f"Milestone {milestone}",
        currency="EUR",
        amount=d(amount),
        tax=d(amount) / 10,
        date=day,
        task_id=None,
        shares=(SplitShare(customer_id="A", percent=d("100"), rounding=True),),
        parts=(part,),
        milestones_total=d(total),
    )


M1_CHANGED = MilestoneChanged(
    contract_id="C1",
    line_id="F",
    milestone_id="M1",
    name="Foundation",
    currency="EUR",
    amount=d("1200.00"),
    tax=d("240.00"),
    date=LATER,
    task_id="dig",
    parts=(MilestonePart(item_id="M1-A", customer_id="A", amount=d("1200.00"), tax=d("240.00")),),
    milestones_total=d("1200.00"),
)
M2_DELETED = MilestoneDeleted(
    contract_id="C1",
    line_id="F",
    milestone_id="M2",
    items=("M2-A",),
    currency="EUR",
    milestones_total=d("1200.00"),
)


def sale(
    item_id: str,
    customer_id: str,
    amount: str,
    *,
    billing_type: BillingType = CHARGEABLE,
    nte_status: NTEStatus = NTEStatus.NOT_EVALUATED,
    quantity: str = "4",
) -> UnbilledSale:
    return UnbilledSale(
        item_id=item_id,
        customer_id=customer_id,
        quantity=d(quantity),
        amount=d(amount),
        tax=d("0.00"),
        billing_type=billing_type,
        nte_status=nte_status,
    )


def work(approval_id: str, *sales: UnbilledSale, day: date = DAY) -> ApprovedWork:
    return ApprovedWork(
        approval_id=approval_id,
        transaction_class=TransactionClass.TIME,
        date=day,
        unit_price=d("200.00"),
        role="dev",
        category=None,
        task_id="t1",
        resource="Ada",
        description="piling",
        sales=sales,
    )


NOT_APPLICABLE = NTEStatus.NOT_APPLICABLE
SALES_RECORDED = UnbilledSalesRecorded(
    contract_id="C1",
    line_id="T",
    currency="EUR",
    approvals=(
        work("1", sale("1-A", "A", "800.00"), sale("1-B", "B", "800.00")),
        work(
            "2",
            sale("2-A", "A", "-0.50", quantity="-0.0025"),
            sale("2-free", "A", "100.00", billing_type=FREE, nte_status=NOT_APPLICABLE),
            day=LATER,
        ),
    ),
)
B_FAILS = FailedLevel(
    level=LimitLevel.LINE_CUSTOMER, limit=d("500.00"), used=d("0.00"), shortfall=d("300.00")
)
EVALUATED = NTEEvaluated(
    contract_id="C1",
    line_id="T",
    results=(
        NTEResult(item_id="1-A", nte_status=NTEStatus.COMMITTED),
        NTEResult(item_id="1-B", nte_status=NTEStatus.FAILED, failed=(B_FAILS,)),
        NTEResult(item_id="2-A", nte_status=NTEStatus.COMMITTED),
    ),
)


def used(level: LimitLevel, customer: str | None, committed: str, invoiced: str) -> LevelUsage:
    return LevelUsage(
        level=level, customer_id=customer, committed=d(committed), invoiced=d(invoiced)
    )


LINE_USAGE = LineUsageChanged(
    contract_id="C1",
    line_id="T",
    currency="EUR",
    usages=(
        used(LimitLevel.LINE_CUSTOMER, "A", "799.50", "0"),
        used(LimitLevel.LINE, None, "799.50", "0"),
    ),
)
CONTRACT_USAGE = ContractUsageChanged(
    contract_id="C1",
    currency="EUR",
    usages=(
        used(LimitLevel.CONTRACT_CUSTOMER, "A", "799.50", "0"),
        used(LimitLevel.CONTRACT, None, "799.50", "0"),
    ),
)
NTE_RESET = NTEReset(contract_id="C1", line_id="T", items=("1-B",))

# --- moves -------------------------------------------------------------------------------------


def header(milestone: str, status: MilestoneStatus) -> tuple[HeaderStatus, ...]:
    return (HeaderStatus(milestone_id=milestone, status=status),)


def ready(*items: str) -> MarkedReady:
    return MarkedReady(contract_id="C1", line_id="T", billing_method=TIME, items=items)


M1_READY = MarkedReady(
    contract_id="C1",
    line_id="F",
    billing_method=FIXED,
    items=("M1-A",),
    milestones=header("M1", MilestoneStatus.IN_PROGRESS),
)
NOT_READY = MarkedNotReady(contract_id="C1", line_id="T", billing_method=TIME, items=("2-A",))


def drafted(invoice_id: str, *items: str) -> ItemsDrafted:
    return ItemsDrafted(
        contract_id="C1", line_id="T", billing_method=TIME, items=items, invoice_id=invoice_id
    )


M1_DRAFTED = ItemsDrafted(
    contract_id="C1",
    line_id="F",
    billing_method=FIXED,
    items=("M1-A",),
    milestones=header("M1", MilestoneStatus.IN_PROGRESS),
    invoice_id="I1",
)
RELEASED = ItemsReleased(
    contract_id="C1", line_id="T", billing_method=TIME, items=("2-free",), invoice_id="I2"
)
POSTED = ItemsPosted(
    contract_id="C1", line_id="T", billing_method=TIME, items=("1-A",), invoice_id="I1"
)
M1_POSTED = ItemsPosted(
    contract_id="C1",
    line_id="F",
    billing_method=FIXED,
    items=("M1-A",),
    milestones=header("M1", MilestoneStatus.COMPLETED),
    invoice_id="I1",
)

# --- invoices ----------------------------------------------------------------------------------


def draft(invoice_id: str, cutoff: date | None = None) -> DraftCreated:
    return DraftCreated(
        invoice_id=invoice_id,
        contract_id="C1",
        customer_id="A",
        currency="EUR",
        cutoff=cutoff,
        line_ids=None,
    )


def total(line_id: str, amount: str, tax: str, billing_type: BillingType) -> InvoiceLineTotal:
    charged = billing_type is CHARGEABLE
    group = BillingTypeTotal(billing_type=billing_type, count=1, amount=d(amount), tax=d(tax))
    return InvoiceLineTotal(
        line_id=line_id,
        billing_method=FIXED if line_id == "F" else TIME,
        amount=d(amount if charged else "0"),
        tax=d(tax if charged else "0"),
        groups=(group,),
    )


HOURS = InvoiceDetail(
    detail_id="I1-1-A",
    line_id="T",
    item_id="1-A",
    kind=TransactionClass.TIME,
    date=DAY,
    description="piling",
    quantity=d("4"),
    unit_price=d("200.00"),
    amount=d("800.00"),
    tax=d("0.00"),
    billing_type=CHARGEABLE,
    approval_id="1",
    milestone_id=None,
)
FOUNDATION = InvoiceDetail(
    detail_id="I1-M1-A",
    line_id="F",
    item_id="M1-A",
    kind=MILESTONE,
    date=LATER,
    description="Foundation",
    quantity=d("1"),
    unit_price=d("1200.00"),
    amount=d("1200.00"),
    tax=d("240.00"),
    billing_type=CHARGEABLE,
    approval_id=None,
    milestone_id="M1",
)
DETAILS_ADDED = DetailsAdded(
    invoice_id="I1",
    contract_id="C1",
    currency="EUR",
    actor="jo",
    details=(FOUNDATION, HOURS),
    lines=(
        total("F", "1200.00", "240.00", CHARGEABLE),
        total("T", "800.00", "0.00", CHARGEABLE),
    ),
    amount=d("2000.00"),
    tax=d("240.00"),
)
FREE_DETAIL = InvoiceDetail(
    detail_id="I2-2-free",
    line_id="T",
    item_id="2-free",
    kind=TransactionClass.TIME,
    date=LATER,
    description="piling",
    quantity=d("4"),
    unit_price=d("200.00"),
    amount=d("100.00"),
    tax=d("0.00"),
    billing_type=FREE,
    approval_id="2",
    milestone_id=None,
)
FREE_DETAIL_ADDED = DetailsAdded(
    invoice_id="I2",
    contract_id="C1",
    currency="EUR",
    actor="jo",
    details=(FREE_DETAIL,),
    lines=(total("T", "100.00", "0.00", FREE),),
    amount=d("0"),
    tax=d("0"),
)
DRAFT_DELETED = DraftDeleted(invoice_id="I2", contract_id="C1")
NUMBERED = InvoiceNumberAssigned(
    series="invoices", sequence=1, number="INV-000001", invoice_id="I1"
)
CONFIRMED = InvoiceConfirmed(
    invoice_id="I1",
    contract_id="C1",
    number="INV-000001",
    accounting_date=date(2026, 3, 31),
    currency="EUR",
    amount=d("2000.00"),
    tax=d("240.00"),
)


def booked(detail: InvoiceDetail, *, reversal: bool = False) -> Actual:
    sign = -1 if reversal else 1
    return Actual(
        actual_id=f"{detail.item_id} {'reversed' if reversal else 'billed'}",
        type=ActualType.UNBILLED_SALES if reversal else ActualType.BILLED_SALES,
        cause=Cause.CONFIRMATION,
        reversal_of=detail.item_id if reversal else None,
        replaces=None,
        item_id=detail.item_id,
        line_id=detail.line_id,
        approval_id=detail.approval_id,
        milestone_id=detail.milestone_id,
        kind=detail.kind,
        date=detail.date,
        quantity=sign * detail.quantity,
        unit_price=detail.unit_price,
        amount=sign * detail.amount,
        tax=sign * detail.tax,
        billing_type=detail.billing_type,
        adjustment_status=(
            AdjustmentStatus.UNADJUSTABLE if reversal else AdjustmentStatus.ADJUSTABLE
        ),
    )


ACTUALS_BOOKED = ActualsBooked(
    invoice_id="I1",
    contract_id="C1",
    customer_id="A",
    currency="EUR",
    accounting_date=date(2026, 3, 31),
    actuals=(booked(FOUNDATION), booked(HOURS, reversal=True), booked(HOURS)),
    adjusted=(),
)
LINE_USAGE_POSTED = LineUsageChanged(
    contract_id="C1",
    line_id="T",
    currency="EUR",
    usages=(
        used(LimitLevel.LINE_CUSTOMER, "A", "0.00", "800.00"),
        used(LimitLevel.LINE, None, "0.00", "800.00"),
    ),
)
FIXED_USAGE_POSTED = replace(
    LINE_USAGE_POSTED,
    line_id="F",
    usages=(
        used(LimitLevel.LINE_CUSTOMER, "A", "0", "1200.00"),
        used(LimitLevel.LINE, None, "0", "1200.00"),
    ),
)
CONTRACT_USAGE_POSTED = replace(
    CONTRACT_USAGE,
    usages=(
        used(LimitLevel.CONTRACT_CUSTOMER, "A", "0.00", "2000.00"),
        used(LimitLevel.CONTRACT, None, "0.00", "2000.00"),
    ),
)


def billed_at_no_charge(booked: ActualsBooked, item_id: str) -> ActualsBooked:
    """The same confirmation, had the detail of an item been made complimentary before (D-66)."""
    own = {
        "actual_id": billed_actual(detail_of_item(booked.invoice_id, item_id)),
        "cause": Cause.EDIT,
        "billing_type": BillingType.COMPLIMENTARY,
    }
    return replace(
        booked,
        actuals=tuple(
            replace(each, **own)
            if each.item_id == item_id and each.type is ActualType.BILLED_SALES
            else each
            for each in booked.actuals
        ),
    )


# --- invoices in full --------------------------------------------------------------------------

ON_I3: dict[str, str] = {"invoice_id": "I3", "contract_id": "C1"}
ON_I4: dict[str, str] = {"invoice_id": "I4", "contract_id": "C1"}
MORE_SALES = UnbilledSalesRecorded(
    contract_id="C1",
    line_id="T",
    currency="EUR",
    approvals=(work("3", sale("3-A", "A", "2000.00", quantity="10")),),
)
TEN_HOURS = replace(
    HOURS,
    detail_id="I3-3-A",
    item_id="3-A",
    approval_id="3",
    quantity=d("10"),
    amount=d("2000.00"),
)
FEE = replace(
    HOURS,
    detail_id="I3-fee",
    line_id="F",
    item_id=None,
    approval_id=None,
    kind=TransactionClass.FEE,
    description="crane hire",
    external_description="Crane",
    quantity=d("1"),
    unit_price=d("80.00"),
    amount=d("80.00"),
    tax=d("15.20"),
)
FEE_LINE = total("F", "80.00", "15.20", CHARGEABLE)


def totals(*lines: InvoiceLineTotal) -> dict[str, Any]:
    """What an event on details of jo's says of the invoice."""
    return {
        "currency": "EUR",
        "actor": "jo",
        "lines": lines,
        "amount": sum((line.amount for line in lines), d("0")),
        "tax": sum((line.tax for line in lines), d("0")),
    }


TEN_HOURS_ADDED = DetailsAdded(
    **ON_I3, details=(TEN_HOURS,), **totals(total("T", "2000.00", "0.00", CHARGEABLE))
)
FEE_ADDED = DetailsAdded(
    **ON_I3,
    details=(FEE,),
    **totals(FEE_LINE, total("T", "2000.00", "0.00", CHARGEABLE)),
)
SUBMITTED = InvoiceSubmitted(**ON_I3)
APPROVED = InvoiceApproved(
    **ON_I3, actor="amy", at=datetime(2026, 3, 30, 9, 15, tzinfo=UTC), version=5
)
RETURNED = InvoiceReturned(**ON_I3, reason="the crane is free")


def edited(detail: InvoiceDetail, quantity: str, amount: str) -> EditedDetail:
    return EditedDetail(
        detail_id=detail.detail_id,
        description="piling, as agreed",
        external_description="Piles",
        quantity=d(quantity),
        unit_price=detail.unit_price,
        amount=d(amount),
        tax=detail.tax,
        billing_type=detail.billing_type,
        edited=True,
    )


EDITED_DETAIL = edited(TEN_HOURS, "8", "1600.00")
EDITED = DetailsEdited(
    **ON_I3,
    details=(EDITED_DETAIL,),
    **totals(FEE_LINE, total("T", "1600.00", "0.00", CHARGEABLE)),
)
REMOVED = DetailsRemoved(
    **ON_I3, details=("I3-fee",), **totals(total("T", "1600.00", "0.00", CHARGEABLE))
)
RECALLED = DetailsRecalled(**ON_I3, details=("I3-3-A",), parked_id="p-e1")
I3_CONFIRMED = InvoiceConfirmed(
    **ON_I3,
    number="INV-000002",
    accounting_date=date(2026, 4, 1),
    currency="EUR",
    amount=d("1600.00"),
    tax=d("0.00"),
)
EIGHT_HOURS = replace(TEN_HOURS, quantity=d("8"), amount=d("1600.00"))


def rows(invoice_id: str, accounting_date: date, *actuals: Actual, adjusted: str) -> ActualsBooked:
    return ActualsBooked(
        invoice_id=invoice_id,
        contract_id="C1",
        customer_id="A",
        currency="EUR",
        accounting_date=accounting_date,
        actuals=actuals,
        adjusted=(adjusted,),
    )


def actual(actual_id: str, kind: ActualType, cause: Cause, *of: str, **values: Any) -> Actual:
    """An actual of approval 3, of some hours at 200; a reversal says of what."""
    quantity, amount = (d(each) for each in of)
    return replace(
        booked(TEN_HOURS),
        actual_id=actual_id,
        type=kind,
        cause=cause,
        quantity=quantity,
        amount=amount,
        **values,
    )


U, B = ActualType.UNBILLED_SALES, ActualType.BILLED_SALES
UNADJUSTABLE = AdjustmentStatus.UNADJUSTABLE


def reverses(actual_id: str) -> dict[str, Any]:
    return {"reversal_of": actual_id, "adjustment_status": UNADJUSTABLE}


B8 = billed_actual(detail_of_item("I3", "3-A"))
"""The billed actual of the detail that bills item 3-A on invoice I3."""
FREE_REST: dict[str, Any] = {"billing_type": FREE}
I3_BOOKED = rows(
    "I3",
    I3_CONFIRMED.accounting_date,
    actual("3 -10", U, Cause.EDIT, "-10", "-2000.00", **reverses("3-A")),
    actual("3 +8", U, Cause.EDIT, "8", "1600.00", replaces="3-A"),
    actual("3 -8", U, Cause.EDIT, "-8", "-1600.00", **reverses("3 +8")),
    actual(B8, B, Cause.EDIT, "8", "1600.00", replaces="3-A"),
    actual("3 +2", U, Cause.EDIT, "2", "400.00", replaces="3-A", **FREE_REST),
    actual("3 -2", U, Cause.EDIT, "-2", "-400.00", **reverses("3 +2"), **FREE_REST),
    actual("3 B2", B, Cause.EDIT, "2", "400.00", replaces="3-A", **FREE_REST),
    adjusted="3-A",
)
I3_POSTED = replace(POSTED, items=("3-A",), invoice_id="I3")
CORRECTION_DRAFTED = CorrectionDrafted(
    **ON_I4, customer_id="A", currency="EUR", corrects="I3", corrects_number="INV-000002"
)
NOTHING_STAYS = replace(EIGHT_HOURS, detail_id="I4-3-A", quantity=d("0"), amount=d("0.00"))
CORRECTIVE_ADDED = CorrectiveDetailsAdded(
    **ON_I4,
    details=(CorrectiveDetail(detail=NOTHING_STAYS, original=EIGHT_HOURS),),
    **totals(total("T", "-1600.00", "0.00", CHARGEABLE)),
)
OF_I3: dict[str, Any] = {**ON_I3, "correction_id": "I4", "details": ("I3-3-A",)}
CORRECTION_OPENED = CorrectionOpened(**OF_I3)
WITHDRAWN = CorrectionWithdrawn(**OF_I3)
FIVE_STAY = DetailsEdited(
    **ON_I4,
    details=(edited(NOTHING_STAYS, "5", "1000.00"),),
    **totals(total("T", "-600.00", "0.00", CHARGEABLE)),
)
I4_CONFIRMED = InvoiceConfirmed(
    **ON_I4,
    number="INV-000003",
    accounting_date=date(2026, 4, 30),
    currency="EUR",
    amount=d("-600.00"),
    tax=d("0.00"),
)
CORRECTED = DetailsCorrected(**OF_I3)
I4_BOOKED = rows(
    "I4",
    I4_CONFIRMED.accounting_date,
    actual("3 B-8", B, Cause.CORRECTION, "-8", "-1600.00", **reverses(B8)),
    actual("3 +5", U, Cause.CORRECTION, "5", "1000.00", replaces=B8),
    actual("3 -5", U, Cause.CORRECTION, "-5", "-1000.00", **reverses("3 +5")),
    actual("3 B5", B, Cause.CORRECTION, "5", "1000.00", replaces=B8),
    adjusted=B8,
)
GIVEN_BACK = UnbilledSalesBooked(
    contract_id="C1",
    line_id="T",
    currency="EUR",
    cause=Cause.CORRECTION,
    accounting_date=I4_CONFIRMED.accounting_date,
    approvals=(work("3", sale("3-A back", "A", "600.00", quantity="3")),),
    replaces={"3-A back": B8},
)
REVERSED = SalesReversed(
    contract_id="C1",
    line_id="T",
    currency="EUR",
    cause=Cause.RECALL,
    accounting_date=date(2026, 5, 4),
    items=("1-B",),
    reversals=(
        CustomerActuals(
            customer_id="B",
            actuals=(
                replace(booked(replace(HOURS, item_id="1-B"), reversal=True), cause=Cause.RECALL),
            ),
        ),
    ),
)
M1_BILLED = booked(FOUNDATION)
M1_KEPT = replace(
    M1_BILLED,
    actual_id="M1-A kept",
    cause=Cause.CORRECTION,
    replaces=M1_BILLED.actual_id,
    amount=d("700.00"),
    tax=d("140.00"),
)
I5_BOOKED = rows(
    "I5",
    date(2026, 5, 5),
    reversal(replace(M1_BILLED, cause=Cause.CORRECTION), "M1-A credited", Cause.CORRECTION),
    M1_KEPT,
    adjusted=M1_BILLED.actual_id,
)
M1_CREDITED = MilestonePartsCredited(
    contract_id="C1",
    line_id="F",
    invoice_id="I5",
    currency="EUR",
    parts=(
        CreditedPart(
            milestone_id="M1",
            date=LATER,
            kept=MilestonePart(
                item_id="M1-A", customer_id="A", amount=d("700.00"), tax=d("140.00")
            ),
            returned=MilestonePart(
                item_id="M1-A rest", customer_id="A", amount=d("500.00"), tax=d("100.00")
            ),
            place=1,
            billing_type=BillingType.CHARGEABLE,
        ),
    ),
    milestones=header("M1", MilestoneStatus.IN_PROGRESS),
)
IN_FULL: tuple[Event, ...] = (
    MORE_SALES,
    ready("3-A"),
    draft("I3"),
    TEN_HOURS_ADDED,
    drafted("I3", "3-A"),
    FEE_ADDED,
    SUBMITTED,
    APPROVED,
    EDITED,
    SUBMITTED,
    RETURNED,
    REMOVED,
    RECALLED,
    I3_CONFIRMED,
    I3_BOOKED,
    I3_POSTED,
    CORRECTION_DRAFTED,
    CORRECTIVE_ADDED,
    CORRECTION_OPENED,
    WITHDRAWN,
    CORRECTION_OPENED,
    FIVE_STAY,
    I4_CONFIRMED,
    CORRECTED,
    I4_BOOKED,
    GIVEN_BACK,
    REVERSED,
    I5_BOOKED,
    M1_CREDITED,
)
"""What came to the history with invoices in full, after all that it could have before."""

# --- intake ------------------------------------------------------------------------------------

APPROVAL_RECORDED = ApprovalRecorded(
    source="/projects",
    contract_id="C1",
    line_id="T",
    approval_id="1",
    digest="d1",
    items=("1-A", "1-B"),
)
EVENT_RECEIVED = EventReceived(
    source="/projects",
    event_id="e1",
    type="projects.time.approved.v1",
    contract_id="C1",
    line_id="T",
    approval_id="1",
    outcome=Outcome.RECORDED,
    items=("1-A", "1-B"),
    problem_code=None,
    problem_detail=None,
    data=None,
    digest="d1",
)


def parked(event_id: str, detail: str = "there is no contract 'C9'") -> EventParked:
    return EventParked(
        contract_id="C9",
        parked_id=f"p-{event_id}",
        source="/projects",
        event_id=event_id,
        type="projects.time.approved.v1",
        line_id="T",
        approval_id="9",
        problem_code="contract_not_found",
        problem_detail=detail,
        data='{"quantity":"8"}',
    )


UNPARKED = EventUnparked(contract_id="C9", parked_id="p-e2", outcome=None, reason="a mistake")
CLAIMED = RequestClaimed(key="k", digest="d")
ANSWERED = RequestAnswered(key="k", digest="d", body="{}")
KEY_CREATED = KeyCreated(key_id="k1", name="erp", digest="00ff", scopes=("backlog:read",))
KEY_REVOKED = KeyRevoked(key_id="k1", name="erp")

JOB = {"job_id": "J1"}
JOB_REQUESTED = JobRequested(
    **JOB, kind="draft_invoices", request='{"cutoff":"2026-03-31"}', total=3
)
JOB_PLANNED = JobStepsPlanned(
    **JOB,
    first=1,
    steps=(
        JobStep(contract_id="C1"),
        JobStep(invoice_id="I1"),
        JobStep(contract_id="C2", items=("C2~T~1", "C2~T~2")),
    ),
)
STEP_DONE = JobStepDone(
    **JOB,
    step=1,
    outcome=StepOutcome(
        status=StepStatus.COMPLETE,
        changed_count=2,
        skipped_count=1,
        invoices=(
            JobInvoice(
                invoice_id="I1",
                customer_id="A",
                currency="EUR",
                amount=Decimal("400.00"),
                tax=Decimal("76.00"),
            ),
        ),
        skipped=(JobSkipped(item_id="C1~T~9", code="item_not_ready", detail="not ready"),),
    ),
)
STEP_FAILED = JobStepDone(
    **JOB,
    step=2,
    outcome=StepOutcome(
        status=StepStatus.FAILED,
        problem_code="limit_exceeded",
        problem_detail="too much",
        exceeded=(
            JobExceeded(
                line_id="T",
                failed=FailedLevel(
                    level=LimitLevel.CONTRACT,
                    limit=d("5000.00"),
                    used=d("4900.00"),
                    shortfall=d("300.00"),
                ),
            ),
        ),
    ),
)
JOB_FAILED = JobFailed(job_id="J2", problem_code="internal", problem_detail="an unexpected error")
JOBS: tuple[Event, ...] = (
    JOB_REQUESTED,
    JOB_PLANNED,
    JobOpened(**JOB),
    STEP_DONE,
    STEP_FAILED,
    JobCanceled(**JOB),
    JobClosed(**JOB),
    JobRequested(job_id="J2", kind="draft_invoices", request="{}", total=1),
    JOB_FAILED,
    JobRequested(job_id="J3", kind="draft_invoices", request="{}", total=0),
    JobCompleted(job_id="J3"),
)

# --- recalls -----------------------------------------------------------------------------------

OF_3: dict[str, Any] = {"source": "urn:test", "contract_id": "C1", "line_id": "T"}
OF_T: dict[str, Any] = {"contract_id": "C1", "line_id": "T"}


def owed(number: str, reason: str | None = None) -> Obligation:
    """What stays billed of an approval on invoice I1."""
    return Obligation(
        obligation_id=f"C1~T~{number}",
        source="urn:test",
        approval_id=number,
        cause=Cause.RECALL,
        item_id=f"{number}-A",
        customer_id="A",
        invoice_id="I1",
        detail_id=f"detail {number}",
        billing_type=BillingType.CHARGEABLE,
        quantity=d("4"),
        amount=d("800.00"),
        reason=reason,
        instead=None,
    )


OBLIGATIONS_OPENED = ObligationsOpened(
    **OF_T, currency="EUR", obligations=(owed("1", "the wrong week"), owed("2"), owed("3"))
)
OBLIGATIONS_CHANGED = ObligationsChanged(
    **OF_T,
    currency="EUR",
    obligations=(
        ObligationChange(
            obligation_id="C1~T~1",
            corrected_detail_id="detail 1",
            invoice_id="I3",
            detail_id="detail 4",
            quantity=d("1.5"),
            amount=d("300.00"),
            status=ObligationStatus.OPEN,
            instead=None,
        ),
        ObligationChange(
            obligation_id="C1~T~2",
            corrected_detail_id="detail 2",
            invoice_id="I3",
            detail_id="detail 5",
            quantity=d("0"),
            amount=d("0.00"),
            status=ObligationStatus.CLOSED,
            instead=None,
        ),
    ),
)
OBLIGATION_WAIVED = ObligationWaived(
    **OF_T, obligation_id="C1~T~3", detail_id="detail 3", reason="agreed with the customer"
)
SALES_DESCRIBED = SalesDescribed(
    **OF_T,
    approval_id="2",
    items=("2-A", "2-free"),
    role="dev",
    category=None,
    task_id="t1",
    resource="Ada",
    description="Sheet piling",
)
ENTRY = CorrectedEntry(
    transaction_class=TransactionClass.TIME,
    date=DAY,
    quantity=Decimal(6),
    billable_quantity=None,
    unit_price=Decimal(95),
    tax=Decimal("108.30"),
    currency="EUR",
    role=None,
    category=None,
    task_id=None,
    resource=None,
    description=None,
    billing_type=BillingType.CHARGEABLE,
)
OF_RECALLS: tuple[Event, ...] = (
    ApprovalAwaited(**OF_3, approval_id="9", parked_id="e2"),
    RecallAwaited(**OF_T, parked_id="e2", items=(AwaitedItem(item_id="2-free", invoice_id=None),)),
    ApprovalNotBillable(**OF_3, approval_id="9", digest="00ff", entry=ENTRY),
    CorrectedWorkExpected(**OF_T, customers=("A",)),
    ApprovalRecalled(
        **OF_3, approval_id="1", items=(), obligations=("C1~T~1",), reason="the wrong week"
    ),
    ApprovalCorrected(
        **OF_3,
        approval_id="2",
        to_contract_id="C1",
        to_line_id="T",
        items=("2-A", "2-free"),
        obligations=(),
        reason=None,
        entry=ENTRY,
    ),
    OBLIGATIONS_OPENED,
    OBLIGATIONS_CHANGED,
    OBLIGATION_WAIVED,
    RecallWaived(**OF_3, approval_id="3", obligation_id="C1~T~3"),
    SALES_DESCRIBED,
)
EVENTS: tuple[Event, ...] = (
    CONTRACT_DEFINED,
    TIME_LINE_DEFINED,
    TIME_LINE_LISTED,
    FIXED_LINE_DEFINED,
    FIXED_LINE_LISTED,
    split("M1", "1000.00", total="1000.00"),
    split("M2", "500.00", total="1500.00"),
    M1_CHANGED,
    M2_DELETED,
    SALES_RECORDED,
    EVALUATED,
    LINE_USAGE,
    CONTRACT_USAGE,
    APPROVAL_RECORDED,
    EVENT_RECEIVED,
    NTE_RESET,
    ready("1-A", "2-A", "2-free"),
    M1_READY,
    NOT_READY,
    draft("I1", cutoff=LATER),
    DETAILS_ADDED,
    drafted("I1", "1-A"),
    M1_DRAFTED,
    draft("I2"),
    FREE_DETAIL_ADDED,
    drafted("I2", "2-free"),
    DRAFT_DELETED,
    RELEASED,
    NUMBERED,
    CONFIRMED,
    ACTUALS_BOOKED,
    POSTED,
    M1_POSTED,
    LINE_USAGE_POSTED,
    FIXED_USAGE_POSTED,
    CONTRACT_USAGE_POSTED,
    parked("e1"),
    parked("e2"),
    parked("e1", "it still lacks its line"),
    UNPARKED,
    *IN_FULL,
    *OF_RECALLS,
    *JOBS,
    CLAIMED,
    ANSWERED,
    KEY_CREATED,
    KEY_REVOKED,
)
STORY = recorded(EVENTS)
