"""Events on the stream of a contract: its terms, its lines, its usage (levels 3 and 4)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from aggregates import streams
from aggregates.statuses import ApprovalRule, BillingMethod
from aggregates.terms import ContractCustomer, LevelUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEvent:
    """An event on the stream of a contract."""

    VERSION: ClassVar[int] = 1
    contract_id: str

    @property
    def stream(self) -> str:
        return streams.contract(self.contract_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDefined(ContractEvent):
    """A contract was put on the books, or its terms were changed: the terms as they now stand.

    Before version 2 no invoice had to be approved.
    """

    VERSION: ClassVar[int] = 2
    name: str
    currency: str
    nte_limit: Decimal | None
    approval: ApprovalRule
    customers: tuple[ContractCustomer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLineListed(ContractEvent):
    """The contract took note of a line: how it is billed and which customers pay for it."""

    line_id: str
    billing_method: BillingMethod
    customers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractUsageChanged(ContractEvent):
    """What the levels `contract_customer` and `contract` hold from now on (D-37).

    Lists the levels that changed, with their new totals.
    """

    currency: str
    usages: tuple[LevelUsage, ...]
