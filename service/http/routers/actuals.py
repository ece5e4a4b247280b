"""The actuals: what approvals have become, and what invoices book."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from aggregates.statuses import ActualType, Cause
from projections.views import actuals as actual_views
from projections.views.actuals import Accounted, Actual
from projections.views.resource import Page
from service.access.principals import Keeps, Scope
from service.http.listings import Ids, Listing, any_of, listing_by
from service.http.reading import TheReading
from service.http.responses import gives, list_response
from service.http.routers.routes import Routes
from service.wire.fields import DateText

routes = Routes("/v1", "Actuals")

AccountingFrom = Annotated[
    DateText | None, Query(description="Only what is accounted on this day or later.")
]
AccountingTo = Annotated[
    DateText | None, Query(description="Only what is accounted on this day or before.")
]
TheActuals = Annotated[Listing, Depends(listing_by(actual_views.ACTUALS_BY))]


@routes.get("/actuals", Scope.INVOICES_READ, Keeps.TO_BOTH, responses=gives(Page[Actual]))
async def list_actuals(
    request: Request,
    reading: TheReading,
    listing: TheActuals,
    contract_id: Ids = None,
    line_id: Ids = None,
    approval_id: Ids = None,
    invoice_id: Ids = None,
    item_id: Ids = None,
    actual_type: Annotated[list[ActualType] | None, Query(alias="type")] = None,
    cause: Annotated[
        list[Cause] | None, Query(description="Only what was booked for these reasons (D-110).")
    ] = None,
    accounting_from: AccountingFrom = None,
    accounting_to: AccountingTo = None,
) -> Response:
    """Unbilled sales, reversals and billed sales, in the order they were booked (D-45, D-110).

    So that what an approval has become reads from its recording to what was billed and corrected.
    """
    matching = any_of(
        contract_id=contract_id,
        line_id=line_id,
        approval_id=approval_id,
        invoice_id=invoice_id,
        item_id=item_id,
        type=actual_type,
        cause=cause,
    )
    accounted = Accounted(accounting_from, accounting_to)
    page, position = await reading.of(
        actual_views.list_actuals, matching, listing.page(), accounted
    )
    return list_response(request, page, position)
