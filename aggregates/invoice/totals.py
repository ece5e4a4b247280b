"""The totals of an invoice: its details summed by line, and by billing type in a line (D-43)."""

from collections.abc import Iterable
from decimal import Decimal

from aggregates.invoice.events import BillingTypeTotal, InvoiceDetail, InvoiceLineTotal
from aggregates.statuses import BillingMethod, BillingType


class Totals:
    """Sums the details of an invoice as they are added: by line, and by billing type in it (D-43).

    Only chargeable details count in the amounts of a line and of the invoice.
    """

    def __init__(self, methods: dict[str, BillingMethod]) -> None:
        self._methods = methods
        self._groups: dict[str, dict[BillingType, BillingTypeTotal]] = {}

    def add(self, details: Iterable[InvoiceDetail]) -> None:
        """Adds further details to the sums."""
        for detail in details:
            groups = self._groups.setdefault(detail.line_id, {})
            before = groups.get(detail.billing_type)
            groups[detail.billing_type] = BillingTypeTotal(
                billing_type=detail.billing_type,
                count=before.count + 1 if before else 1,
                amount=before.amount + detail.amount if before else detail.amount,
                tax=before.tax + detail.tax if before else detail.tax,
            )

    def lines(self) -> tuple[InvoiceLineTotal, ...]:
        """One total a contract line, in the order the lines came."""
        return tuple(self._line(line_id) for line_id in self._groups)

    def _line(self, line_id: str) -> InvoiceLineTotal:
        groups = self._groups[line_id]
        charged = groups.get(BillingType.CHARGEABLE)
        return InvoiceLineTotal(
            line_id=line_id,
            billing_method=self._methods[line_id],
            amount=charged.amount if charged else Decimal(0),
            tax=charged.tax if charged else Decimal(0),
            groups=tuple(groups[billing_type] for billing_type in sorted(groups)),
        )
