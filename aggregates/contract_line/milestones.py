"""Milestones of a fixed-price line: created and split at once, changed and deleted as a whole."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from aggregates import money, splitting, streams
from aggregates.contract_line.events import (
    HeaderStatus,
    MarkedReady,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePart,
    MilestoneSplit,
    SplitShare,
)
from aggregates.contract_line.items import OpenMilestone, milestone_status
from aggregates.contract_line.state import ContractLine
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import UNBILLED, BillingMethod, BillingStatus

T = TypeVar("T")

COMPLETED = "milestone_completed"
"""The code of refusals to change what has left the line's state."""

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateMilestone:
    """Set an amount due on a fixed-price line; `milestone_id` is made at the edge."""

    milestone_id: str
    name: str
    amount: Decimal
    tax: Decimal
    date: datetime.date
    task_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMilestone:
    """Change what is given of a milestone; what is None stays as it is, `task_id` "" clears it."""

    milestone_id: str
    name: str | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    date: datetime.date | None = None
    task_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMilestone:
    """Delete a milestone and its parts."""

    milestone_id: str


# --- decide ------------------------------------------------------------------------------------


def create(command: CreateMilestone, line: ContractLine) -> Decision:
    """The milestone, split by the line's percentages, tax included (D-10).

    Raises Refused on a time-and-material line, Invalid for an amount that the currency can't hold
    and for tax on an amount of 0.
    """
    if line.terms.billing_method is not BillingMethod.FIXED_PRICE:
        raise Refused(
            "not_fixed_price",
            f"line {line.line_id!r} is billed by time and material, it has no milestones",
            "D-10",
        )
    amount, tax = _amounts(command.amount, command.tax, line.currency)
    split = MilestoneSplit(
        contract_id=line.contract_id,
        line_id=line.line_id,
        milestone_id=command.milestone_id,
        name=command.name,
        currency=line.currency,
        amount=amount,
        tax=tax,
        date=command.date,
        task_id=command.task_id,
        shares=_shares(line.shares),
        parts=_parts(line, command.milestone_id, line.shares, amount, tax),
        milestones_total=money.total(line.milestones_total + amount, line.currency),
    )
    return Decision(events=(split,))


def change(command: ChangeMilestone, line: ContractLine) -> Decision:
    """The milestone as changed, its parts cut anew by the shares it was split by (D-5, D-14).

    A part that was credited in pieces (D-81) is one again. Nothing when nothing changes. Raises
    Refused while a part is on a draft or posted, Invalid as `create` does for what the change
    comes to.
    """
    before = _untouched(line, command.milestone_id)
    amount, tax = _amounts(
        _or(command.amount, before.amount), _or(command.tax, before.tax), line.currency
    )
    event = MilestoneChanged(
        contract_id=line.contract_id,
        line_id=line.line_id,
        milestone_id=before.milestone_id,
        name=_or(command.name, before.name),
        currency=line.currency,
        amount=amount,
        tax=tax,
        date=_or(command.date, before.date),
        task_id=_or(command.task_id, before.task_id) or None,
        parts=_parts(line, before.milestone_id, before.shares, amount, tax),
        milestones_total=money.total(line.milestones_total - before.amount + amount, line.currency),
    )
    unchanged = (before.name, before.amount, before.tax, before.date, before.task_id) == (
        event.name,
        event.amount,
        event.tax,
        event.date,
        event.task_id,
    )
    if unchanged:
        return NOTHING
    if len(before.parts) > len(event.parts):
        return Decision(events=tuple(_whole_again(event, before, line)))
    return Decision(events=(event,))


def delete(command: DeleteMilestone, line: ContractLine) -> Decision:
    """The milestone and its parts go, no orphans (D-14). Raises Refused like `change`."""
    return Decision(events=(_deleted(_untouched(line, command.milestone_id), line),))


# --- helpers -----------------------------------------------------------------------------------


def _deleted(milestone: OpenMilestone, line: ContractLine) -> MilestoneDeleted:
    return MilestoneDeleted(
        contract_id=line.contract_id,
        line_id=line.line_id,
        milestone_id=milestone.milestone_id,
        items=milestone.parts,
        currency=line.currency,
        milestones_total=line.milestones_total - milestone.amount,
    )


def _whole_again(
    changed: MilestoneChanged, before: OpenMilestone, line: ContractLine
) -> Iterator[Event]:
    """The milestone deleted and split as when it was created: the pieces of a part have gone.

    A customer's part is ready when every piece of it was.
    """
    yield _deleted(before, line)
    yield MilestoneSplit(
        contract_id=line.contract_id,
        line_id=line.line_id,
        milestone_id=changed.milestone_id,
        name=changed.name,
        currency=changed.currency,
        amount=changed.amount,
        tax=changed.tax,
        date=changed.date,
        task_id=changed.task_id,
        shares=_shares(before.shares),
        parts=changed.parts,
        milestones_total=changed.milestones_total,
    )
    not_ready = {
        part.customer_id
        for part in map(line.parts.__getitem__, before.parts)
        if part.billing_status is not BillingStatus.READY
    }
    ready = {part.item_id for part in changed.parts if part.customer_id not in not_ready}
    if ready:
        statuses = [
            BillingStatus.READY if part.item_id in ready else BillingStatus.NOT_READY
            for part in changed.parts
        ]
        header = HeaderStatus(milestone_id=changed.milestone_id, status=milestone_status(statuses))
        yield MarkedReady(
            contract_id=line.contract_id,
            line_id=line.line_id,
            billing_method=line.terms.billing_method,
            items=tuple(sorted(ready)),
            milestones=(header,),
        )


def _shares(shares: Iterable[splitting.Share]) -> tuple[SplitShare, ...]:
    """The shares that a milestone is split by: those of customers who pay some of it."""
    return tuple(
        SplitShare(customer_id=s.customer_id, percent=s.percent, rounding=s.rounding)
        for s in shares
        if s.percent
    )


def _or(given: T | None, before: T) -> T:
    return before if given is None else given


def _amounts(amount: Decimal, tax: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """Amount and tax as they are kept. Raises Invalid, also for tax on an amount of 0 (D-10)."""
    kept = money.money(amount, currency, "amount"), money.money(tax, currency, "tax")
    if kept[1] and not kept[0]:
        raise Invalid(
            "tax", f"a milestone of amount 0 carries no tax, not {kept[1]:f}: make it 0", "D-10"
        )
    return kept


def _untouched(line: ContractLine, milestone_id: str) -> OpenMilestone:
    """The milestone, none of whose parts is on a draft or posted. Raises Refused otherwise."""
    milestone = line.milestones.get(milestone_id)
    if milestone is None:
        raise Refused(COMPLETED, "every part of the milestone is posted", "D-14")
    for item_id in milestone.parts:
        if line.parts[item_id].billing_status not in UNBILLED:
            raise Refused(
                "milestone_in_billing",
                f"part {item_id!r} of the milestone is on a draft or posted",
                "D-14",
            )
    return milestone


def _parts(
    line: ContractLine,
    milestone_id: str,
    shares: tuple[splitting.Share, ...],
    amount: Decimal,
    tax: Decimal,
) -> tuple[MilestonePart, ...]:
    unit = money.unit_of(line.currency)
    amounts = splitting.split(amount, shares, unit)
    taxes = splitting.split(tax, shares, unit)
    return tuple(
        MilestonePart(
            item_id=streams.item_id(line.contract_id, line.line_id, milestone_id, customer_id),
            customer_id=customer_id,
            amount=amounts[customer_id],
            tax=taxes[customer_id],
        )
        for customer_id in amounts
    )
