"""The contract: its customers, limits and lines, and usage across lines (levels 3 and 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from aggregates.contract.events import ContractDefined, ContractLineListed, ContractUsageChanged
from aggregates.events import Event
from aggregates.limits import NO_USAGE, Usages, fold_usage
from aggregates.statuses import ApprovalRule, BillingMethod
from aggregates.terms import ContractCustomer

# --- state -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLine:
    """What the contract knows of one of its lines."""

    billing_method: BillingMethod
    customers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What decisions need to know of a contract."""

    contract_id: str
    name: str
    currency: str
    nte_limit: Decimal | None
    approval: ApprovalRule = ApprovalRule.NONE
    customers: Mapping[str, ContractCustomer]
    lines: Mapping[str, ListedLine] = field(default_factory=dict[str, ListedLine])
    usage: Usages = field(default_factory=lambda: NO_USAGE)

    def customer_limit(self, customer_id: str) -> Decimal | None:
        """The limit of the customer across all lines (D-30), None when there is none."""
        customer = self.customers.get(customer_id)
        return customer.nte_limit if customer else None


# --- evolve ------------------------------------------------------------------------------------


def evolve(state: Contract | None, event: Event) -> Contract | None:
    """The contract after `event`; events of other streams leave it as it is."""
    match event:
        case ContractDefined():
            defined = Contract(
                contract_id=event.contract_id,
                name=event.name,
                currency=event.currency,
                nte_limit=event.nte_limit,
                approval=event.approval,
                customers={customer.customer_id: customer for customer in event.customers},
            )
            return replace(defined, lines=state.lines, usage=state.usage) if state else defined
        case ContractLineListed() if state:
            listed = ListedLine(billing_method=event.billing_method, customers=event.customers)
            return replace(state, lines={**state.lines, event.line_id: listed})
        case ContractUsageChanged() if state:
            return replace(state, usage=fold_usage(state.usage, event.usages))
        case _:
            return state
