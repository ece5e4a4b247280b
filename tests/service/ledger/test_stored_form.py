"""The stored form: what was written once can be read for ever, and says the same."""

import dataclasses
import json
import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregates import events
from aggregates.access import events as access_events
from aggregates.actuals import Actual
from aggregates.contract import events as contract_events
from aggregates.contract_line import events as line_events
from aggregates.contract_line.recalled import events as recall_events
from aggregates.events import Event
from aggregates.intake import events as intake_events
from aggregates.invoice import events as invoice_events
from aggregates.job import events as job_events
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
from aggregates.terms import (
    Chargeability,
    ContractCustomer,
    FailedLevel,
    LevelUsage,
    LineCustomer,
    LineTerms,
)
from projections.history import Metadata
from service.ledger.stored_form import EventCodec, UnknownEventType, Upcaster

STORED_FORMS = Path(__file__).with_name("stored_forms.txt")
"""One line an event: its stored name, a space, its stored bytes. Lines are added, never changed:
what they show is in somebody's database."""

METADATA = Metadata(
    recorded_at=datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC),
    actor="jo",
    reason="month's end, “früh”",
    correlation_id="correlation-1",
    causation_id=None,
)
TERMS = LineTerms(
    name="Works",
    project_id="P1",
    billing_method=BillingMethod.TIME_AND_MATERIAL,
    contract_amount=Decimal("100000.00"),
    nte_limit=Decimal("90000.00"),
    customers=(
        LineCustomer(customer_id="A", split_percent=Decimal("66.67"), rounding=True),
        LineCustomer(
            customer_id="B",
            split_percent=Decimal("33.33"),
            rounding=False,
            nte_limit=Decimal("0.00"),
        ),
    ),
    schedule=Schedule.MILESTONES,
    includes=(TransactionClass.TIME, TransactionClass.FEE),
    chargeable=Chargeability(roles={"senior": True}, categories={"hotel": False}, tasks={}),
)
LINE: dict[str, Any] = {"contract_id": "C1", "line_id": "L1"}
INVOICE: dict[str, Any] = {"contract_id": "C1", "invoice_id": "I1"}
MOVED: dict[str, Any] = {
    **LINE,
    "billing_method": BillingMethod.FIXED_PRICE,
    "items": ("C1~L1~1", "C1~L1~2"),
    "milestones": (
        line_events.HeaderStatus(milestone_id="C1~L1~m", status=MilestoneStatus.IN_PROGRESS),
    ),
}
PART = line_events.MilestonePart(
    item_id="C1~L1~1", customer_id="A", amount=Decimal("1000.00"), tax=Decimal("190.00")
)
MILESTONE: dict[str, Any] = {
    **LINE,
    "milestone_id": "C1~L1~m",
    "name": "Design",
    "currency": "EUR",
    "amount": Decimal("1000.00"),
    "tax": Decimal("190.00"),
    "date": date(2026, 10, 31),
    "task_id": "T1",
    "parts": (PART,),
    "milestones_total": Decimal("1000.00"),
}
USAGE = LevelUsage(
    level=LimitLevel.LINE_CUSTOMER,
    customer_id="A",
    committed=Decimal("-0.50"),
    invoiced=Decimal("1E+3"),
)
ENTRY = intake_events.CorrectedEntry(
    transaction_class=TransactionClass.TIME,
    date=date(2026, 10, 5),
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
PARKED: dict[str, Any] = {
    "contract_id": "C1",
    "parked_id": "p1",
    "source": "urn:test",
    "event_id": "e1",
    "type": "projects.time.approved.v1",
    "line_id": "L1",
    "approval_id": "A1",
    "problem_code": "contract_not_found",
    "problem_detail": "there is no contract 'C1'",
    "data": '{"approval_id":"A1"}',
}

WORK = line_events.ApprovedWork(
    approval_id="A1",
    transaction_class=TransactionClass.TIME,
    date=date(2026, 10, 5),
    unit_price=Decimal("200.00"),
    role="senior",
    category=None,
    task_id="t1",
    resource="jo",
    description="piling",
    sales=(
        line_events.UnbilledSale(
            item_id="C1~L1~1",
            customer_id="A",
            quantity=Decimal("7.5"),
            amount=Decimal("1500.00"),
            tax=Decimal("285.00"),
            billing_type=BillingType.CHARGEABLE,
            nte_status=NTEStatus.NOT_EVALUATED,
        ),
    ),
)
ACTUAL = Actual(
    actual_id="a1",
    type=ActualType.BILLED_SALES,
    cause=Cause.EDIT,
    reversal_of=None,
    replaces="C1~L1~1",
    item_id="C1~L1~1",
    line_id="L1",
    approval_id="A1",
    milestone_id=None,
    kind="time",
    date=date(2026, 10, 5),
    quantity=Decimal("-7.5"),
    unit_price=Decimal("200.00"),
    amount=Decimal("-1500.00"),
    tax=Decimal("0.00"),
    billing_type=BillingType.COMPLIMENTARY,
    adjustment_status=AdjustmentStatus.UNADJUSTABLE,
)
DETAIL = invoice_events.InvoiceDetail(
    detail_id="d1",
    line_id="L1",
    item_id="C1~L1~1",
    kind=invoice_events.MILESTONE,
    date=date(2026, 10, 31),
    description="Design",
    quantity=Decimal(1),
    unit_price=Decimal("1000.00"),
    amount=Decimal("1000.00"),
    tax=Decimal("190.00"),
    billing_type=BillingType.CHARGEABLE,
    approval_id=None,
    milestone_id="C1~L1~m",
    task_id="t1",
)
CHANGED: dict[str, Any] = {
    "currency": "EUR",
    "actor": "jo",
    "lines": (
        invoice_events.InvoiceLineTotal(
            line_id="L1",
            billing_method=BillingMethod.FIXED_PRICE,
            amount=Decimal("1000.00"),
            tax=Decimal("190.00"),
            groups=(
                invoice_events.BillingTypeTotal(
                    billing_type=BillingType.CHARGEABLE,
                    count=1,
                    amount=Decimal("1000.00"),
                    tax=Decimal("190.00"),
                ),
            ),
        ),
    ),
    "amount": Decimal("1000.00"),
    "tax": Decimal("190.00"),
}

EXAMPLES: tuple[Event, ...] = (
    contract_events.ContractDefined(
        contract_id="C1",
        name='Harbour "North"',
        currency="EUR",
        nte_limit=None,
        approval=ApprovalRule.FOUR_EYES,
        customers=(
            ContractCustomer(customer_id="A", name="Ada", nte_limit=Decimal("100.00")),
            ContractCustomer(customer_id="B", name="Bé"),
        ),
    ),
    contract_events.ContractLineListed(
        **LINE, billing_method=BillingMethod.FIXED_PRICE, customers=("A", "B")
    ),
    contract_events.ContractUsageChanged(contract_id="C1", currency="EUR", usages=(USAGE,)),
    line_events.ContractLineDefined(
        **LINE, currency="EUR", terms=TERMS, milestones_total=Decimal("0.00")
    ),
    line_events.LineUsageChanged(**LINE, currency="EUR", usages=(USAGE,)),
    line_events.MilestoneSplit(
        **MILESTONE,
        shares=(line_events.SplitShare(customer_id="A", percent=Decimal(100), rounding=True),),
    ),
    line_events.MilestoneChanged(**MILESTONE),
    line_events.MilestoneDeleted(
        **LINE,
        milestone_id="C1~L1~m",
        items=("C1~L1~1",),
        currency="EUR",
        milestones_total=Decimal(0),
    ),
    line_events.UnbilledSalesRecorded(
        **LINE,
        currency="EUR",
        approvals=(
            line_events.ApprovedWork(
                approval_id="A1",
                transaction_class=TransactionClass.TIME,
                date=date(2026, 10, 5),
                unit_price=Decimal("200.00"),
                role="senior",
                category=None,
                task_id=None,
                resource="Jo",
                description="line\nbreak, 日本",
                sales=(
                    line_events.UnbilledSale(
                        item_id="C1~L1~1",
                        customer_id="A",
                        quantity=Decimal("7.5"),
                        amount=Decimal("1500.00"),
                        tax=Decimal("0.00"),
                        billing_type=BillingType.CHARGEABLE,
                        nte_status=NTEStatus.NOT_EVALUATED,
                    ),
                ),
            ),
        ),
    ),
    line_events.NTEEvaluated(
        **LINE,
        results=(
            line_events.NTEResult(item_id="C1~L1~1", nte_status=NTEStatus.COMMITTED),
            line_events.NTEResult(
                item_id="C1~L1~2",
                nte_status=NTEStatus.FAILED,
                failed=(
                    FailedLevel(
                        level=LimitLevel.CONTRACT,
                        limit=Decimal("100.00"),
                        used=Decimal("90.00"),
                        shortfall=Decimal("0.01"),
                    ),
                ),
            ),
        ),
    ),
    line_events.UnbilledSalesBooked(
        **LINE,
        currency="EUR",
        cause=Cause.CORRECTION,
        accounting_date=date(2026, 11, 2),
        approvals=(WORK,),
        replaces={"C1~L1~1": "a0"},
    ),
    line_events.SalesReversed(
        **LINE,
        currency="EUR",
        cause=Cause.RECALL,
        accounting_date=date(2026, 11, 2),
        items=("C1~L1~1",),
        reversals=(line_events.CustomerActuals(customer_id="A", actuals=(ACTUAL,)),),
    ),
    line_events.MilestonePartsCredited(
        **LINE,
        invoice_id="I2",
        currency="EUR",
        parts=(
            line_events.CreditedPart(
                milestone_id="C1~L1~m",
                date=date(2026, 10, 31),
                place=2,
                billing_type=BillingType.CHARGEABLE,
                kept=line_events.MilestonePart(
                    item_id="C1~L1~1",
                    customer_id="A",
                    amount=Decimal("600.00"),
                    tax=Decimal("114.00"),
                ),
                returned=line_events.MilestonePart(
                    item_id="C1~L1~2",
                    customer_id="A",
                    amount=Decimal("400.00"),
                    tax=Decimal("76.00"),
                ),
            ),
            line_events.CreditedPart(
                milestone_id="C1~L1~m",
                date=date(2026, 10, 31),
                place=1,
                billing_type=BillingType.COMPLIMENTARY,
                kept=None,
                returned=line_events.MilestonePart(
                    item_id="C1~L1~3",
                    customer_id="A",
                    amount=Decimal("10.00"),
                    tax=Decimal("0.00"),
                ),
            ),
        ),
        milestones=(
            line_events.HeaderStatus(milestone_id="C1~L1~m", status=MilestoneStatus.IN_PROGRESS),
        ),
    ),
    recall_events.RecallAwaited(
        **LINE,
        parked_id="p1",
        items=(
            recall_events.AwaitedItem(item_id="C1~L1~1", invoice_id=None),
            recall_events.AwaitedItem(item_id="C1~L1~2", invoice_id="I1"),
        ),
    ),
    recall_events.CorrectedWorkExpected(**LINE, customers=("A", "B")),
    recall_events.ObligationsOpened(
        **LINE,
        currency="EUR",
        obligations=(
            recall_events.Obligation(
                obligation_id="C1~L1~o",
                source="urn:test",
                approval_id="A1",
                cause=Cause.ENTRY_CORRECTION,
                item_id="C1~L1~2",
                customer_id="A",
                invoice_id="I1",
                detail_id="d1",
                billing_type=BillingType.CHARGEABLE,
                quantity=Decimal("7.5"),
                amount=Decimal("1500.00"),
                reason="the wrong week",
                instead=recall_events.CorrectedWork(
                    contract_id="C1", line_id="L2", currency="EUR", work=WORK
                ),
            ),
        ),
    ),
    recall_events.ObligationsChanged(
        **LINE,
        currency="EUR",
        obligations=(
            recall_events.ObligationChange(
                obligation_id="C1~L1~o",
                corrected_detail_id="d1",
                invoice_id="I2",
                detail_id="d2",
                quantity=Decimal(0),
                amount=Decimal("0.00"),
                status=recall_events.ObligationStatus.OPEN,
                instead=recall_events.CorrectedWork(
                    contract_id="C1", line_id="L2", currency="EUR", work=WORK
                ),
            ),
        ),
    ),
    recall_events.ObligationWaived(
        **LINE, obligation_id="C1~L1~o", detail_id="d1", reason="the customer agreed"
    ),
    recall_events.SalesDescribed(
        **LINE,
        approval_id="A1",
        items=("C1~L1~1",),
        role="senior",
        category=None,
        task_id="t1",
        resource="Jo",
        description="Design, “früh”",
    ),
    line_events.NTEReset(**LINE, items=("C1~L1~1",)),
    line_events.MarkedReady(**MOVED),
    line_events.MarkedNotReady(**MOVED),
    line_events.ItemsDrafted(**MOVED, invoice_id="I1"),
    line_events.ItemsReleased(**MOVED, invoice_id="I1"),
    line_events.ItemsPosted(**MOVED, invoice_id="I1"),
    invoice_events.DraftCreated(
        **INVOICE, customer_id="A", currency="EUR", cutoff=date(2026, 10, 31), line_ids=("L1",)
    ),
    invoice_events.DetailsAdded(**INVOICE, **CHANGED, details=(DETAIL,)),
    invoice_events.DetailsEdited(
        **INVOICE,
        **CHANGED,
        details=(
            invoice_events.EditedDetail(
                detail_id="d1",
                description="Design",
                external_description="Design, second part",
                quantity=Decimal(1),
                unit_price=Decimal("1000.00"),
                amount=Decimal("1000.00"),
                tax=Decimal("180.00"),
                billing_type=BillingType.NON_CHARGEABLE,
                edited=True,
            ),
        ),
    ),
    invoice_events.DetailsRemoved(**INVOICE, **CHANGED, details=("d1", "d2")),
    invoice_events.DetailsRecalled(**INVOICE, details=("d1",), parked_id="p1"),
    invoice_events.InvoiceSubmitted(**INVOICE),
    invoice_events.InvoiceReturned(**INVOICE, reason="the rate is last year's"),
    invoice_events.InvoiceApproved(
        **INVOICE, actor="jo", at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC), version=7
    ),
    invoice_events.CorrectionDrafted(
        **INVOICE, customer_id="A", currency="EUR", corrects="I0", corrects_number="INV-000001"
    ),
    invoice_events.CorrectiveDetailsAdded(
        **INVOICE,
        **CHANGED,
        details=(invoice_events.CorrectiveDetail(detail=DETAIL, original=DETAIL),),
    ),
    invoice_events.CorrectionOpened(**INVOICE, correction_id="I2", details=("d1",)),
    invoice_events.CorrectionWithdrawn(**INVOICE, correction_id="I2", details=("d1",)),
    invoice_events.DetailsCorrected(**INVOICE, correction_id="I2", details=("d1",)),
    invoice_events.DraftDeleted(**INVOICE),
    invoice_events.InvoiceConfirmed(
        **INVOICE,
        number="INV-000001",
        accounting_date=date(2026, 10, 31),
        currency="EUR",
        amount=Decimal("1000.00"),
        tax=Decimal("190.00"),
    ),
    invoice_events.ActualsBooked(
        **INVOICE,
        customer_id="A",
        currency="EUR",
        accounting_date=date(2026, 10, 31),
        actuals=(ACTUAL,),
        adjusted=("C1~L1~1",),
    ),
    invoice_events.InvoiceNumberAssigned(
        series="invoices", sequence=1, number="INV-000001", invoice_id="I1"
    ),
    intake_events.EventReceived(
        source="urn:test",
        event_id="e1",
        type="projects.time.approved.v1",
        contract_id="C1",
        line_id="L1",
        approval_id="A1",
        outcome=Outcome.NOT_BILLABLE,
        items=(),
        problem_code="fixed_price_line",
        problem_detail="milestones bill it",
        data='{"approval_id":"A1"}',
        digest="00ff",
    ),
    intake_events.ApprovalRecorded(
        source="urn:test",
        **LINE,
        approval_id="A1",
        digest="00ff",
        items=("C1~L1~1",),
        said=intake_events.Said(
            quantity=Decimal("8.5"),
            billable_quantity=Decimal(0),
            tax=Decimal("144.40"),
            billing_type=BillingType.CHARGEABLE,
        ),
    ),
    intake_events.ApprovalNotBillable(
        source="urn:test", **LINE, approval_id="A1", digest="00ff", entry=ENTRY
    ),
    intake_events.ApprovalAwaited(source="urn:test", **LINE, approval_id="A1", parked_id="p1"),
    intake_events.ApprovalRecalled(
        source="urn:test",
        **LINE,
        approval_id="A1",
        items=("C1~L1~1",),
        obligations=("C1~L1~o",),
        reason="the wrong week",
    ),
    intake_events.ApprovalCorrected(
        source=None,
        **LINE,
        approval_id="A1",
        to_contract_id="C2",
        to_line_id="L3",
        items=("C2~L3~1",),
        obligations=(),
        reason=None,
        entry=ENTRY,
    ),
    intake_events.RecallWaived(
        source="urn:test", **LINE, approval_id="A1", obligation_id="C1~L1~o"
    ),
    intake_events.EventParked(**PARKED),
    intake_events.EventUnparked(
        contract_id="C1", parked_id="p1", outcome=Outcome.RECORDED, reason="it arrived"
    ),
    events.RequestClaimed(key="key 1", digest="00ff"),
    events.RequestAnswered(key="key 1", digest="00ff", body='{"body":{}}', caller="erp"),
    access_events.KeyCreated(
        key_id="00ff",
        name="erp",
        digest="00ff11",
        scopes=("backlog:read", "approvals:write"),
        expires_at=datetime(2027, 1, 31, tzinfo=UTC),
        customers=("A",),
    ),
    access_events.KeyRevoked(key_id="00ff", name="erp"),
    job_events.JobRequested(
        job_id="j1", kind="draft_invoices", request='{"cutoff":"2026-10-31"}', total=2
    ),
    job_events.JobStepsPlanned(
        job_id="j1",
        first=1,
        steps=(
            job_events.JobStep(contract_id="C1"),
            job_events.JobStep(invoice_id="I1", items=("C1~L1~1", "C1~L1~2")),
        ),
    ),
    job_events.JobStepDone(
        job_id="j1",
        step=1,
        outcome=job_events.StepOutcome(
            status=StepStatus.COMPLETE,
            changed_count=2,
            skipped_count=1,
            invoices=(
                job_events.JobInvoice(
                    invoice_id="I1",
                    customer_id="A",
                    currency="EUR",
                    amount=Decimal("1000.00"),
                    tax=Decimal("190.00"),
                    number=None,
                ),
            ),
            skipped=(
                job_events.JobSkipped(
                    item_id="C1~L1~3", code="item_not_ready", detail="the item is not_ready"
                ),
            ),
            problem_code=None,
            problem_detail=None,
            exceeded=(
                job_events.JobExceeded(
                    line_id="L1",
                    failed=FailedLevel(
                        level=LimitLevel.CONTRACT,
                        limit=Decimal("900.00"),
                        used=Decimal("500.00"),
                        shortfall=Decimal("50.00"),
                    ),
                ),
            ),
        ),
    ),
    job_events.JobCompleted(job_id="j1"),
    job_events.JobFailed(job_id="j1", problem_code="internal", problem_detail="unexpected"),
    job_events.JobCanceled(job_id="j1"),
    job_events.JobOpened(job_id="j1"),
    job_events.JobClosed(job_id="j1"),
)


