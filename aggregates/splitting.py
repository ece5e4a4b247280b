"""Amounts and quantities split among customers by percentage, without loss (D-2 to D-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from aggregates.money import EXACT, round_to

HUNDRED = Decimal(100)
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one customer pays of a line: `percent` of 100, and whether rounding rests go there."""

    customer_id: str
    percent: Decimal
    rounding: bool


def split(whole: Decimal, shares: Sequence[Share], unit: Decimal) -> dict[str, Decimal]:
    """`whole` cut by percentage, each share rounded half-up to `unit` (D-2).

    What rounding leaves over goes to the rounding customer; without one, or while that one stands
    at 0 %, to the largest share, the first of equals (D-104). Customers at 0 % get none (D-3). The
    shares always add up to `whole`, and none has the opposite sign.
    """
    paying = [share for share in shares if share.percent]
    if not whole:
        return dict.fromkeys([share.customer_id for share in paying], round_to(whole, unit))
    cut: dict[str, Decimal] = {}
    rest = whole
    for share in paying:
        part = cut[share.customer_id] = round_to(_exact(whole, share), unit)
        rest -= part
    if rest:
        takes_rest = max(paying, key=lambda share: (share.rounding, share.percent)).customer_id
        left = cut[takes_rest] + rest
        if left and left.is_signed() != whole.is_signed():
            cut[takes_rest] = round_to(Decimal(0), unit)
            _take(left, whole, paying, cut, unit)
        else:
            cut[takes_rest] = left
    return cut


def _exact(whole: Decimal, share: Share) -> Decimal:
    return EXACT.scaleb(EXACT.multiply(whole, share.percent), -2)


def _take(
    lacking: Decimal,
    whole: Decimal,
    paying: Sequence[Share],
    cut: dict[str, Decimal],
    unit: Decimal,
) -> None:
    """Takes from the shares what the rounding customer's could not go below zero by (D-2).

    One unit each, first from those whom rounding favoured most, then in the order listed. Rounding
    gave each at most half a unit, so less than half of those it favoured have to give one up.
    """

    def favour(share: Share) -> Decimal:
        return abs(cut[share.customer_id]) - abs(_exact(whole, share))

    units = int(abs(lacking) / unit)
    for share in sorted(paying, key=favour, reverse=True)[:units]:
        cut[share.customer_id] -= unit.copy_sign(whole)


def even_percentages(customers: Sequence[str], rounding: str) -> dict[str, Decimal]:
    """The same percentage for every customer, two decimals, and the rest to `rounding` (D-4)."""
    each = (HUNDRED / len(customers)).quantize(_HUNDREDTH, rounding="ROUND_DOWN")
    percentages = dict.fromkeys(customers, each)
    percentages[rounding] += HUNDRED - each * len(customers)
    return percentages
