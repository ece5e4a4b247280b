"""Verdicts of the not-to-exceed limits on open sales: given, withdrawn (reset), given anew.

Also who must be re-evaluated: whose verdict would be another one now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from aggregates.contract_line.backlog.many_items import Work, judge_each
from aggregates.contract_line.events import NTEResult
from aggregates.contract_line.items import Item, OpenPart, OpenSale
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal
from aggregates.decision import Decision
from aggregates.limits import Limits
from aggregates.refusals import NotNeeded
from aggregates.statuses import UNBILLED, BillingStatus, BillingType, NTEStatus
from aggregates.terms import FailedLevel

N = TypeVar("N", int, Decimal)

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetNTE:
    """Withdraw the not-to-exceed verdict on items and free what they committed (D-33)."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReevaluateNTE:
    """Evaluate items anew, one by one in the order given (D-34)."""

    items: tuple[str, ...]


# --- decide ------------------------------------------------------------------------------------


def reset(command: ResetNTE, deal: Deal) -> Decision:
    """Withdraws the verdicts; what was ready by them falls back to not ready (D-33)."""
    return judge_each(command.items, deal, _reset)


def reevaluate(command: ReevaluateNTE, deal: Deal) -> Decision:
    """Gives verdicts anew; what was ready and fails now falls back to not ready (D-34)."""
    return judge_each(command.items, deal, _reevaluate)


def evaluate(work: Work, line: ContractLine, sale: OpenSale) -> tuple[FailedLevel, ...]:
    """Gives the sale a verdict, and commits it if it passes; the levels that it fails (D-31)."""
    status, failed = work.limits.evaluate(line.line_id, sale.customer_id, sale.actual.amount)
    result = NTEResult(item_id=sale.item_id, nte_status=status, failed=failed)
    work.on(line).results.append(result)
    return failed


def free(limits: Limits, sale: OpenSale) -> None:
    """What the sale has committed is free again, at every level (D-33)."""
    if sale.nte_status is NTEStatus.COMMITTED:
        limits.release(sale.actual.line_id, sale.customer_id, sale.actual.amount)


def give_back(work: Work, line: ContractLine, sale: OpenSale, verdict: NTEStatus) -> None:
    """Gives the sale the status again that it had before its verdict; what it committed is free.

    That was `not_evaluated`, or `not_applicable` where the limit came later (D-26).
    """
    free(work.limits, sale)
    if verdict is NTEStatus.NOT_EVALUATED:
        work.on(line).reset.append(sale.item_id)
    else:
        result = NTEResult(item_id=sale.item_id, nte_status=verdict)
        work.on(line).results.append(result)


def is_judged_otherwise(status: NTEStatus, amount: N, rooms: Sequence[N]) -> bool:
    """Whether an open chargeable item would get another verdict if it were evaluated now (D-36).

    `rooms` is what is left, limit less used, at those of its four levels that have a limit; what
    the item has committed itself is part of what is used. An item that is not evaluated has no
    verdict that could change.
    """
    if status is NTEStatus.NOT_EVALUATED or not rooms:
        return status not in {NTEStatus.NOT_EVALUATED, NTEStatus.NOT_APPLICABLE}
    own = amount if status is NTEStatus.COMMITTED else 0
    passes = amount <= 0 or amount <= min(rooms) + own
    return status is not (NTEStatus.COMMITTED if passes else NTEStatus.FAILED)


def _reset(work: Work, line: ContractLine, item: Item) -> None:
    sale = _selected(item)
    if sale.nte_status is NTEStatus.NOT_EVALUATED:
        raise NotNeeded("already_not_evaluated", "the item is not evaluated", "D-33")
    free(work.limits, sale)
    work.on(line).reset.append(sale.item_id)
    _fall_back(work, line, sale)


def _reevaluate(work: Work, line: ContractLine, item: Item) -> None:
    sale = _selected(item)
    free(work.limits, sale)
    if evaluate(work, line, sale):
        _fall_back(work, line, sale)


# --- helpers -----------------------------------------------------------------------------------


def _selected(item: Item) -> OpenSale:
    """The item, a sale that can be reset and re-evaluated. Raises NotNeeded for others (D-33)."""
    if isinstance(item, OpenPart):
        raise NotNeeded("milestone", "milestones have no NTE status", "D-17")
    if item.billing_status not in UNBILLED:
        raise NotNeeded("item_on_draft", "the item is on a draft invoice", "D-33")
    if item.actual.billing_type is not BillingType.CHARGEABLE:
        raise NotNeeded("not_chargeable", "only chargeable items count", "D-32")
    return item


def _fall_back(work: Work, line: ContractLine, sale: OpenSale) -> None:
    """A ready item without a passing verdict falls back to not ready (D-33, D-26)."""
    if sale.billing_status is BillingStatus.READY:
        work.on(line).not_ready.append(sale.item_id)