def stored_forms() -> dict[str, bytes]:
    lines = STORED_FORMS.read_bytes().splitlines()
    return {name.decode(): stored for name, _, stored in (line.partition(b" ") for line in lines)}


def name_of(event: Event) -> str:
    return EventCodec().name_of(type(event))


def example(kind: type[Event]) -> Event:
    return next(event for event in EXAMPLES if type(event) is kind)


def test_every_event_of_the_catalogue_has_an_example_here() -> None:
    assert {type(event) for event in EXAMPLES} == set(typing.get_args(Event))


@pytest.mark.parametrize("event", EXAMPLES, ids=name_of)
def test_an_event_is_stored_in_exactly_the_bytes_it_always_was(event: Event) -> None:
    name, stored = EventCodec().encode(event, METADATA)
    assert stored_forms().get(name) == stored, (
        f"{name} has no stored form in {STORED_FORMS.name}, or another one: a changed shape is a "
        "new version with an upcaster from the old one"
    )


@pytest.mark.parametrize("name", stored_forms())
def test_whatever_was_ever_stored_can_be_read_today(name: str) -> None:
    event, metadata = EventCodec().decode(name, stored_forms()[name])
    assert metadata == METADATA
    assert type(event).__name__ == name.partition(".")[0]


@pytest.mark.parametrize("event", EXAMPLES, ids=name_of)
def test_an_event_comes_back_equal_and_typed(event: Event) -> None:
    back, metadata = EventCodec().decode(*EventCodec().encode(event, METADATA))
    assert back == event
    assert metadata == METADATA
    assert [*types_in(back)] == [*types_in(event)]


