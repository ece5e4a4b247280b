"""A contract is defined: its customers and limits. What its lines depend on can't go."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from aggregates import money
from aggregates.contract.events import ContractDefined
from aggregates.contract.state import Contract, evolve
from aggregates.decision import NOTHING, Decision
from aggregates.limits import ceiling
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import ApprovalRule
from aggregates.terms import NOTHING_LEFT_OUT, ContractCustomer, LeftOut

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineContract:
    """Make a contract, or change its terms: what is given are all its terms then.

    Limits, and the rule of approval, that are `left_out` stay as they are.
    """

    contract_id: str
    name: str
    currency: str
    nte_limit: Decimal | None
    customers: tuple[ContractCustomer, ...]
    approval: ApprovalRule = ApprovalRule.NONE
    left_out: LeftOut = NOTHING_LEFT_OUT


# --- decide ------------------------------------------------------------------------------------


def define(command: DefineContract, state: Contract | None) -> Decision:
    """The contract's terms; no event when they are so already.

    Raises Invalid for a value that is not acceptable, Refused when lines depend on what would go.
    """
    money.decimals_of(command.currency)
    if not command.customers:
        raise Invalid("customers", "a contract has at least one customer")
    customer_ids = [customer.customer_id for customer in command.customers]
    if len(set(customer_ids)) < len(customer_ids):
        raise Invalid("customers", "a customer is named twice")
    command = _completed(command, state)
    limit = ceiling(command.nte_limit, command.currency, "nte_limit")
    customers = tuple(
        replace(
            customer,
            nte_limit=ceiling(
                customer.nte_limit, command.currency, f"customers.{position}.nte_limit"
            ),
        )
        for position, customer in enumerate(command.customers)
    )
    if state:
        _keep_what_lines_need(command, state)
    event = ContractDefined(
        contract_id=command.contract_id,
        name=command.name,
        currency=command.currency,
        nte_limit=limit,
        approval=command.approval,
        customers=customers,
    )
    stands = state is not None and evolve(state, event) == state
    return NOTHING if stands else Decision(events=(event,))


def _completed(command: DefineContract, state: Contract | None) -> DefineContract:
    """The command with what was left out as it stands, if there is a contract.

    Raises Invalid when one would stand in another currency then: 1,000 euros are not 1,000 yen.
    """
    if state is None:
        return command
    left_out = command.left_out
    limit = state.nte_limit if "nte_limit" in left_out.fields else command.nte_limit
    approval = state.approval if "approval" in left_out.fields else command.approval
    customers = tuple(
        replace(customer, nte_limit=state.customer_limit(customer.customer_id))
        if customer.customer_id in left_out.limits
        else customer
        for customer in command.customers
    )
    completed = replace(command, nte_limit=limit, approval=approval, customers=customers)
    if command.currency != state.currency:
        for field, given, kept in _limits(command, completed):
            if given != kept:
                raise Invalid(
                    field,
                    f"is {kept:f} {state.currency} and was left out: give it in "
                    f"{command.currency}, or null for none",
                    "D-1",
                )
    return completed


def _limits(
    given: DefineContract, completed: DefineContract
) -> Iterator[tuple[str, Decimal | None, Decimal | None]]:
    yield "nte_limit", given.nte_limit, completed.nte_limit
    pairs = zip(given.customers, completed.customers, strict=True)
    for position, (before, after) in enumerate(pairs):
        yield f"customers.{position}.nte_limit", before.nte_limit, after.nte_limit


def _keep_what_lines_need(command: DefineContract, state: Contract) -> None:
    if state.lines and command.currency != state.currency:
        raise Refused(
            "currency_fixed",
            f"the contract has lines in {state.currency}: it keeps its one currency",
            "D-1",
        )
    named = {customer.customer_id for customer in command.customers}
    for line_id, line in state.lines.items():
        for customer_id in line.customers:
            if customer_id not in named:
                raise Refused(
                    "customer_on_line",
                    f"customer {customer_id!r} is on line {line_id!r} and can't be removed",
                    "D-104",
                )
