"""Rows of the backlog views as callers get them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Generic, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from aggregates.statuses import (
    BillingStatus,
    BillingType,
    LimitLevel,
    MilestoneStatus,
    NTEStatus,
    TransactionClass,
)
from projections.values.units import from_millionths, prices_in, texts_in
from projections.views.backlog.sums.faceted import FacetValue
from projections.views.kept_to import KeptTo
from projections.views.resource import Day, Listed, Money, Page, Quantity, R, Resource, UnitPrice

_MONEY = {"amount": texts_in, "tax": texts_in, "unit_price": prices_in}
"""Columns whose texts are a currency's, and what gives them."""


class FailedLevel(Resource):
    """A limit that an amount does not fit under (D-31)."""

    level: LimitLevel
    limit: Money
    used: Money
    shortfall: Money


_FAILED = list[FailedLevel]


class BacklogRow(Listed, gc=False):
    """What rows of both views have; a posted one shows what is billed of it.

    They hold texts alone: nothing for the garbage collector.
    """

    item_id: str
    contract_id: str
    contract_name: str
    line_id: str
    line_name: str
    project_id: str
    customer_id: str
    customer_name: str
    date: Day
    amount: Money
    tax: Money
    currency: str
    billing_status: BillingStatus
    invoice_id: str | None


class FixedPriceRow(BacklogRow, gc=False):
    """A customer milestone in the fixed-price view."""

    milestone_id: str
    milestone_name: str
    milestone_status: MilestoneStatus
    billing_type: BillingType


class SalesRow(BacklogRow, gc=False):
    """An unbilled sales actual in the time-and-material view."""

    approval_id: Annotated[
        str | None,
        Meta(
            description="The approval that it comes from, as upstream knows it; null for work by "
            "hand that a correction gave back."
        ),
    ]
    transaction_class: TransactionClass = field(name="class")
    resource: str | None
    role: str | None
    category: str | None
    task_id: str | None
    description: str | None
    quantity: Quantity
    unit_price: UnitPrice
    billing_type: BillingType
    nte_status: NTEStatus
    nte_detail: list[FailedLevel] | None


class Total(Resource):
    """Sums over the whole filter, by currency, billing status and billing type.

    Of what is posted, both views' sums and the details by hand add up to the confirmed invoices.
    """

    currency: str
    billing_status: BillingStatus
    billing_type: BillingType
    count: int
    amount: Money
    tax: Money


class TotalledPage(Page[R], Generic[R]):
    """A page of a backlog view; `totals` and `facets` when they were asked for.

    Of a facet at most 100 values are told, those that most items have; `facets_more` says how many
    more some facets have. `facets_partial` says over how many items, the first of the list, some
    facets were counted, where there are more.
    """

    totals: list[Total] | UnsetType = UNSET
    facets: dict[str, list[FacetValue]] | UnsetType = UNSET
    facets_more: dict[str, int] | UnsetType = UNSET
    facets_partial: dict[str, int] | UnsetType = UNSET


Row = FixedPriceRow | SalesRow


class Shown:
    """How the rows of a view are made: with these fields, in this order.

    A month's end shows very many rows, so they are made column by column, and are no dictionaries:
    that takes a quarter of the time (docs/performance.md).
    """

    def __init__(self, row: type[Row]) -> None:
        self.fields = [name for name in row.__struct_encode_fields__ if name != "position"]
        self._row = cast("Callable[..., Row]", row)

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Row]:
        """The rows that a query for these fields found; after these, it may find others."""
        if not found:
            return []
        columns: dict[str, Iterable[Any]]
        columns = dict(zip(self.fields, zip(*found, strict=True), strict=False))
        currencies = set(columns["currency"])
        for name, texts in _MONEY.items():
            if name in columns:
                columns[name] = (
                    map(texts(*currencies).__getitem__, columns[name])
                    if len(currencies) == 1
                    else [
                        texts(currency)[kept]
                        for kept, currency in zip(columns[name], columns["currency"], strict=True)
                    ]
                )
        if "quantity" in columns:
            columns["quantity"] = map(from_millionths, columns["quantity"])
        if "approval_id" in columns:
            columns["approval_id"] = [each or None for each in columns["approval_id"]]
        if "nte_detail" in columns:
            columns["nte_detail"] = map(_json, columns["nte_detail"])
        return list(map(self._row, *columns.values()))


def keep_known(rows: Sequence[Row], kept_to: KeptTo) -> None:
    """Leaves in rows the levels that a reader is told of."""
    if kept_to.customers is not None:
        for row in rows:
            if isinstance(row, SalesRow) and row.nte_detail:
                failed = msgspec.json.decode(msgspec.json.encode(row.nte_detail), type=_FAILED)
                row.nte_detail = [each for each in failed if each.level in kept_to.levels] or None


def _json(kept: str | None) -> msgspec.Raw | None:
    """JSON as it was kept, to be passed on as it is."""
    return None if kept is None else msgspec.Raw(kept.encode())
