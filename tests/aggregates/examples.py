"""Builders of common set-ups: contract C1 in euros with customer A and line L1, unless told."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TypedDict, Unpack

from aggregates import streams
from aggregates.contract.defining import DefineContract
from aggregates.contract.events import ContractDefined, ContractLineListed
from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.events import ContractLineDefined
from aggregates.contract_line.milestones import CreateMilestone
from aggregates.contract_line.terms import DefineLine
from aggregates.events import Event
from aggregates.invoice.booking.confirming import ConfirmInvoice
from aggregates.invoice.draft.drafting import CreateDrafts
from aggregates.limits import WHOLE, Usage
from aggregates.statuses import (
    BillingMethod,
    BillingStatus,
    BillingType,
    NTEStatus,
    Schedule,
    TransactionClass,
)
from aggregates.terms import Chargeability, ContractCustomer, LineCustomer, LineTerms
from tests.spec import Outcome, Story

CONTRACT = "C1"
SOURCE = "urn:projects"
DAY = date(2026, 3, 2)
Limits = Mapping[str, str | None]


class Terms(TypedDict, total=False):
    """What a line can be told; the rest is time and material, all of it to customer A."""

    splits: Mapping[str, str]
    rounding: str
    limit: str | None
    limits: Limits
    amount: str
    method: BillingMethod
    includes: tuple[TransactionClass, ...]
    roles: Mapping[str, bool]
    categories: Mapping[str, bool]
    tasks: Mapping[str, bool]


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def define_contract(
    *customers: str, currency: str = "EUR", limit: str | None = None, limits: Limits | None = None
) -> DefineContract:
    return DefineContract(
        contract_id=CONTRACT,
        name="Harbour",
        currency=currency,
        nte_limit=decimal(limit),
        customers=tuple(
            ContractCustomer(
                customer_id=customer,
                name=f"Customer {customer}",
                nte_limit=decimal((limits or {}).get(customer)),
            )
            for customer in customers
        ),
    )


def a_contract(
    *customers: str, currency: str = "EUR", limit: str | None = None, limits: Limits | None = None
) -> ContractDefined:
    """A contract of these customers, A and B if none is named."""
    command = define_contract(
        *(customers or ("A", "B")), currency=currency, limit=limit, limits=limits
    )
    return ContractDefined(
        contract_id=command.contract_id,
        name=command.name,
        currency=currency,
        nte_limit=command.nte_limit,
        approval=command.approval,
        customers=command.customers,
    )


def terms(**told: Unpack[Terms]) -> LineTerms:
    splits, limits = told.get("splits", {"A": "100"}), told.get("limits", {})
    return LineTerms(
        name="Works",
        project_id="P1",
        billing_method=told.get("method", BillingMethod.TIME_AND_MATERIAL),
        contract_amount=decimal(told.get("amount")),
        nte_limit=decimal(told.get("limit")),
        customers=tuple(
            LineCustomer(
                customer_id=customer,
                split_percent=Decimal(percent),
                rounding=customer == told.get("rounding", next(iter(splits))),
                nte_limit=decimal(limits.get(customer)),
            )
            for customer, percent in splits.items()
        ),
        schedule=Schedule.MILESTONES,
        includes=told.get("includes", tuple(TransactionClass)),
        chargeable=Chargeability(
            roles=told.get("roles", {}),
            categories=told.get("categories", {}),
            tasks=told.get("tasks"),
        ),
    )


def define_line(line_id: str = "L1", **told: Unpack[Terms]) -> DefineLine:
    return DefineLine(line_id=line_id, terms=terms(**told))


def a_line(line_id: str = "L1", currency: str = "EUR", **told: Unpack[Terms]) -> list[Event]:
    agreed = terms(**told)
    defined = ContractLineDefined(
        contract_id=CONTRACT,
        line_id=line_id,
        currency=currency,
        terms=agreed,
        milestones_total=Decimal(0),
    )
    listed = ContractLineListed(
        contract_id=CONTRACT,
        line_id=line_id,
        billing_method=agreed.billing_method,
        customers=tuple(customer.customer_id for customer in agreed.customers),
    )
    return [defined, listed]


def a_fixed_price_line(
    line_id: str = "L1", currency: str = "EUR", **told: Unpack[Terms]
) -> list[Event]:
    return a_line(line_id, currency, **{**told, "method": BillingMethod.FIXED_PRICE})


def an_approval(
    approval_id: str = "1",
    *,
    line_id: str = "L1",
    kind: TransactionClass = TransactionClass.TIME,
    on: date = DAY,
    quantity: str = "8",
    billable: str | None = None,
    price: str = "200",
    tax: str = "0",
    currency: str = "EUR",
    role: str | None = None,
    category: str | None = None,
    task: str | None = None,
    description: str | None = None,
    billing_type: BillingType = BillingType.CHARGEABLE,
) -> Approval:
    """8 hours at 200, chargeable, unless told."""
    return Approval(
        source=SOURCE,
        approval_id=approval_id,
        contract_id=CONTRACT,
        line_id=line_id,
        transaction_class=kind,
        date=on,
        quantity=Decimal(quantity),
        billable_quantity=decimal(billable),
        unit_price=Decimal(price),
        tax=Decimal(tax),
        currency=currency,
        role=role,
        category=category,
        task_id=task,
        resource=None,
        description=description,
        billing_type=billing_type,
        digest=f"digest of {approval_id}",
    )


def worth(amount: str, approval_id: str = "1", line_id: str = "L1") -> Approval:
    """An approval of this amount."""
    return an_approval(approval_id, line_id=line_id, quantity="1", price=amount)


def milestone(name: str = "M1", line_id: str = "L1") -> str:
    """The id of a milestone."""
    return f"{CONTRACT}~{line_id}~{name}"


def a_milestone(
    name: str = "M1", amount: str = "1000", *, line_id: str = "L1", tax: str = "0", on: date = DAY
) -> CreateMilestone:
    return CreateMilestone(
        milestone_id=milestone(name, line_id),
        name=name,
        amount=Decimal(amount),
        tax=Decimal(tax),
        date=on,
        task_id=None,
    )


def sale(
    approval_id: str = "1",
    customer: str = "A",
    line_id: str = "L1",
    billing_type: BillingType = BillingType.CHARGEABLE,
) -> str:
    """The id of an unbilled sale of an approval."""
    return streams.item_id(CONTRACT, line_id, SOURCE, approval_id, customer, billing_type)


def part(name: str = "M1", customer: str = "A", line_id: str = "L1") -> str:
    """The id of a customer milestone."""
    return streams.item_id(CONTRACT, line_id, milestone(name, line_id), customer)


def draft(
    *items: str,
    key: str = "draft 1",
    cutoff: date | None = None,
    lines: tuple[str, ...] | None = None,
    customers: tuple[str, ...] | None = None,
) -> CreateDrafts:
    """Draft these items, or all that are ready if none is named."""
    return CreateDrafts(
        draft_key=key,
        actor="jo",
        cutoff=cutoff,
        line_ids=lines,
        customer_ids=customers,
        items=items or None,
    )


CONFIRM = ConfirmInvoice(today=date(2026, 3, 31))


def usages(story: Story) -> dict[str, Usage]:
    """What every level holds, by `L1/A`, `L1`, `A`, `contract`."""
    of_lines = {
        line_id if customer == WHOLE else f"{line_id}/{customer}": usage
        for line_id, line in story.lines.items()
        for customer, usage in line.usage.items()
    }
    of_contract = {
        customer or "contract": usage for customer, usage in story.contract.usage.items()
    }
    return of_lines | of_contract


def committed(story: Story) -> dict[str, Decimal]:
    return {level: usage.committed for level, usage in usages(story).items()}


def invoiced(story: Story) -> dict[str, Decimal]:
    return {level: usage.invoiced for level, usage in usages(story).items()}


def ready(*items: str) -> MarkReady:
    return MarkReady(items=items)


def reset(*items: str) -> ResetNTE:
    return ResetNTE(items=items)


def reevaluate(*items: str) -> ReevaluateNTE:
    return ReevaluateNTE(items=items)


def statuses(outcome: Outcome, line_id: str = "L1") -> dict[str, tuple[BillingStatus, NTEStatus]]:
    sales = outcome.after.lines[line_id].sales
    return {
        item_id: (sales[item_id].billing_status, sales[item_id].nte_status) for item_id in sales
    }


def verdicts(outcome: Outcome, line_id: str = "L1") -> dict[str, NTEStatus]:
    return {item_id: nte for item_id, (_, nte) in statuses(outcome, line_id).items()}