def types_in(value: object) -> Iterator[type]:
    """The types of all that an event holds, however deep: a StrEnum equals a str, its type not."""
    yield type(value)
    parts: list[Any] = []
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, tuple | list):
        parts = [*typing.cast(tuple[Any, ...], value)]
    elif isinstance(value, dict):
        parts = [*typing.cast(dict[str, Any], value).values()]
    for part in parts:
        yield from types_in(part)


def test_decimals_keep_their_digits_and_exponent() -> None:
    usages = (USAGE,)
    event = contract_events.ContractUsageChanged(contract_id="C1", currency="KWD", usages=usages)
    back, _ = EventCodec().decode(*EventCodec().encode(event, METADATA))
    assert isinstance(back, contract_events.ContractUsageChanged)
    kept = back.usages[0]
    assert (kept.committed.as_tuple(), kept.invoiced.as_tuple()) == (
        Decimal("-0.50").as_tuple(),
        Decimal("1E+3").as_tuple(),
    )


def test_money_is_stored_as_text_never_as_a_json_number_d1() -> None:
    for stored in stored_forms().values():
        numbers: list[str] = []
        json.loads(stored, parse_float=numbers.append)
        assert numbers == []


def test_stored_names_are_the_event_s_own_with_a_version_and_no_module_path() -> None:
    names = EventCodec().names()
    assert len(names) == len(set(names)) == len(typing.get_args(Event))
    assert names == [f"{kind.__name__}.v{kind.VERSION}" for kind in typing.get_args(Event)]
    promised = {"MilestoneSplit", "MarkedReady", "MarkedNotReady", "DraftCreated"}
    promised |= {"InvoiceConfirmed", "NTEEvaluated"}
    assert promised <= {name.partition(".")[0] for name in names}
    for stored in (*stored_forms().values(), *(name.encode() for name in names)):
        assert b"aggregates" not in stored


