"""What callers may ask of the backlog views: filters, and which part of the list."""

from collections.abc import Iterable
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from aggregates.statuses import (
    BillingStatus,
    BillingType,
    MilestoneStatus,
    NTEStatus,
    TransactionClass,
)
from projections.history import can_be_stored
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_fixed_price, list_time_and_material
from projections.views.backlog.sums.faceted import FixedPriceFacet, SalesFacet
from projections.views.kept_to import KeptTo
from projections.views.paging import PageRequest
from service.wire.fields import DateText, DecimalText, PageSize, Position


def _no_nul(value: str) -> str:
    if not can_be_stored(value):
        raise ValueError("has a NUL")
    return value


NO_NUL: dict[str, Any] = {"pattern": r"^[^\x00]*$"}
QueryText = Annotated[str, Field(json_schema_extra=NO_NUL), AfterValidator(_no_nul)]
"""Text of a query, or of the same filter in a body."""
Ids = Annotated[list[QueryText] | None, Field(max_length=200)]
"""A filter that may be repeated: any of its values."""
Sort = list[str]
"""Fields to sort by, with commas between; where it is repeated, the others follow."""
AFTER = (
    "Wait until the view shows this position of the history; "
    "a position that the history has not reached is refused (422)."
)
CURSOR = "`next` of the page before."
SEEK = (
    "Start the page at this date, in the order asked for; totals stay over the whole filter. "
    "Only for lists sorted by `date` or `-date` first; else it is refused (422)."
)


def sorted_by(names: Iterable[str]) -> WithJsonSchema:
    """How the document tells what a list can be sorted by; the list itself refuses the rest."""
    choices = [each for name in names for each in (name, f"-{name}")]
    return WithJsonSchema({"type": "array", "items": {"type": "string", "enum": choices}})


def in_one(sort: Sort | None) -> str | None:
    """The sort as one text, however it was sent."""
    return ",".join(sort) if sort else None


def separated(values: object) -> object:
    """The values of a parameter, each of which may name several: `customer,month`."""
    if not isinstance(values, list):
        return values
    return [name for value in cast("list[str]", values) for name in value.split(",")]


_NO_FILTERS = {"by", "facets", "sort"}
"""Lists in a query that say something else."""
FACETS = (
    "Add facets over the whole filter: for each of these fields its values, and how many items "
    "have each. The facet's own filter is left out, so that other values can still be chosen. "
    "Repeated, or separated by commas."
)
_AMOUNT = "compared with each row's own amount in its currency, without tax."


class BacklogFilters(BaseModel):
    """What both views are filtered by, as a query or as a part of a body."""

    item_id: Ids = Field(None, description="Only the items with these ids.")
    contract_id: Ids = None
    line_id: Ids = None
    project_id: Ids = None
    customer_id: Ids = None
    task_id: Ids = Field(None, description="Only what was done for these tasks.")
    invoice_id: Ids = Field(None, description="Only what is on these invoices, or was posted.")
    currency: Ids = Field(None, description="Only amounts in these currencies (ISO 4217).")
    billing_status: list[BillingStatus] | None = None
    billing_type: list[BillingType] | None = None
    amount_min: DecimalText | None = Field(None, description=f"The least amount, {_AMOUNT}")
    amount_max: DecimalText | None = Field(None, description=f"The largest amount, {_AMOUNT}")
    date_from: DateText | None = None
    date_to: DateText | None = None
    q: Annotated[QueryText, Field(min_length=1, max_length=200)] | None = None

    def matching(self, kept_to: KeptTo) -> BacklogFilter:
        """What is to be listed, of what the caller may know of."""
        fields = type(self).model_fields
        any_of = {
            fields[name].alias or name: [str(each) for each in cast("list[str]", value)]
            for name, value in self
            if isinstance(value, list) and value and name not in _NO_FILTERS
        }
        return BacklogFilter(
            any_of=any_of,
            date_from=self.date_from,
            date_to=self.date_to,
            amount_min=self.amount_min,
            amount_max=self.amount_max,
            text=self.q,
            kept_to=kept_to,
        )


class FixedPriceFilters(BacklogFilters):
    """What the fixed-price view is filtered by."""

    milestone_status: list[MilestoneStatus] | None = Field(
        None, description="Only parts of milestones with these statuses (D-12)."
    )


class SalesFilters(BacklogFilters):
    """What the time-and-material view is filtered by."""

    transaction_class: list[TransactionClass] | None = Field(None, alias="class")
    nte_status: list[NTEStatus] | None = None
    resource: Ids = None
    role: Ids = Field(None, description="Only what was done in these roles.")
    category: Ids = Field(None, description="Only what is of these categories.")


class BacklogQuery(BacklogFilters):
    """What both views are asked: filters, and which part of the list."""

    totals: bool = Field(False, description="Add totals over the whole filter.")
    limit: PageSize = 100
    cursor: Annotated[QueryText, Field(max_length=2000)] | None = Field(None, description=CURSOR)
    after: Position | None = Field(None, description=AFTER)
    sort: Sort | None = None
    seek: DateText | None = Field(None, description=SEEK)

    def page(self) -> PageRequest:
        """The page wanted."""
        return PageRequest(self.limit, self.cursor, in_one(self.sort), self.seek)


class FixedPriceQuery(BacklogQuery, FixedPriceFilters):
    """What the fixed-price view is asked."""

    facets: Annotated[list[FixedPriceFacet], BeforeValidator(separated)] = Field(
        default_factory=list[FixedPriceFacet], max_length=20, description=FACETS
    )
    sort: Annotated[Sort | None, sorted_by(list_fixed_price.sortable)] = None


class SalesQuery(BacklogQuery, SalesFilters):
    """What the time-and-material view is asked."""

    facets: Annotated[list[SalesFacet], BeforeValidator(separated)] = Field(
        default_factory=list[SalesFacet], max_length=20, description=FACETS
    )
    sort: Annotated[Sort | None, sorted_by(list_time_and_material.sortable)] = None
