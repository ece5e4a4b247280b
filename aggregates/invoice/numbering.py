"""The series of invoice numbers: how far it has got; it has no gaps (D-44)."""

from dataclasses import dataclass

from aggregates.events import Event
from aggregates.invoice.events import InvoiceNumberAssigned


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