# --- other versions, other catalogues ------------------------------------------------------------


def test_old_versions_are_brought_up_step_by_step_to_todays_shape() -> None:
    def named_plainly(data: dict[str, Any]) -> dict[str, Any]:
        return {"contract_id": data["contract"], "positions": data["positions"]}

    def with_line(data: dict[str, Any]) -> dict[str, Any]:
        line_id, items = data["positions"].split("/")
        return {"contract_id": data["contract_id"], "line_id": line_id, "items": items.split(",")}

    # NTEReset.v1 is today's: what came before it was called otherwise.
    codec = EventCodec(
        upcasters={
            "VerdictsWithdrawn.v1": Upcaster(into="VerdictsWithdrawn.v2", convert=named_plainly),
            "VerdictsWithdrawn.v2": Upcaster(into="NTEReset.v1", convert=with_line),
        }
    )
    today = line_events.NTEReset(contract_id="C1", line_id="L1", items=("i1", "i2"))
    for name, data in (
        ("VerdictsWithdrawn.v1", {"contract": "C1", "positions": "L1/i1,i2"}),
        ("VerdictsWithdrawn.v2", {"contract_id": "C1", "positions": "L1/i1,i2"}),
    ):
        stored = msgspec.json.encode({"metadata": METADATA, "data": data})
        assert codec.decode(name, stored) == (today, METADATA)


