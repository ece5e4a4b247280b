"""What the kinds of problems mean: where the `type` of a problem document leads."""

from typing import Annotated

from fastapi import Path, Response

from aggregates.refusals import NotFound
from service.http.guard import OPEN
from service.http.responses import gives, json_response
from service.http.routers.routes import Routes
from service.threads import in_thread
from service.wire.problem.problem_kinds import ProblemKind, find_problem_kind

routes = Routes("/problems", "Problems")

Code = Annotated[
    str,
    Path(max_length=100, description="As in `code` (`nte_failed`) or in `type` (`nte-failed`)."),
]


@routes.get("/{code}", OPEN, responses=gives(ProblemKind, problems=("problem_not_found",)))
async def get_problem(code: Code) -> Response:
    """What a code of a problem document means, what helps, and which rules say so."""
    found = await in_thread(find_problem_kind, code)
    if found is None:
        raise NotFound("problem", code)
    return json_response(found)
