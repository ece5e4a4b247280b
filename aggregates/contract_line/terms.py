"""The terms of a contract line: who pays which share, what is charged, under which limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from aggregates import money, splitting
from aggregates.contract.events import ContractLineListed
from aggregates.contract.state import Contract
from aggregates.contract_line.events import ContractLineDefined
from aggregates.contract_line.head import LineHead
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
from aggregates.limits import ceiling
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import BillingMethod, Schedule
from aggregates.terms import NOTHING_LEFT_OUT, LeftOut, LineTerms

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineLine:
    """Make a contract line, or change its terms: what is given are all its terms then.

    What is `left_out` stays as it is. Customers and percentages are given whole.
    """

    line_id: str
    terms: LineTerms
    left_out: LeftOut = NOTHING_LEFT_OUT


# --- decide ------------------------------------------------------------------------------------


def percentages(given: Sequence[tuple[str, Decimal | None, bool]]) -> list[Decimal]:
    """How a line is split, from each customer's id, percentage and whether rounding goes there.

    As given; or evenly if no percentage is, and what is left over goes to the rounding customer,
    the first one if none is named (D-4). Raises Invalid when only some percentages are given.
    """
    said = [percent for _, percent, _ in given if percent is not None]
    if len(said) == len(given):
        return said
    if said:
        raise Invalid("customers", "give every split_percent, or none to distribute evenly", "D-4")
    customers = [customer_id for customer_id, _, _ in given]
    takes_rest = next((customer for customer, _, rounding in given if rounding), customers[0])
    even = splitting.even_percentages(customers, takes_rest)
    return [even[customer_id] for customer_id in customers]


def define(command: DefineLine, contract: Contract, state: LineHead | None) -> Decision:
    """The line's terms, and the contract's note of them; no event when they are so already.

    Raises Invalid for a value that is not acceptable, Refused when what is recorded on the line
    does not allow it (D-2, D-3, D-16, D-30).
    """
    terms = _terms_in(contract, _completed(command, state))
    _check_schedule(terms, state)
    if state:
        _keep_what_is_recorded(terms, state)
    if state and state.terms == terms:
        return NOTHING
    total = state.milestones_total if state else Decimal(0)
    return Decision(events=tuple(_defined(command.line_id, contract, terms, total)))


def _defined(
    line_id: str, contract: Contract, terms: LineTerms, milestones_total: Decimal
) -> Iterator[Event]:
    yield ContractLineDefined(
        contract_id=contract.contract_id,
        line_id=line_id,
        currency=contract.currency,
        terms=terms,
        milestones_total=milestones_total,
    )
    customers = tuple(customer.customer_id for customer in terms.customers)
    listed = contract.lines.get(line_id)
    if not listed or (listed.billing_method, listed.customers) != (terms.billing_method, customers):
        yield ContractLineListed(
            contract_id=contract.contract_id,
            line_id=line_id,
            billing_method=terms.billing_method,
            customers=customers,
        )


def _completed(command: DefineLine, state: LineHead | None) -> LineTerms:
    """The terms with what was left out as it stands on the line, if there is one."""
    terms, left_out = command.terms, command.left_out
    if state is None:
        return terms
    stands = state.terms
    limits = {customer.customer_id: customer.nte_limit for customer in stands.customers}
    named = {customer.customer_id for customer in stands.customers if customer.rounding}
    return replace(
        terms,
        **{name: getattr(stands, name) for name in left_out.fields},
        chargeable=replace(
            terms.chargeable,
            **{name: getattr(stands.chargeable, name) for name in left_out.chargeable},
        ),
        customers=tuple(
            replace(
                customer,
                nte_limit=limits.get(customer.customer_id)
                if customer.customer_id in left_out.limits
                else customer.nte_limit,
                rounding=customer.customer_id in named if left_out.rounding else customer.rounding,
            )
            for customer in terms.customers
        ),
    )


def _check_schedule(terms: LineTerms, state: LineHead | None) -> None:
    """Raises Invalid for a progress schedule, but on a line that has it from before."""
    if terms.schedule is Schedule.PROGRESS and not (
        state and state.terms.schedule is Schedule.PROGRESS
    ):
        raise Invalid("schedule", f"progress is not built yet: give {Schedule.MILESTONES}", "D-16")


def _terms_in(contract: Contract, terms: LineTerms) -> LineTerms:
    """The terms with every amount in the contract's currency, all values checked."""
    _check_customers(contract, terms)
    if terms.billing_method is BillingMethod.FIXED_PRICE and terms.nte_limit is not None:
        raise Invalid(
            "nte_limit",
            "a limit on the line itself is for time and material only: give null",
            "D-30",
        )
    currency = contract.currency
    amount = terms.contract_amount
    return replace(
        terms,
        contract_amount=None
        if amount is None
        else money.money(amount, currency, "contract_amount"),
        nte_limit=ceiling(terms.nte_limit, currency, "nte_limit"),
        customers=tuple(
            replace(
                customer,
                nte_limit=ceiling(customer.nte_limit, currency, f"customers.{position}.nte_limit"),
            )
            for position, customer in enumerate(terms.customers)
        ),
    )


def _check_customers(contract: Contract, terms: LineTerms) -> None:
    customers = terms.customers
    named = [customer.customer_id for customer in customers]
    if len(set(named)) < len(named):
        raise Invalid("customers", "a customer is named twice")
    for position, customer in enumerate(customers):
        if customer.customer_id not in contract.customers:
            raise Invalid(
                f"customers.{position}.customer_id",
                f"{customer.customer_id!r} is not a customer of contract {contract.contract_id!r}",
            )
        if customer.split_percent < 0:
            raise Invalid(f"customers.{position}.split_percent", "can't be negative", "D-2")
    total = sum((customer.split_percent for customer in customers), Decimal(0))
    if total != splitting.HUNDRED:
        raise Invalid(
            "customers",
            f"the split percentages total {total:f}, they must total 100 exactly",
            "D-2",
        )
    if sum(customer.rounding for customer in customers) > 1:
        raise Invalid("customers", "at most one customer is the rounding customer", "D-2")


def _keep_what_is_recorded(terms: LineTerms, state: LineHead) -> None:
    if not state.recorded_for:
        return
    if terms.billing_method is not state.terms.billing_method:
        raise Refused(
            "billing_method_fixed",
            "the line has recorded items, or corrected work to come: its billing method can't "
            "change",
        )
    named = {customer.customer_id for customer in terms.customers}
    gone = sorted(state.recorded_for - named)
    if gone:
        raise Refused(
            "customer_has_items",
            f"customer {gone[0]!r} has recorded items, or corrected work to come, on the line: "
            "set it to 0 % instead",
            "D-3",
        )
