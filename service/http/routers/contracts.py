"""Contracts, contract lines, limits and milestones."""

from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Request, Response

from aggregates.contract_line.milestones import DeleteMilestone
from projections.views.contract import contracts as contract_views
from projections.views.contract import limits as limit_views
from projections.views.contract import listed_contracts
from projections.views.contract import performance as performance_views
from projections.views.contract.contracts import Contract, Line, Milestone
from projections.views.contract.limits import Limits
from projections.views.contract.listed_contracts import CONTRACTS_BY, ListedContract
from projections.views.contract.performance import Performance
from projections.views.resource import Page
from service.access.principals import Keeps, Scope
from service.handlers import contracts as handlers
from service.http.callers import TheChange, ThePost, TheTenant
from service.http.listings import Ids, Listing, Text, listing_by
from service.http.reading import TheReading
from service.http.responses import command_response, gives, list_response, one_response
from service.http.routers.routes import Routes
from service.wire import commands
from service.wire.outcomes import Done
from service.wire.requests import ContractBody, LineBody, MilestoneBody, MilestoneChanges

routes = Routes("/v1", "Contracts")

IN_CONTRACTS = "A text in the contract's id or name, or in the name of one of its customers."
INCLUDE = "Show what was invoiced, is on drafts, ready and not ready of each contract, too."

ContractId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
LineId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
MilestoneId = Annotated[str, Path(max_length=200)]
NO_CONTRACT, NO_LINE = ("contract_not_found",), ("contract_line_not_found",)
IN_BILLING = ("milestone_not_found", "milestone_completed", "milestone_in_billing")
TheContracts = Annotated[Listing, Depends(listing_by(CONTRACTS_BY))]


@routes.put(
    "/contracts/{contract_id}",
    Scope.CONTRACTS_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(
        Contract, also=201, problems=("contract_not_found", "currency_fixed", "customer_on_line")
    ),
)
def put_contract(
    contract_id: ContractId, body: ContractBody, tenant: TheTenant, command: TheChange
) -> Response:
    """Put a contract on the books, or change its terms."""
    define = commands.define_contract(contract_id, body)
    return command_response(handlers.define_contract(tenant, command, define))


@routes.get("/contracts", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(Page[ListedContract]))
async def list_contracts(
    request: Request,
    reading: TheReading,
    listing: TheContracts,
    q: Annotated[Text, Query(description=IN_CONTRACTS)] = None,
    customer_id: Ids = None,
    include: Annotated[list[Literal["performance"]] | None, Query(description=INCLUDE)] = None,
) -> Response:
    """The contracts; on demand each with how it performs (D-60), and sorted by that."""
    page, position = await reading.of(
        listed_contracts.list_contracts,
        listing.page(),
        text=q,
        customer_ids=customer_id or (),
        performance=bool(include),
    )
    return list_response(request, page, position)


@routes.get(
    "/contracts/{contract_id}",
    Scope.BACKLOG_READ,
    Keeps.TO_BOTH,
    responses=gives(Contract, problems=NO_CONTRACT),
)
async def get_contract(contract_id: ContractId, reading: TheReading) -> Response:
    """A contract."""
    found, position = await reading.of(contract_views.find_contract, contract_id)
    return one_response(found, "contract", contract_id, position)


@routes.get(
    "/contracts/{contract_id}/limits",
    Scope.BACKLOG_READ,
    Keeps.TO_BOTH,
    responses=gives(Limits, problems=NO_CONTRACT),
)
async def get_contract_limits(contract_id: ContractId, reading: TheReading) -> Response:
    """The not-to-exceed limits at every level: used and remaining (D-36)."""
    found, position = await reading.of(limit_views.limits, contract_id)
    return one_response(found, "contract", contract_id, position)


@routes.get(
    "/contracts/{contract_id}/performance",
    Scope.BACKLOG_READ,
    Keeps.TO_BOTH,
    responses=gives(Performance, problems=NO_CONTRACT),
)
async def get_contract_performance(contract_id: ContractId, reading: TheReading) -> Response:
    """How the contract performs, as a whole and by line (D-60)."""
    found, position = await reading.of(performance_views.performance, contract_id)
    return one_response(found, "contract", contract_id, position)


@routes.put(
    "/contracts/{contract_id}/lines/{line_id}",
    Scope.CONTRACTS_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(
        Line,
        also=201,
        problems=(*NO_CONTRACT, "billing_method_fixed", "customer_has_items", "total_too_large"),
    ),
)
def put_contract_line(
    contract_id: ContractId,
    line_id: LineId,
    body: LineBody,
    tenant: TheTenant,
    command: TheChange,
) -> Response:
    """Put a contract line on the books, or change its terms."""
    define = commands.define_line(line_id, body)
    return command_response(handlers.define_line(tenant, command, contract_id, define))


@routes.get(
    "/contracts/{contract_id}/lines/{line_id}",
    Scope.BACKLOG_READ,
    Keeps.TO_BOTH,
    responses=gives(Line, problems=NO_LINE),
)
async def get_contract_line(
    contract_id: ContractId, line_id: LineId, reading: TheReading
) -> Response:
    """A contract line, with what its milestones total and lack (D-15)."""
    found, position = await reading.of(contract_views.find_line, contract_id, line_id)
    return one_response(found, "contract_line", line_id, position)


@routes.post(
    "/contracts/{contract_id}/lines/{line_id}/milestones",
    Scope.CONTRACTS_WRITE,
    Keeps.TO_CONTRACTS,
    status_code=201,
    responses=gives(
        Milestone,
        status=201,
        problems=(*NO_CONTRACT, *NO_LINE, "not_fixed_price", "total_too_large"),
    ),
)
def create_milestone(
    contract_id: ContractId,
    line_id: LineId,
    body: MilestoneBody,
    tenant: TheTenant,
    command: ThePost,
) -> Response:
    """Create a milestone on a fixed-price line; it is split at once (D-10)."""
    identity = handlers.milestone_id(command, contract_id, line_id)
    create = commands.create_milestone(identity, body)
    answer = handlers.create_milestone(tenant, command, contract_id, line_id, create)
    return command_response(answer)


@routes.get(
    "/milestones/{milestone_id}",
    Scope.BACKLOG_READ,
    Keeps.TO_BOTH,
    responses=gives(Milestone, problems=("milestone_not_found",)),
)
async def get_milestone(milestone_id: MilestoneId, reading: TheReading) -> Response:
    """A milestone and its parts."""
    found, position = await reading.of(contract_views.find_milestone, milestone_id)
    return one_response(found, "milestone", milestone_id, position)


@routes.patch(
    "/milestones/{milestone_id}",
    Scope.CONTRACTS_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Milestone, problems=(*IN_BILLING, "total_too_large")),
)
async def change_milestone(
    milestone_id: MilestoneId, body: MilestoneChanges, tenant: TheTenant, command: TheChange
) -> Response:
    """Change a milestone that is not on a draft or posted; its parts follow (D-14)."""
    change = commands.change_milestone(milestone_id, body)
    return command_response(await handlers.change_milestone(tenant, command, change))


@routes.delete(
    "/milestones/{milestone_id}",
    Scope.CONTRACTS_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Done, problems=IN_BILLING),
)
async def delete_milestone(
    milestone_id: MilestoneId, tenant: TheTenant, command: TheChange
) -> Response:
    """Delete a milestone that is not on a draft or posted, with its parts (D-14)."""
    delete = DeleteMilestone(milestone_id=milestone_id)
    return command_response(await handlers.delete_milestone(tenant, command, delete))
