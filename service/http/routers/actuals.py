"""The actuals: what approvals have become, and what invoices book."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from aggregates.statuses import ActualType
from projections.views import actuals as actual_views
from projections.views.actuals import Actual
from projections.views.resource import Page
from service.http.listings import Ids, Listing, any_of, listing_by
from service.http.reading import TheReading
from service.http.responses import gives, list_response
from service.http.routers.routes import Routes

routes = Routes("/v1", "Actuals")

TheActuals = Annotated[Listing, Depends(listing_by(actual_views.ACTUALS_BY))]


@routes.get("/actuals", responses=gives(Page[Actual]))
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
) -> Response:
    """Unbilled sales, reversals and billed sales, in the order they were recorded (D-45)."""
    matching = any_of(
        contract_id=contract_id,
        line_id=line_id,
        approval_id=approval_id,
        invoice_id=invoice_id,
        item_id=item_id,
        type=actual_type,
    )
    page, position = await reading.of(actual_views.list_actuals, matching, listing.page())
    return list_response(request, page, position)
