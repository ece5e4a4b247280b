"""What a confirmed invoice books, detail by detail (D-45), and a confirmed correction (D-78, D-81).

Nothing that was booked is edited: it is reversed, and others take its place. Unbilled actuals and
their reversals net to zero, the billed of an invoice add up to it (D-46).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from aggregates import actuals, money, streams
from aggregates.actuals import Actual
from aggregates.invoice.details import Detail
from aggregates.invoice.events import MILESTONE, InvoiceDetail
from aggregates.statuses import (
    ActualType,
    AdjustmentStatus,
    BillingMethod,
    BillingType,
    Cause,
)

UNBILLED, BILLED = ActualType.UNBILLED_SALES, ActualType.BILLED_SALES


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What one detail comes to in the books.

    `adjusted` is the actual from before that the rows supersede, None if there is none. `returned`
    is what a correction bills no longer and gives back to the backlog, None if nothing (D-78).
    """

    rows: tuple[Actual, ...] = ()
    adjusted: str | None = None
    returned: InvoiceDetail | None = None


def book(detail: Detail, original: Actual | None, method: BillingMethod, currency: str) -> Booked:
    """What a detail books, on a line that is billed by this method.

    `original` is the unbilled actual that it bills: None of a milestone, of a detail by hand, and
    where it is not open any more. A correction that changes nothing books nothing (D-77).
    """
    stands, source = detail.stands, detail.source
    if source is None:
        by_time = method is BillingMethod.TIME_AND_MATERIAL
        return Booked(
            rows=(*_anew(stands, Cause.HAND),) if by_time else _billed(stands, Cause.HAND)
        )
    if detail.corrects is not None:
        return _correction(detail, source, method, currency) if detail.edited else Booked()
    if stands.kind == MILESTONE:
        return Booked(rows=_billed(stands, Cause.EDIT if detail.edited else Cause.CONFIRMATION))
    return _work(detail, source, original, currency)


def rest_of(source: InvoiceDetail, quantity: Decimal, currency: str) -> InvoiceDetail:
    """What a cut to a quantity below its own leaves of a detail (D-45).

    Its amount and tax are what the cut does not take, and never of the opposite sign.
    """
    cut = min(money.extend(quantity, source.unit_price, currency), source.amount, key=abs)
    return replace(
        source,
        quantity=source.quantity - quantity,
        amount=source.amount - cut,
        tax=source.tax - _tax_of(source, cut, currency),
    )


# --- the cases ---------------------------------------------------------------------------------


def _work(detail: Detail, source: InvoiceDetail, original: Actual | None, currency: str) -> Booked:
    """Time and material of the backlog, as it is there or edited (D-45)."""
    stands, edited = detail.stands, detail.edited
    cause = Cause.EDIT if edited else Cause.CONFIRMATION
    rows: list[Actual] = []
    if original:
        reversal_id = streams.digest(stands.detail_id, UNBILLED)
        rows.append(actuals.reversal(original, reversal_id, cause))
    if not edited:
        return Booked(rows=(*rows, *_billed(stands, cause)))
    rows += _anew(stands, cause, stands.item_id)
    if abs(stands.quantity) < abs(source.quantity):
        rest = rest_of(source, stands.quantity, currency)
        at_no_charge = replace(rest, billing_type=BillingType.NON_CHARGEABLE)
        rows += _anew(at_no_charge, cause, stands.item_id, part="rest")
    return Booked(rows=tuple(rows), adjusted=original.actual_id if original else None)


def _correction(
    detail: Detail, source: InvoiceDetail, method: BillingMethod, currency: str
) -> Booked:
    """A detail as it was billed, and as a correction leaves it billed (D-78, D-81)."""
    stands, cause, is_milestone = detail.stands, Cause.CORRECTION, detail.stands.kind == MILESTONE
    if is_milestone:
        stands, source = _whole(stands), _whole(source)
    (old,) = _billed(source, cause)
    rows = [_reversal(stands, old)]
    returned: InvoiceDetail | None = None
    if is_milestone or method is BillingMethod.FIXED_PRICE:
        rows += _billed(stands, cause, old.actual_id) if detail.stays else ()
        returned = _credited(detail, source, currency) if is_milestone else None
    elif not detail.stays:
        returned = source
    else:
        rows += _anew(stands, cause, old.actual_id)
        if abs(stands.quantity) < abs(source.quantity):
            returned = rest_of(source, stands.quantity, currency)
    return Booked(rows=tuple(rows), adjusted=old.actual_id, returned=returned)


def _whole(milestone: InvoiceDetail) -> InvoiceDetail:
    """A milestone is billed as one of its amount."""
    return replace(milestone, quantity=Decimal(1), unit_price=milestone.amount)


def _credited(detail: Detail, source: InvoiceDetail, currency: str) -> InvoiceDetail | None:
    """The part of a milestone that is billed no longer, None if all of it stays (D-81)."""
    amount = detail.stands.amount
    if not detail.stays:
        return source
    if amount == source.amount:
        return None
    credited = source.amount - amount
    tax = source.tax - _tax_of(source, amount, currency)
    return _whole(replace(source, amount=credited, tax=tax))


def _tax_of(source: InvoiceDetail, amount: Decimal, currency: str) -> Decimal:
    """What of the source's tax is on so much of its amount: all of it on all (D-45, D-81)."""
    if amount == source.amount:
        return source.tax
    return money.in_proportion(source.tax, amount, source.amount, currency)


# --- the rows ----------------------------------------------------------------------------------


def _billed(detail: InvoiceDetail, cause: Cause, replaces: str | None = None) -> tuple[Actual]:
    """The detail as it is billed."""
    return (_actual(detail, streams.billed_actual(detail.detail_id), BILLED, cause, replaces),)


def _anew(
    detail: InvoiceDetail, cause: Cause, replaces: str | None = None, part: str | None = None
) -> Iterator[Actual]:
    """An unbilled actual, its reversal, and the billed: of a detail, or of a part cut off it."""
    own = detail.detail_id
    unbilled_id = streams.digest(own, part or "anew", UNBILLED)
    unbilled = _actual(detail, unbilled_id, UNBILLED, cause, replaces)
    yield unbilled
    yield _reversal(detail, unbilled)
    if part is None:
        yield from _billed(detail, cause, replaces)
    else:
        yield _actual(detail, streams.digest(own, part, BILLED), BILLED, cause, replaces)


def _reversal(detail: InvoiceDetail, actual: Actual) -> Actual:
    reversal_id = streams.digest(detail.detail_id, "reversal", actual.actual_id)
    return actuals.reversal(actual, reversal_id, actual.cause)


def _actual(
    detail: InvoiceDetail, actual_id: str, kind: ActualType, cause: Cause, replaces: str | None
) -> Actual:
    return Actual(
        actual_id=actual_id,
        type=kind,
        cause=cause,
        reversal_of=None,
        replaces=replaces,
        item_id=detail.item_id,
        line_id=detail.line_id,
        approval_id=detail.approval_id,
        milestone_id=detail.milestone_id,
        kind=detail.kind,
        date=detail.date,
        quantity=detail.quantity,
        unit_price=detail.unit_price,
        amount=detail.amount,
        tax=detail.tax,
        billing_type=detail.billing_type,
        adjustment_status=AdjustmentStatus.ADJUSTABLE,
    )
