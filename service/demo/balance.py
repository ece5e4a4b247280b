"""Whether the demo's tables balance: what is on invoices, told by items and told by invoices."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from service.demo.desk import Json

Kind = tuple[str, str, str]
"""A currency, a billing status, a billing type."""
_NOTHING = (Decimal(0), Decimal(0))
_DRAFTED, _POSTED = "invoice_created", "invoice_posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What one kind comes to by the rows of both views, and by invoices: amount and tax each."""

    kind: Kind
    items: tuple[Decimal, Decimal]
    invoices: tuple[Decimal, Decimal]

    @property
    def difference(self) -> Decimal:
        """By how much amounts and taxes differ, all in all: 0 where the tables balance."""
        pairs = zip(self.items, self.invoices, strict=True)
        return sum((abs(one - other) for one, other in pairs), Decimal(0))


def balances(rows: Iterable[Json], invoices: Iterable[Json]) -> list[Balance]:
    """Each currency, billing status and type that is on invoices, in this order.

    Rows of both views, drafts and confirmed invoices. Nothing must have been billed by hand, and no
    draft be edited: that is in no row, or not before it is confirmed.
    """
    by_items = _sums(
        ((row["currency"], row["billing_status"], row["billing_type"]), row)
        for row in rows
        if row["billing_status"] in {_DRAFTED, _POSTED}
    )
    by_invoices = _sums(
        ((invoice["currency"], _status(invoice), group["billing_type"]), group)
        for invoice in invoices
        for line in invoice["lines"]
        for group in line["groups"]
    )
    return [
        Balance(
            kind=kind,
            items=by_items.get(kind, _NOTHING),
            invoices=by_invoices.get(kind, _NOTHING),
        )
        for kind in sorted({*by_items, *by_invoices})
    ]


def _status(invoice: Json) -> str:
    return _POSTED if invoice["status"] == "confirmed" else _DRAFTED


def _sums(values: Iterable[tuple[Kind, Json]]) -> dict[Kind, tuple[Decimal, Decimal]]:
    sums: defaultdict[Kind, tuple[Decimal, Decimal]] = defaultdict(lambda: _NOTHING)
    for kind, value in values:
        amount, tax = sums[kind]
        sums[kind] = amount + Decimal(value["amount"]), tax + Decimal(value["tax"])
    return dict(sums)
