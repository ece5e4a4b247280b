"""Wire models read as commands: where a body of the HTTP contract becomes a word of the rules."""

from collections.abc import Sequence
from decimal import Decimal

from aggregates.contract import DefineContract
from aggregates.line_terms import DefineLine
from aggregates.milestones import ChangeMilestone, CreateMilestone
from aggregates.money import even_percentages
from aggregates.refusals import Invalid
from aggregates.terms import Chargeability, ContractCustomer, LineCustomer, LineTerms
from service.schemas import (
    ContractBody,
    LineBody,
    LineCustomerBody,
    MilestoneBody,
    MilestoneChanges,
)


def define_contract(contract_id: str, body: ContractBody) -> DefineContract:
    """The command that a contract's body stands for."""
    return DefineContract(
        contract_id=contract_id,
        name=body.name,
        currency=body.currency,
        nte_limit=body.nte_limit,
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
    percentages = _percentages(body.customers)
    return DefineLine(
        line_id=line_id,
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
                for customer, percent in zip(body.customers, percentages, strict=True)
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


def _percentages(customers: Sequence[LineCustomerBody]) -> list[Decimal]:
    """The split percentages as given, or distributed evenly when none is given (D-4)."""
    given = [c.split_percent for c in customers if c.split_percent is not None]
    if len(given) == len(customers):
        return given
    if given:
        raise Invalid("customers", "give every split_percent, or none to distribute evenly (D-4)")
    rounding = [customer.customer_id for customer in customers if customer.rounding]
    if len(rounding) != 1:
        raise Invalid("customers", "exactly one customer is the rounding customer")
    even = even_percentages([customer.customer_id for customer in customers], rounding[0])
    return [even[customer.customer_id] for customer in customers]
