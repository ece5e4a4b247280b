"""What of a corrected entry is billed already as it says now: nothing is owed for it (D-85)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from aggregates.contract_line.events import ApprovedWork, UnbilledSale
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.recalled.events import (
    CorrectedWork,
    ObligationsChanged,
    ObligationStatus,
)
from aggregates.contract_line.recalled.obligations import as_it_stands
from aggregates.intake.about_approvals.recalls import BilledAlike, billed_alike, owed_alike
from aggregates.intake.about_approvals.whereabouts import BilledPart, Owed, Whereabouts
from aggregates.invoice.events import InvoiceDetail


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is billed otherwise than the entry says now: obligations open, or stay open."""

    billed: tuple[BilledPart, ...]
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class ToldApart:
    """A corrected entry, told apart by what is billed of it.

    `rest` is what it comes to and is not billed so, None for nothing. `kept` are the items that are
    billed rightly; what was owed for them before is `closed`.
    """

    rest: ApprovedWork | None
    wrong: Wrong
    kept: tuple[str, ...]
    closed: tuple[ObligationsChanged, ...]


def told_apart(
    work: ApprovedWork | None, found: Whereabouts, was_on: LineHead, line: LineHead
) -> ToldApart:
    """Tells what is billed already of what an entry comes to on `line` (D-85).

    The details that bill a customer alike are right where they make up what the entry says,
    together or one of them: the same quantity, amount and tax, on this line.
    """
    left = list(work.sales) if work else []
    right = dict[str, UnbilledSale]()
    for alike, details in _on_line(found, was_on, line).items():
        sale = next((each for each in left if (each.customer_id, each.billing_type) == alike), None)
        bills_it = sale and _that_bill(details, sale)
        if sale and bills_it:
            left.remove(sale)
            right |= {detail.detail_id: sale for detail in bills_it}
    owed = tuple(each for each in found.owed if each.obligation.detail_id not in right)
    was_owed = (each for each in found.owed if each.obligation.detail_id in right)
    return ToldApart(
        rest=replace(work, sales=tuple(left)) if work and left else None,
        wrong=Wrong(
            billed=tuple(p for p in found.billed if p.detail.stands.detail_id not in right),
            owed=owed,
        ),
        kept=tuple(p.item_id for p in found.billed if p.detail.stands.detail_id in right),
        closed=tuple(_closed(was_owed, right, work, line)) if work else (),
    )


def _on_line(
    found: Whereabouts, was_on: LineHead, line: LineHead
) -> dict[BilledAlike, list[InvoiceDetail]]:
    """The details that bill each customer alike on the line that the entry is on now."""
    details: dict[BilledAlike, list[InvoiceDetail]] = {}
    for part in found.billed if _is(was_on, line) else ():
        details.setdefault(billed_alike(part), []).append(part.detail.stands)
    for each in found.owed:
        if each.stands and _is(each.line, line):
            details.setdefault(owed_alike(each), []).append(each.stands)
    return details


def _is(one: LineHead, other: LineHead) -> bool:
    return (one.contract_id, one.line_id) == (other.contract_id, other.line_id)


def _that_bill(details: list[InvoiceDetail], sale: UnbilledSale) -> list[InvoiceDetail]:
    """The details that bill just this: all of them, or one."""
    wanted = sale.quantity, sale.amount, sale.tax
    if _sums(details) == wanted:
        return details
    return [each for each in details if _sums([each]) == wanted][:1]


def _sums(details: Iterable[InvoiceDetail]) -> tuple[Decimal, Decimal, Decimal]:
    listed, zero = list(details), Decimal(0)
    return (
        sum((each.quantity for each in listed), zero),
        sum((each.amount for each in listed), zero),
        sum((each.tax for each in listed), zero),
    )


def _closed(
    owed: Iterable[Owed], right: dict[str, UnbilledSale], work: ApprovedWork, line: LineHead
) -> Iterator[ObligationsChanged]:
    """What was owed and is right now; what it is right for stands on the first of those alike."""
    told = set[str]()
    for each in owed:
        sale = right[each.obligation.detail_id]
        instead = CorrectedWork(
            contract_id=line.contract_id,
            line_id=line.line_id,
            currency=line.currency,
            work=replace(work, sales=(sale,)),
        )
        if each.is_open:
            is_first = sale.item_id not in told
            told.add(sale.item_id)
            yield as_it_stands(
                each.line,
                each.obligation,
                instead if is_first else None,
                ObligationStatus.CLOSED,
            )
