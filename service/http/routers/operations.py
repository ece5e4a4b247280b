"""Whether the process runs, and whether it can be used."""

from fastapi import Response

from service.http import readiness
from service.http.callers import TheTenant
from service.http.responses import ProblemRaised, gives, json_response
from service.http.routers.routes import Routes
from service.wire.outcomes import Live, Ready
from service.wire.problems import Problem

routes = Routes("/health", "Operations")


@routes.get("/live", responses=gives(Live))
async def get_liveness() -> Response:
    """The process runs."""
    return json_response(Live(status="live"))


@routes.get("/ready", responses=gives(Ready, problems=("commit_unconfirmed", "projector_stopped")))
async def get_readiness(tenant: TheTenant) -> Response:
    """The history can be read, commits are confirmed and the views follow; 503 with what is not."""
    found = await readiness.look(tenant)
    if isinstance(found, Problem):
        raise ProblemRaised(found)
    reached, history = found
    return json_response(Ready(status="ready", position=reached, lag=history - reached))
