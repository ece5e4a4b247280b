"""The series of invoice numbers: how far it has got; it has no gaps (D-44)."""

from dataclasses import dataclass

from aggregates.events import Event
from aggregates.invoice.events import InvoiceNumberAssigned

SERIES = "invoices"
"""The one series that invoices are numbered from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSeries:
    """How far a series of invoice numbers has got (D-44)."""

    series: str
    sequence: int


def evolve_series(state: NumberSeries | None, event: Event) -> NumberSeries | None:
    """The number series after `event`."""
    if isinstance(event, InvoiceNumberAssigned):
        return NumberSeries(series=event.series, sequence=event.sequence)
    return state


def assign(series: NumberSeries | None, invoice_id: str) -> InvoiceNumberAssigned:
    """The next number of the series; it is recorded with the confirmation, so none is lost."""
    sequence = series.sequence + 1 if series else 1
    return InvoiceNumberAssigned(
        series=SERIES, sequence=sequence, number=f"INV-{sequence:06d}", invoice_id=invoice_id
    )
