"""Obligations: what stays billed of recalled work, until its invoice is corrected (D-83)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aggregates import actuals, streams
from aggregates.contract_line.events import (
    CustomerActuals,
    SalesReversed,
    UnbilledSalesBooked,
)
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.items import OpenSale, open_sale
from aggregates.contract_line.recalled.events import (
    CorrectedWork,
    Obligation,
    ObligationChange,
    ObligationsChanged,
    ObligationStatus,
    ObligationWaived,
)
from aggregates.contract_line.state import ContractLine
from aggregates.deal import chunks
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
from aggregates.intake.events import RecallWaived
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class StaysBilled:
    """What a confirmed correction leaves billed of a detail, and on which detail it stands now."""

    corrected_detail_id: str
    invoice_id: str
    detail_id: str
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveObligation:
    """Accept what stays billed of a recalled approval."""

    obligation_id: str
    reason: str


def settle(
    line: ContractLine,
    stays: Sequence[StaysBilled],
    returned: Iterable[UnbilledSalesBooked],
    accounting_date: date,
) -> Iterator[Event]:
    """What follows on a line from the confirmation of a correction of recalled work (D-83).

    To be recorded after what the correction books: of the obligations on details in `stays`, what
    `returned` to the backlog is reversed for good, and each shows what still stays billed. One of
    which nothing stays is closed; what the entry was corrected to comes to the backlog with the
    last of its customer that is billed alike, and is evaluated when it is marked (D-85). One is
    closed, too, where what stays is just that. Nothing follows where no obligation is open.
    """
    open_now = line.recalls.obligations
    met = [(known, stay) for stay in stays if (known := open_now.get(stay.corrected_detail_id))]
    if not met:
        return
    causes = {streams.billed_actual(known.detail_id): known.cause for known, _ in met}
    sales = [
        (causes[booked.replaces[sale.item_id]], open_sale(booked.line_id, work, sale, booked.cause))
        for booked in returned
        for work in booked.approvals
        for sale in work.sales
        if booked.replaces.get(sale.item_id) in causes
    ]
    for cause in (Cause.RECALL, Cause.ENTRY_CORRECTION):
        yield from reversed_sales(
            line, [s for of, s in sales if of is cause], cause, accounting_date
        )
    changes: list[ObligationChange] = []
    for alike in _of_one_customer(met, open_now.values()):
        of_these, comes = _settled(alike, line, accounting_date)
        changes += of_these
        if comes:
            yield comes
    for some in chunks(changes):
        yield ObligationsChanged(
            contract_id=line.contract_id,
            line_id=line.line_id,
            currency=line.currency,
            obligations=some,
        )


def _settled(
    alike: Sequence[tuple[Obligation, StaysBilled]], line: ContractLine, accounting_date: date
) -> tuple[list[ObligationChange], UnbilledSalesBooked | None]:
    """What becomes of obligations that are billed alike, and what comes in their place."""
    changes, wrong = list[ObligationChange](), list[tuple[Obligation, StaysBilled]]()
    was = next((known for known, _ in alike if known.instead), None)
    instead = was.instead if was else None
    for known, stay in alike:
        right, rest = _told_apart(instead, known, stay, line)
        if stay.quantity and right is None:
            wrong.append((known, stay))
            continue
        instead = rest
        changes.append(_change(known, stay, right, ObligationStatus.CLOSED))
    if was and instead and not wrong:
        return changes, _superseding(was, instead, accounting_date)
    for known, stay in wrong:
        change = _change(known, stay, instead, ObligationStatus.OPEN)
        instead = None  # it waits for the first of them
        if not _says_nothing(change, known):
            changes.append(change)
    return changes, None


def waive(command: WaiveObligation, line: ContractLine | None) -> Decision:
    """What is billed stays, and the approval counts as not recalled (D-83).

    Nothing happens to one that is waived already: the first reason stands. Raises NotFound when
    there is no such obligation, Refused when it is closed.
    """
    ended = line.recalls.ended.get(command.obligation_id) if line else None
    if ended is ObligationStatus.WAIVED:
        return NOTHING
    if ended is ObligationStatus.CLOSED:
        raise Refused("obligation_closed", "nothing is to be corrected any more", "D-83")
    known = line.recalls.obligation(command.obligation_id) if line else None
    if line is None or known is None:
        raise NotFound("obligation", command.obligation_id)
    waived = ObligationWaived(
        contract_id=line.contract_id,
        line_id=line.line_id,
        obligation_id=known.obligation_id,
        detail_id=known.detail_id,
        reason=command.reason,
    )
    again = RecallWaived(
        source=known.source,
        contract_id=line.contract_id,
        line_id=line.line_id,
        approval_id=known.approval_id,
        obligation_id=known.obligation_id,
    )
    return Decision(events=(waived, again), done=(known.obligation_id,))


def as_it_stands(
    line: LineHead,
    known: Obligation,
    instead: CorrectedWork | None,
    status: ObligationStatus = ObligationStatus.OPEN,
) -> ObligationsChanged:
    """Other work comes in place of what is billed as it was; or none does, as that is right."""
    return ObligationsChanged(
        contract_id=line.contract_id,
        line_id=line.line_id,
        currency=line.currency,
        obligations=(_change(known, _as_it_is(known), instead, status),),
    )


def reversed_sales(
    line: LineHead, sales: Sequence[OpenSale], cause: Cause, accounting_date: date
) -> Iterator[SalesReversed]:
    """Open sales reversed for good, at most 1,000 an event (D-23)."""
    for some in chunks(sales):
        by_customer: dict[str, list[OpenSale]] = {}
        for sale in some:
            by_customer.setdefault(sale.customer_id, []).append(sale)
        yield SalesReversed(
            contract_id=line.contract_id,
            line_id=line.line_id,
            currency=line.currency,
            cause=cause,
            accounting_date=accounting_date,
            items=tuple(sale.item_id for sale in some),
            reversals=tuple(
                CustomerActuals(
                    customer_id=customer_id,
                    actuals=tuple(
                        actuals.reversal(sale.actual, streams.digest(sale.item_id, cause), cause)
                        for sale in of_customer
                    ),
                )
                for customer_id, of_customer in by_customer.items()
            ),
        )


def _superseding(
    known: Obligation, instead: CorrectedWork, accounting_date: date
) -> UnbilledSalesBooked:
    """What a corrected entry comes to takes the place of what was billed of it."""
    return UnbilledSalesBooked(
        contract_id=instead.contract_id,
        line_id=instead.line_id,
        currency=instead.currency,
        cause=Cause.ENTRY_CORRECTION,
        accounting_date=accounting_date,
        approvals=(instead.work,),
        replaces={
            sale.item_id: streams.billed_actual(known.detail_id) for sale in instead.work.sales
        },
    )


def _of_one_customer(
    met: Sequence[tuple[Obligation, StaysBilled]], open_now: Iterable[Obligation]
) -> Iterable[list[tuple[Obligation, StaysBilled]]]:
    """What a correction meets with the other open obligations of the approval and customer.

    Those of what is charged and of what is not are apart.
    """
    alike: dict[tuple[str | None, ...], list[tuple[Obligation, StaysBilled]]] = {}
    for known, stay in met:
        alike.setdefault(_whose(known), []).append((known, stay))
    told = {known.detail_id for known, _ in met}
    for known in sorted(open_now, key=lambda each: each.detail_id):
        if known.detail_id not in told and _whose(known) in alike:
            alike[_whose(known)].append((known, _as_it_is(known)))
    return alike.values()


def _whose(known: Obligation) -> tuple[str | None, ...]:
    return known.source, known.approval_id, known.customer_id, known.billing_type


def _as_it_is(known: Obligation) -> StaysBilled:
    return StaysBilled(
        corrected_detail_id=known.detail_id,
        invoice_id=known.invoice_id,
        detail_id=known.detail_id,
        quantity=known.quantity,
        amount=known.amount,
    )


def _says_nothing(change: ObligationChange, known: Obligation) -> bool:
    """Whether an obligation that no correction met stays as it is."""
    is_there = change.detail_id == known.detail_id and change.status is ObligationStatus.OPEN
    return is_there and change.instead == known.instead


def _told_apart(
    instead: CorrectedWork | None, known: Obligation, stay: StaysBilled, line: ContractLine
) -> tuple[CorrectedWork | None, CorrectedWork | None]:
    """What an entry was corrected to: the part of it that stays billed here, and the rest."""
    wanted = known.billing_type, stay.quantity, stay.amount
    sales = list(instead.work.sales) if instead else []
    told = [(sale.billing_type, sale.quantity, sale.amount) for sale in sales]
    is_here = instead and (instead.contract_id, instead.line_id) == (line.contract_id, line.line_id)
    if instead is None or not is_here or wanted not in told:
        return None, instead
    right = sales.pop(told.index(wanted))
    rest = replace(instead, work=replace(instead.work, sales=tuple(sales))) if sales else None
    return replace(instead, work=replace(instead.work, sales=(right,))), rest


def _change(
    known: Obligation,
    stay: StaysBilled,
    instead: CorrectedWork | None,
    status: ObligationStatus,
) -> ObligationChange:
    return ObligationChange(
        obligation_id=known.obligation_id,
        corrected_detail_id=stay.corrected_detail_id,
        invoice_id=stay.invoice_id,
        detail_id=stay.detail_id,
        quantity=stay.quantity,
        amount=stay.amount,
        status=status,
        instead=instead,
    )
