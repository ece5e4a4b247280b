"""The totals of an invoice: its details summed by line, and by billing type in a line (D-43)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from aggregates.invoice.details import Detail
from aggregates.invoice.events import BillingTypeTotal, InvoiceLineTotal
from aggregates.money import total
from aggregates.statuses import BillingMethod, BillingType

_ZERO = Decimal(0)


class Totals:
    """The sums of an invoice while details come and go: by line, and by billing type in it (D-43).

    Starts from the sums as they stand, so that one change costs the same on any invoice. Only
    chargeable details count in the amounts of a line and of the invoice; of a correction its change
    does (D-76).
    """

    def __init__(self, currency: str, lines: Sequence[InvoiceLineTotal] = ()) -> None:
        self._currency = currency
        self._methods = {line.line_id: line.billing_method for line in lines}
        self._groups = {
            line.line_id: {group.billing_type: group for group in line.groups} for line in lines
        }

    def add(self, detail: Detail, method: BillingMethod) -> None:
        """Counts a detail of a line that is billed by this method."""
        self._methods[detail.stands.line_id] = method
        self._count(detail, 1)

    def remove(self, detail: Detail) -> None:
        """Counts a detail no longer."""
        self._count(detail, -1)

    def change(self, before: Detail, after: Detail) -> None:
        """Counts a detail as it is after an edit."""
        self._count(before, -1)
        self._count(after, 1)

    def fields(self) -> dict[str, Any]:
        """The totals as an event has them: `lines` in their order, `amount` and `tax`.

        Raises Invalid when an invoice can't hold the sum.
        """
        lines = tuple(self._line(line_id) for line_id in sorted(self._groups))
        return {
            "lines": lines,
            "amount": total(sum((line.amount for line in lines), _ZERO), self._currency),
            "tax": total(sum((line.tax for line in lines), _ZERO), self._currency),
        }

    def _count(self, detail: Detail, times: int) -> None:
        line_id, billing_type = detail.stands.line_id, detail.stands.billing_type
        groups = self._groups.setdefault(line_id, {})
        before = groups.get(billing_type)
        amount, tax = detail.change
        group = BillingTypeTotal(
            billing_type=billing_type,
            count=(before.count if before else 0) + times,
            amount=(before.amount if before else _ZERO) + times * amount,
            tax=(before.tax if before else _ZERO) + times * tax,
        )
        groups[billing_type] = group
        if not group.count:
            del groups[billing_type]
        if not groups:
            del self._groups[line_id]

    def _line(self, line_id: str) -> InvoiceLineTotal:
        groups = self._groups[line_id]
        charged = groups.get(BillingType.CHARGEABLE)
        return InvoiceLineTotal(
            line_id=line_id,
            billing_method=self._methods[line_id],
            amount=charged.amount if charged else _ZERO,
            tax=charged.tax if charged else _ZERO,
            groups=tuple(groups[billing_type] for billing_type in sorted(groups)),
        )