def test_upcast_data_is_typed_like_any_other() -> None:
    def from_cents(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "amount": f"{data['amount'] / 100:.2f}", "tax": "0.00"}

    codec = EventCodec(
        upcasters={"InvoicePosted.v1": Upcaster(into="InvoiceConfirmed.v1", convert=from_cents)}
    )
    old = {
        **INVOICE,
        "number": "INV-000001",
        "accounting_date": "2026-10-31",
        "currency": "EUR",
        "amount": 123450,
    }
    stored = msgspec.json.encode({"metadata": METADATA, "data": old})
    event, _ = codec.decode("InvoicePosted.v1", stored)
    assert isinstance(event, invoice_events.InvoiceConfirmed)
    assert (event.amount, event.accounting_date) == (Decimal("1234.50"), date(2026, 10, 31))


@pytest.mark.parametrize("name", ["MarkedReady.v99", "Unheard.v1", "aggregates.events:MarkedReady"])
def test_a_name_that_the_catalogue_does_not_know_is_told(name: str) -> None:
    _, stored = EventCodec().encode(example(line_events.MarkedReady), METADATA)
    with pytest.raises(UnknownEventType, match=name):
        EventCodec().decode(name, stored)


def test_an_upcaster_into_nowhere_is_told_too() -> None:
    codec = EventCodec(upcasters={"Old.v1": Upcaster(into="Old.v2", convert=lambda data: data)})
    stored = msgspec.json.encode({"metadata": METADATA, "data": {}})
    with pytest.raises(UnknownEventType, match=r"Old\.v2"):
        codec.decode("Old.v1", stored)
