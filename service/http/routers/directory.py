"""Customers, lines and milestones across all contracts, and what a text may mean."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from aggregates.statuses import BillingMethod, MilestoneStatus
from projections.views.contract.contracts import Line, Milestone
from projections.views.contract.customers import CUSTOMERS_BY, Customer
from projections.views.contract.customers import list_customers as customers
from projections.views.contract.lines_and_milestones import (
    LINES_BY,
    MILESTONES_BY,
    MilestonesAsked,
)
from projections.views.contract.lines_and_milestones import list_lines as lines
from projections.views.contract.lines_and_milestones import list_milestones as milestones
from projections.views.resource import Page
from projections.views.suggestions import Suggestions, suggest
from service.access.principals import Keeps, Scope
from service.http.listings import Ids, Listing, Text, any_of, listing_by
from service.http.reading import TheReading
from service.http.responses import gives, json_response, list_response
from service.http.routers.routes import Routes
from service.wire.fields import DateText
from service.wire.queries import QueryText

routes = Routes("/v1", "Contracts")

TheCustomers = Annotated[Listing, Depends(listing_by(CUSTOMERS_BY))]
TheLines = Annotated[Listing, Depends(listing_by(LINES_BY))]
TheMilestones = Annotated[Listing, Depends(listing_by(MILESTONES_BY))]
IN_NAMES = "A text in the id or the name, in any case."


@routes.get("/customers", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(Page[Customer]))
async def list_customers(
    request: Request,
    reading: TheReading,
    listing: TheCustomers,
    q: Annotated[Text, Query(description=IN_NAMES)] = None,
    contract_id: Ids = None,
) -> Response:
    """The customers whom contracts name, each with its newest name."""
    wanted = any_of(contract_id=contract_id)
    page, position = await reading.of(customers, wanted, listing.page(), text=q)
    return list_response(request, page, position)


@routes.get("/lines", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(Page[Line]))
async def list_lines(
    request: Request,
    reading: TheReading,
    listing: TheLines,
    q: Annotated[Text, Query(description=IN_NAMES)] = None,
    contract_id: Ids = None,
    project_id: Ids = None,
    customer_id: Ids = None,
    billing_method: Annotated[list[BillingMethod] | None, Query()] = None,
) -> Response:
    """The lines of all contracts, by contract."""
    wanted = any_of(
        contract_id=contract_id,
        project_id=project_id,
        customer_id=customer_id,
        billing_method=billing_method,
    )
    page, position = await reading.of(lines, wanted, listing.page(), text=q)
    return list_response(request, page, position)


@routes.get("/milestones", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(Page[Milestone]))
async def list_milestones(
    request: Request,
    reading: TheReading,
    listing: TheMilestones,
    q: Annotated[Text, Query(description=IN_NAMES)] = None,
    contract_id: Ids = None,
    line_id: Ids = None,
    project_id: Ids = None,
    customer_id: Ids = None,
    milestone_status: Annotated[list[MilestoneStatus] | None, Query()] = None,
    date_from: DateText | None = None,
    date_to: DateText | None = None,
) -> Response:
    """The milestones of all contracts with their parts, by date."""
    wanted = any_of(
        contract_id=contract_id,
        line_id=line_id,
        project_id=project_id,
        customer_id=customer_id,
        status=milestone_status,
    )
    asked = MilestonesAsked(any_of=wanted, date_from=date_from, date_to=date_to, text=q)
    page, position = await reading.of(milestones, asked, listing.page())
    return list_response(request, page, position)


@routes.get("/suggest", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(Suggestions))
async def list_suggestions(
    reading: TheReading,
    q: Annotated[QueryText, Query(min_length=1, max_length=200, description=IN_NAMES)],
) -> Response:
    """What a text may mean: contracts, customers, projects, resources, invoices by number."""
    found, position = await reading.of(suggest, q)
    found.position = position
    return json_response(found)
