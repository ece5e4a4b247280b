"""Whether the process runs, and whether it can be used."""

from fastapi import APIRouter, Response

from service.http import answers, readiness
from service.http.callers import TheTenant
from service.http.responses import ProblemRaised, json_response
from service.http.routers.strict_route import StrictRoute
from service.wire.problems import Problem

router = APIRouter(prefix="/health", tags=["Operations"], route_class=StrictRoute)


@router.get("/live", response_model=answers.Live)
async def live() -> Response:
    """The process runs."""
    return json_response({"status": "live"})


@router.get("/ready", response_model=answers.Ready)
async def ready(tenant: TheTenant) -> Response:
    """The history can be read, commits are confirmed and the views follow; 503 with what is not."""
    found = await readiness.look(tenant)
    if isinstance(found, Problem):
        raise ProblemRaised(found)
    reached, history = found
    return json_response({"status": "ready", "position": reached, "lag": history - reached})
