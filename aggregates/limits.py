"""Not-to-exceed: four ceilings on what may be billed, and the one place that adds up their usage.

used = invoiced to date + committed backlog;  an amount passes when used + amount <= limit (D-31)
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, Protocol

from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line.events import LineUsageChanged
from aggregates.money import money, total
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import BillingMethod, LimitLevel, NTEStatus
from aggregates.terms import FailedLevel, LevelUsage, LineTerms

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a level holds: committed by open items and invoiced to date (D-37)."""

    committed: Decimal = ZERO
    invoiced: Decimal = ZERO


Usages = Mapping[str, Usage]
"""Usage by customer; the empty customer stands for the line or the contract as a whole."""

NO_USAGE: Usages = {}

WHOLE = ""


def fold_usage(usages: Usages, changed: Iterable[LevelUsage]) -> Usages:
    """The usages with the changed levels set to their new totals."""
    return {
        **usages,
        **{
            level.customer_id or WHOLE: Usage(committed=level.committed, invoiced=level.invoiced)
            for level in changed
        },
    }


class LimitedContract(Protocol):
    """What is asked of a contract: limits and usage at the levels 3 and 4."""

    @property
    def contract_id(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def nte_limit(self) -> Decimal | None: ...
    @property
    def usage(self) -> Usages: ...
    def customer_limit(self, customer_id: str) -> Decimal | None:
        """The limit of the customer across all lines."""
        ...


class LimitedLine(Protocol):
    """What is asked of a contract line: limits and usage at the levels 1 and 2."""

    @property
    def line_id(self) -> str: ...
    @property
    def terms(self) -> LineTerms: ...
    @property
    def usage(self) -> Usages: ...


@dataclass(slots=True)
class _Level:
    """One level's limit and running totals within one decision."""

    level: LimitLevel
    customer_id: str | None
    limit: Decimal | None
    before: Usage
    committed: Decimal = field(init=False)
    invoiced: Decimal = field(init=False)
    used: Decimal = field(init=False)
    """Both together."""

    def __post_init__(self) -> None:
        self.committed, self.invoiced = self.before.committed, self.before.invoiced
        self.used = self.committed + self.invoiced

    def changed(self) -> bool:
        return (self.committed, self.invoiced) != (self.before.committed, self.before.invoiced)

    def total(self) -> LevelUsage:
        return LevelUsage(
            level=self.level,
            customer_id=self.customer_id,
            committed=self.committed,
            invoiced=self.invoiced,
        )


class _Levels(NamedTuple):
    """The four levels that an amount counts at, and those of them that have a limit."""

    every: tuple[_Level, ...]
    limited: tuple[tuple[_Level, Decimal], ...]


def failing(
    level: LimitLevel, limit: Decimal, used: Decimal, amount: Decimal
) -> FailedLevel | None:
    """The failure of `amount` at one level, None if it passes; zero or less always does (D-31)."""
    if amount <= 0 or used + amount <= limit:
        return None
    return FailedLevel(level=level, limit=limit, used=used, shortfall=used + amount - limit)


def four_levels(line_id: str, customer_id: str) -> tuple[tuple[str, str], ...]:
    """The line and customer of each level that an item counts at, in the order of D-30.

    Empty where a level is one of the whole contract, or of all customers.
    """
    return (line_id, customer_id), (line_id, WHOLE), ("", customer_id), ("", WHOLE)


def ceiling(value: Decimal | None, currency: str, field: str) -> Decimal | None:
    """A limit as it is kept: in the currency's minor unit, not negative, null for none.

    It may lie below what is used already (D-36). Raises Invalid, naming `field`.
    """
    if value is None:
        return None
    if value < 0:
        raise Invalid(field, "a not-to-exceed limit can't be negative")
    return money(value, currency, field)


class Limits:
    """The limits of one contract and its lines, and what they hold, during one decision.

    Starts from the states, moves amounts between open, committed and invoiced one after the other,
    and answers at the end with what changed, as events (D-34, D-37).
    """

    def __init__(self, contract: LimitedContract, lines: Iterable[LimitedLine]) -> None:
        self._contract = contract
        self._lines = {line.line_id: line for line in lines}
        self._open: dict[tuple[str, str], _Level] = {}
        self._levels: dict[tuple[str, str], _Levels] = {}

    def evaluate(
        self, line_id: str, customer_id: str, amount: Decimal
    ) -> tuple[NTEStatus, tuple[FailedLevel, ...]]:
        """The verdict on an open chargeable amount; what passes is committed at every level.

        Without a limit at any level it is `not_applicable` (D-32).
        """
        levels = self._levels_of(line_id, customer_id)
        if not levels.limited:
            return NTEStatus.NOT_APPLICABLE, ()
        failed = tuple(
            failure
            for level, limit in levels.limited
            if (failure := failing(level.level, limit, level.used, amount))
        )
        if failed:
            return NTEStatus.FAILED, failed
        self.commit(line_id, customer_id, amount)
        return NTEStatus.COMMITTED, ()

    def is_limited(self, line_id: str, customer_id: str) -> bool:
        """Whether any of the four levels has a limit (D-32)."""
        return bool(self._levels_of(line_id, customer_id).limited)

    def commit(self, line_id: str, customer_id: str, amount: Decimal) -> None:
        """Holds an open amount against every level; a negative amount gives room back (D-31).

        Raises Refused when a level could not hold the total; then no level has changed.
        """
        levels = self._levels_of(line_id, customer_id).every
        for level in levels:
            total(level.used + amount, self._contract.currency)
        for level in levels:
            level.committed += amount
            level.used += amount

    def release(self, line_id: str, customer_id: str, amount: Decimal) -> None:
        """Frees a committed amount at every level (D-33)."""
        self.commit(line_id, customer_id, -amount)

    def invoice(self, amounts: Mapping[tuple[str, str], Decimal]) -> None:
        """Adds the amounts of one invoice, by (line, customer), to what was invoiced to date.

        Raises LimitExceeded, naming every level, when one would be exceeded by the amounts invoiced
        to date alone; what other items have committed does not count (D-35).
        """
        own: dict[int, tuple[str, _Level, Decimal]] = {}
        for (line_id, customer_id), amount in amounts.items():
            for level in self._levels_of(line_id, customer_id).every:
                _, _, so_far = own.get(id(level), (line_id, level, ZERO))
                own[id(level)] = (line_id, level, so_far + amount)
        exceeded = [
            (line_id, failure)
            for line_id, level, amount in own.values()
            if level.limit is not None
            and (failure := failing(level.level, level.limit, level.invoiced, amount))
        ]
        if exceeded:
            raise LimitExceeded(exceeded)
        for _, level, amount in own.values():
            level.invoiced = total(level.invoiced + amount, self._contract.currency)
            level.used += amount

    def changes(self) -> Iterator[ContractUsageChanged | LineUsageChanged]:
        """The new totals of every level that changed, one event a stream."""
        contract_id, currency = self._contract.contract_id, self._contract.currency
        changed: dict[str, list[LevelUsage]] = {}
        for (line_id, _), level in self._open.items():
            if level.changed():
                changed.setdefault(line_id, []).append(level.total())
        for line_id in self._lines:
            if usages := changed.get(line_id):
                yield LineUsageChanged(
                    contract_id=contract_id,
                    line_id=line_id,
                    currency=currency,
                    usages=tuple(usages),
                )
        if usages := changed.get(WHOLE):
            yield ContractUsageChanged(
                contract_id=contract_id, currency=currency, usages=tuple(usages)
            )

    def _levels_of(self, line_id: str, customer_id: str) -> "_Levels":
        key = (line_id, customer_id)
        levels = self._levels.get(key)
        if levels is None:
            every = tuple(self._opened(self._lines[line_id], customer_id))
            limited = tuple((each, each.limit) for each in every if each.limit is not None)
            levels = self._levels[key] = _Levels(every, limited)
        return levels

    def _opened(self, line: LimitedLine, customer_id: str) -> Iterator[_Level]:
        """The four levels in the order they are checked, shared where they are the same."""
        contract, terms = self._contract, line.terms
        of_customer = (c.nte_limit for c in terms.customers if c.customer_id == customer_id)
        by_time = terms.billing_method is BillingMethod.TIME_AND_MATERIAL
        limits = (
            next(of_customer, None),
            terms.nte_limit if by_time else None,
            contract.customer_limit(customer_id),
            contract.nte_limit,
        )
        keys = four_levels(line.line_id, customer_id)
        for level, key, limit in zip(LimitLevel, keys, limits, strict=True):
            known = self._open.get(key)
            if known is None:
                usages = line.usage if key[0] else contract.usage
                before = usages.get(key[1], Usage())
                known = self._open[key] = _Level(level, key[1] or None, limit, before)
            yield known


class LimitExceeded(Refused):
    """Confirming would bill more than a limit allows (D-35)."""

    def __init__(self, exceeded: Iterable[tuple[str, FailedLevel]]) -> None:
        self.exceeded = tuple(exceeded)
        worst = self.exceeded[0][1]
        super().__init__(
            "limit_exceeded",
            f"the invoice exceeds the {worst.level.replace('_', ' ')} limit of {worst.limit:f} "
            f"by {worst.shortfall:f}: {worst.used:f} was invoiced to date",
            "D-35",
            levels=[failed for _, failed in self.exceeded],
        )
