"""Whether the process runs, and whether it can be used."""

from fastapi import Request, Response

from service.http import readiness
from service.http.callers import TheShownTenant
from service.http.guard import OPEN
from service.http.responses import ProblemRaised, gives, json_response
from service.http.routers.routes import Routes
from service.wire.outcomes import Live, Ready
from service.wire.problem.problems import Problem

routes = Routes("/health", "Operations")
NOT_READY = ("commit_unconfirmed", "projector_stopped", "jobs_stopped", "stopping")


@routes.get("/live", OPEN, responses=gives(Live))
async def get_liveness() -> Response:
    """The process runs."""
    return json_response(Live(status="live"))


@routes.get("/ready", OPEN, responses=gives(Ready, problems=NOT_READY))
async def get_readiness(tenant: TheShownTenant, request: Request) -> Response:
    """The history can be read, commits are confirmed, views and jobs go on; or 503, with why."""
    draining = getattr(request.state, "draining", None)
    is_draining = draining is not None and draining.is_set()
    found = readiness.STOPPING if is_draining else await readiness.look(tenant)
    if isinstance(found, Problem):
        raise ProblemRaised(found)
    reached, history = found
    return json_response(Ready(status="ready", position=reached, lag=history - reached))
