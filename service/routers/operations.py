"""Whether the process runs, and whether it can be used."""

from fastapi import APIRouter, Response

from service import answers
from service.problems import Problem
from service.routers.plumbing import ProblemRaised, TheTenant, json_response
from service.routers.strict_route import StrictRoute
from service.stored_form import UnknownEventType

router = APIRouter(prefix="/health", tags=["Operations"], route_class=StrictRoute)


@router.get("/live", response_model=answers.Live)
async def live() -> Response:
    """The process runs."""
    return json_response({"status": "live"})


@router.get("/ready", response_model=answers.Ready)
def ready(tenant: TheTenant) -> Response:
    """The history can be read and the views follow it; 503 with the reason otherwise."""
    reached, history = tenant.projector.position, tenant.ledger.position()
    failure = tenant.projector.failure
    if failure:
        why = failure if isinstance(failure, UnknownEventType) else "see the server's log"
        detail = f"the views stopped at position {reached} of {history}: {why}"
        raise ProblemRaised(Problem(status=503, code="projector_stopped", detail=detail))
    return json_response({"status": "ready", "position": reached, "lag": history - reached})
