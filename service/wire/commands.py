"""Wire models read as commands: where a body of the HTTP contract becomes a word of the rules."""

from collections.abc import Iterable

from aggregates.contract.defining import DefineContract
from aggregates.contract_line.milestones import ChangeMilestone, CreateMilestone
from aggregates.contract_line.terms import DefineLine, percentages
from aggregates.invoice.draft.edits import DetailEdit
from aggregates.refusals import Invalid
from aggregates.terms import Chargeability, ContractCustomer, LeftOut, LineCustomer, LineTerms
from service.wire.invoice_requests import DetailChanges
from service.wire.requests import (
    ContractBody,
    ContractCustomerBody,
    LineBody,
    LineCustomerBody,
    MilestoneBody,
    MilestoneChanges,
    Wire,
)


def define_contract(contract_id: str, body: ContractBody) -> DefineContract:
    """The command that a contract's body stands for."""
    return DefineContract(
        contract_id=contract_id,
        name=body.name,
        currency=body.currency,
        nte_limit=body.nte_limit,
        approval=body.approval,
        left_out=LeftOut(
            fields=_left_out(body, "nte_limit", "approval"),
            limits=_without_limit(body.customers),
        ),
        customers=tuple(
            ContractCustomer(
                customer_id=customer.customer_id,
                name=customer.name,
                nte_limit=customer.nte_limit,
            )
            for customer in body.customers
        ),
    )


def define_line(line_id: str, body: LineBody) -> DefineLine:
    """The command that a line's body stands for. Raises Invalid when percentages are half given."""
    split = percentages([(c.customer_id, c.split_percent, c.rounding) for c in body.customers])
    return DefineLine(
        line_id=line_id,
        left_out=LeftOut(
            fields=_left_out(body, "contract_amount", "nte_limit", "schedule", "includes"),
            chargeable=_left_out(body.chargeable, "roles", "categories", "tasks"),
            limits=_without_limit(body.customers),
            rounding=not any("rounding" in each.model_fields_set for each in body.customers),
        ),
        terms=LineTerms(
            name=body.name,
            project_id=body.project_id,
            billing_method=body.billing_method,
            contract_amount=body.contract_amount,
            nte_limit=body.nte_limit,
            customers=tuple(
                LineCustomer(
                    customer_id=customer.customer_id,
                    split_percent=percent,
                    rounding=customer.rounding,
                    nte_limit=customer.nte_limit,
                )
                for customer, percent in zip(body.customers, split, strict=True)
            ),
            schedule=body.schedule,
            includes=tuple(dict.fromkeys(body.includes)),
            chargeable=Chargeability(
                roles=body.chargeable.roles,
                categories=body.chargeable.categories,
                tasks=body.chargeable.tasks,
            ),
        ),
    )


def create_milestone(milestone_id: str, body: MilestoneBody) -> CreateMilestone:
    """The command that a milestone's body stands for."""
    return CreateMilestone(
        milestone_id=milestone_id,
        name=body.name,
        amount=body.amount,
        tax=body.tax,
        date=body.date,
        task_id=body.task_id,
    )


def change_milestone(milestone_id: str, body: MilestoneChanges) -> ChangeMilestone:
    """The command that a milestone's changes stand for; a task given as null is cleared."""
    for name in body.model_fields_set - {"task_id"}:
        if getattr(body, name) is None:
            raise Invalid(name, "can't be null; leave it out to keep it")
    cleared = "task_id" in body.model_fields_set and body.task_id is None
    return ChangeMilestone(
        milestone_id=milestone_id,
        name=body.name,
        amount=body.amount,
        tax=body.tax,
        date=body.date,
        task_id="" if cleared else body.task_id,
    )


def detail_edit(detail_id: str, body: DetailChanges) -> DetailEdit:
    """The edit that a detail's changes stand for; an external description given as null goes."""
    for name in body.model_fields_set - {"external_description"}:
        if getattr(body, name) is None:
            raise Invalid(name, "can't be null; leave it out to keep it")
    cleared = "external_description" in body.model_fields_set and body.external_description is None
    return DetailEdit(
        detail_id=detail_id,
        quantity=body.quantity,
        unit_price=body.unit_price,
        amount=body.amount,
        tax=body.tax,
        billing_type=body.billing_type,
        description=body.description,
        external_description="" if cleared else body.external_description,
        fixed=body.fixed,
    )


def _left_out(body: Wire, *names: str) -> frozenset[str]:
    """Those of the fields that a body does not have; one that is null it has."""
    return frozenset(names) - body.model_fields_set


def _without_limit(
    customers: Iterable[ContractCustomerBody | LineCustomerBody],
) -> frozenset[str]:
    """The customers of whose limit nothing is said."""
    return frozenset(c.customer_id for c in customers if _left_out(c, "nte_limit"))
