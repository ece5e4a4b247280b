"""What stays billed of recalled work, as callers get it (D-83)."""

from typing import Annotated

from msgspec import UNSET, Meta
from sqlalchemy import Connection, RowMapping, select

from aggregates.contract_line.recalled.events import ObligationStatus
from aggregates.statuses import Cause
from projections.tables import obligations
from projections.values.units import from_millionths, from_minor
from projections.views.kept_to import KeptTo
from projections.views.paging import PageRequest, Paging, Wanted, any_of, empty_first, in_order
from projections.views.resource import Money, Page, Position, Quantity, Resource


class Obligation(Resource):
    """What stays billed of an approval that was recalled or corrected: its invoice is to be."""

    obligation_id: Annotated[str, Meta(description="The obligation's id.")]
    status: ObligationStatus
    approval_id: str
    source: str | None
    cause: Annotated[Cause, Meta(description="Whether it was recalled or corrected.")]
    contract_id: str
    line_id: str
    customer_id: str
    item_id: str
    invoice_id: Annotated[str, Meta(description="The invoice that bills it now.")]
    detail_id: Annotated[str, Meta(description="The detail of that invoice.")]
    quantity: Annotated[Quantity, Meta(description="How much of it still stays billed.")]
    amount: Annotated[Money, Meta(description="What that is worth, without tax.")]
    currency: str
    reason: Annotated[str | None, Meta(description="Why it was recalled or corrected.")]
    waived_for: Annotated[str | None, Meta(description="Why it was waived; null unless it was.")]
    position: Annotated[Position, Meta(description="Where in the history it was opened.")]


_NOT_SORTED = {"reason", "waived_for"}
_OBLIGATIONS = Paging(
    {c.name: empty_first(c) for c in obligations.c if c.name not in _NOT_SORTED},
    key="obligation_id",
    default="position",
)
OBLIGATIONS_BY = _OBLIGATIONS.sortable


def list_obligations(
    connection: Connection, kept_to: KeptTo, wanted: Wanted, request: PageRequest
) -> Page[Obligation]:
    """Obligations in the order they were opened."""
    part = _OBLIGATIONS.read(request)
    own = obligations.c
    statement = select(obligations).where(*any_of(own, wanted), *kept_to.of_rows(own))
    rows = _OBLIGATIONS.fetch(connection, statement, part)
    return Page(
        items=[_obligation(row) for row in rows[: request.limit]],
        next=_OBLIGATIONS.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def _obligation(row: RowMapping) -> Obligation:
    shown = {name: row[name] for name in Obligation.__struct_fields__}
    shown["quantity"] = from_millionths(row["quantity"])
    shown["amount"] = from_minor(row["amount"], row["currency"])
    return Obligation(**shown)
