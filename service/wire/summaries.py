"""What callers may ask of a summary of the backlog."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from projections.views.backlog.statements import View
from projections.views.backlog.sums.summary import VIEWS
from projections.views.paging import PageRequest
from service.wire.fields import PageSize, Position
from service.wire.queries import (
    AFTER,
    CURSOR,
    FixedPriceFilters,
    QueryText,
    SalesFilters,
    separated,
)

Dimension = Literal[
    "customer", "contract", "line", "project", "class", "month", "nte_status", "billing_status"
]
"""What a backlog can be summed up by (`summary.BY`)."""


class SummaryQuery(FixedPriceFilters, SalesFilters):
    """What a summary is asked. A filter that only one view has leaves the other one out."""

    by: Annotated[list[Dimension], BeforeValidator(separated)] = Field(
        default_factory=list[Dimension],
        max_length=3,
        description="What to sum up by, in this order, repeated or separated by commas. "
        "Without it there is one item for each currency and billing type.",
    )
    view: Literal["fixed-price", "time-and-material"] | None = Field(
        None, description="Only this view; both unless it is given."
    )
    limit: PageSize = 100
    cursor: Annotated[QueryText, Field(max_length=2000)] | None = Field(None, description=CURSOR)
    after: Position | None = Field(None, description=AFTER)

    def views(self) -> Sequence[View]:
        """The views that are looked at."""
        return list(VIEWS.values()) if self.view is None else [VIEWS[self.view]]

    def page(self) -> PageRequest:
        """The page wanted."""
        return PageRequest(limit=self.limit, cursor=self.cursor)
