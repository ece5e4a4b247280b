"""Corrected entries: an approval's actuals are reversed, and others come in their place (D-85)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aggregates.contract_line import approvals, charging, entries
from aggregates.contract_line.backlog.verdicts import free
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.events import (
    ApprovedWork,
    NTEEvaluated,
    NTEResult,
    UnbilledSale,
    UnbilledSalesBooked,
)
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.recalled.events import (
    CorrectedWork,
    CorrectedWorkExpected,
    SalesDescribed,
)
from aggregates.contract_line.recalled.obligations import as_it_stands, reversed_sales
from aggregates.deal import Deal, chunks
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.intake.about_approvals import what_entries_say
from aggregates.intake.about_approvals.approvals import KnownApproval
from aggregates.intake.about_approvals.origins import Origin
from aggregates.intake.about_approvals.recalls import (
    BilledAlike,
    Owing,
    billed_alike,
    ids_of,
    owed_alike,
)
from aggregates.intake.about_approvals.rightly_billed import Wrong, told_apart
from aggregates.intake.about_approvals.what_entries_say import CorrectApproval, entry_of
from aggregates.intake.about_approvals.whereabouts import Whereabouts
from aggregates.intake.events import ApprovalCorrected
from aggregates.limits import Limits
from aggregates.refusals import LeftAlone, Refused
from aggregates.statuses import Cause

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Target:
    """The line that a corrected entry is on from now on, with its contract and the limits there."""

    deal: Deal
    line: LineHead
    limits: Limits


def check_not_recalled(known: KnownApproval) -> None:
    """Raises Refused when there is nothing to correct (D-82)."""
    if known.recall:
        raise Refused("approval_canceled", "the approval is recalled", "D-82")


def correct(
    command: CorrectApproval,
    known: KnownApproval,
    found: Whereabouts,
    deals: tuple[Deal, Deal],
    today: date,
) -> Decision:
    """Reverses what is unbilled of an entry, and records what it comes to now (D-85).

    `deals` are the contract of the entry and that where it is from now on, which may be the same.
    Each part that is billed otherwise than the entry says now opens an obligation; what its
    customer gets comes when it is closed. To be asked when none of it is on a draft. Done are the
    new items; left is the approval if it is not billable on its line now. Raises Refused for
    another currency, Invalid for a value that is none.
    """
    deal, new_deal = deals
    before = entry_of(known, found.origins, deal)
    changed = what_entries_say.changed(command, before, known, new_deal)
    line, limits = deal.lines[known.place.line_id], deal.limits()
    new_limits = limits if new_deal is deal else new_deal.limits()
    target = Target(new_deal, new_deal.lines[changed.line_id], new_limits)
    for sale in found.unbilled:
        free(limits, sale)
    why_not = charging.not_billable(changed, target.line)
    work = None if why_not else charging.work_of(changed, target.line, target.limits)
    told = told_apart(work, found, line, target.line)
    now, later = _now_and_later(told.rest, told.wrong, target.line)
    expected = _expected(target.line, later)
    about = Owing(known, Cause.ENTRY_CORRECTION, command.reason)
    opened = [
        *about.opened(line, told.wrong.billed, later),
        *about.taken_over(told.wrong.owed, later),
    ]
    items = (*told.kept, *_items(told.rest))
    corrected = _corrected(command, known, changed, items, ids_of(opened))
    booked = _booked(target, now, found, today) if now else ()
    changes = [*limits.changes(), *(() if new_limits is limits else new_limits.changes())]
    reversals = reversed_sales(line, found.unbilled, Cause.ENTRY_CORRECTION, today)
    return Decision(
        events=(
            *reversals,
            *told.closed,
            *opened,
            *expected,
            *booked,
            *changes,
            corrected,
        ),
        done=_items(now),
        left=(LeftAlone(command.approval_id, why_not),) if why_not else (),
    )


def described(
    command: CorrectApproval, known: KnownApproval, found: Whereabouts, deal: Deal
) -> Decision | None:
    """The decision where descriptions alone change: in place, no rows (D-85); else None."""
    before = entry_of(known, found.origins, deal)
    now = replace(before, **command.new)
    if not found.origins or replace(now, description=before.description) != before:
        return None
    line = deal.lines[known.place.line_id]
    items = tuple(sale.item_id for sale in [*found.unbilled, *found.drafted])
    if now == before:
        return Decision(done=items)
    events = [
        SalesDescribed(
            contract_id=line.contract_id,
            line_id=line.line_id,
            approval_id=now.approval_id,
            items=some,
            role=now.role,
            category=now.category,
            task_id=now.task_id,
            resource=now.resource,
            description=now.description,
        )
        for some in chunks(items)
    ]
    to_come = _described_later(found, now.description)
    corrected = _corrected(command, known, now, known.items, ())
    return Decision(events=(*events, *to_come, corrected), done=items)


def _described_later(found: Whereabouts, description: str | None) -> Iterator[Event]:
    """What is to come when invoices are corrected says so, too."""
    for each in found.owed:
        of, instead = each.obligation, each.obligation.instead
        if instead and each.is_open:
            work = replace(instead.work, description=description)
            yield as_it_stands(each.line, of, replace(instead, work=work))


def _corrected(
    command: CorrectApproval,
    known: KnownApproval,
    entry: Approval,
    items: tuple[str, ...],
    obligations: tuple[str, ...],
) -> ApprovalCorrected:
    recorded = known.as_recorded
    return ApprovalCorrected(
        source=recorded.source,
        contract_id=recorded.contract_id,
        line_id=recorded.line_id,
        approval_id=recorded.approval_id,
        to_contract_id=entry.contract_id,
        to_line_id=entry.line_id,
        items=items,
        obligations=obligations,
        reason=command.reason,
        entry=entries.kept(entry),
    )


def _items(work: ApprovedWork | None) -> tuple[str, ...]:
    return tuple(sale.item_id for sale in work.sales) if work else ()


def _now_and_later(
    work: ApprovedWork | None, found: Wrong, line: LineHead
) -> tuple[ApprovedWork | None, dict[BilledAlike, CorrectedWork]]:
    """What of the work comes now, and what comes when a customer is billed no longer alike.

    What is billed to a customer who has only other billing types billed waits for one of these.
    """
    if work is None:
        return None, {}
    owing = [*map(billed_alike, found.billed), *map(owed_alike, found.owed)]
    first = {customer_id: (customer_id, kind) for customer_id, kind in reversed(owing)}
    now = tuple(sale for sale in work.sales if sale.customer_id not in first)
    later: dict[BilledAlike, list[UnbilledSale]] = {}
    for sale in work.sales:
        if sale.customer_id in first:
            alike = sale.customer_id, sale.billing_type
            later.setdefault(alike if alike in owing else first[sale.customer_id], []).append(sale)
    return replace(work, sales=now) if now else None, {
        alike: CorrectedWork(
            contract_id=line.contract_id,
            line_id=line.line_id,
            currency=line.currency,
            work=replace(work, sales=tuple(sales)),
        )
        for alike, sales in later.items()
    }


def _expected(
    line: LineHead, later: Mapping[BilledAlike, CorrectedWork]
) -> tuple[CorrectedWorkExpected, ...]:
    """What is to come to a line that has nothing on record yet for these customers (D-3)."""
    customers = {customer_id for customer_id, _ in later} - line.sold_to
    if not customers:
        return ()
    return (
        CorrectedWorkExpected(
            contract_id=line.contract_id,
            line_id=line.line_id,
            customers=tuple(sorted(customers)),
        ),
    )


def _booked(target: Target, work: ApprovedWork, found: Whereabouts, today: date) -> list[Event]:
    """The new actuals, each in the place of one of before, and their verdicts."""
    line = target.line
    on = {"contract_id": line.contract_id, "line_id": line.line_id}
    replaced = {sale.item_id: _replaced(sale, found) for sale in work.sales}
    results: list[NTEResult] = approvals.evaluate(line.line_id, work, target.limits)
    events: list[Event] = [
        UnbilledSalesBooked(
            **on,
            currency=line.currency,
            cause=Cause.ENTRY_CORRECTION,
            accounting_date=today,
            approvals=(replace(work, sales=some),),
            replaces={sale.item_id: actual for sale in some if (actual := replaced[sale.item_id])},
        )
        for some in chunks(work.sales)
    ]
    return [*events, *(NTEEvaluated(**on, results=some) for some in chunks(results))]


def _replaced(sale: UnbilledSale, found: Whereabouts) -> str | None:
    """The actual whose place a new one takes: the most alike of those that nothing bills."""

    def unlike(origin: Origin) -> tuple[bool, bool]:
        was = origin.sale
        return was.customer_id != sale.customer_id, was.billing_type is not sale.billing_type

    free = [each for each in found.origins if each.actual_id not in {None, *found.posted_on}]
    return min(free, key=unlike).actual_id if free else None
