"""The terms of a deal as values: who pays, what is charged, under which limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from aggregates.statuses import BillingMethod, LimitLevel, Schedule, TransactionClass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCustomer:
    """A customer on the contract, with a limit of its own across all lines (D-30)."""

    customer_id: str
    name: str
    nte_limit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCustomer:
    """Who pays for a line: the share in percent, the rounding, an optional limit (D-2, D-30)."""

    customer_id: str
    split_percent: Decimal
    rounding: bool
    nte_limit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargeability:
    """Which roles, categories and tasks of a line are charged (D-22).

    They can only take away from what an approval says itself. What is not named in `roles` or
    `categories` stays as the approval says; `tasks` is null for all tasks, otherwise only tasks
    named as true are chargeable, for every class.
    """

    roles: Mapping[str, bool] = field(default_factory=dict[str, bool])
    categories: Mapping[str, bool] = field(default_factory=dict[str, bool])
    tasks: Mapping[str, bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTerms:
    """What a contract line agrees: billing method, value, payers, limit, what it includes."""

    name: str
    project_id: str
    billing_method: BillingMethod
    contract_amount: Decimal | None
    nte_limit: Decimal | None
    customers: tuple[LineCustomer, ...]
    schedule: Schedule
    includes: tuple[TransactionClass, ...]
    chargeable: Chargeability


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a definition of a contract or line does not mention: it stays as it is.

    On a new contract or line the value in the terms counts instead, which is the default. `fields`
    are fields of the terms, `chargeable` fields of their chargeability, `limits` the customers
    whose limit is not mentioned; `rounding` is true when no rounding customer is mentioned.
    """

    fields: frozenset[str] = frozenset()
    chargeable: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    rounding: bool = False


NOTHING_LEFT_OUT = LeftOut()


def rounding_customer(customers: Sequence[LineCustomer]) -> str:
    """Who takes what rounding leaves over: who is named for it, else the largest share (D-104)."""
    return max(customers, key=lambda each: (each.rounding, each.split_percent)).customer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLevel:
    """A limit that an amount does not fit under: the limit, what was used, what lacks (D-31)."""

    level: LimitLevel
    limit: Decimal
    used: Decimal
    shortfall: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelUsage:
    """What one level holds: committed by the backlog and invoiced to date (D-37).

    `customer_id` is null on the levels `line` and `contract`.
    """

    level: LimitLevel
    customer_id: str | None
    committed: Decimal
    invoiced: Decimal
