"""Who works in the browser."""

from fastapi import Request, Response

from service.http.guard import OPEN
from service.http.responses import json_response
from service.http.routers.routes import Routes
from service.tenants.names import DEFAULT

routes = Routes("/ui", "Web interface")
_UNKEPT = {"Cache-Control": "no-store"}


@routes.get("/session", OPEN, include_in_schema=False)
async def get_session(request: Request) -> Response:
    """Who is signed in; where nobody is asked who they are, that, and the tenant they work in."""
    if request.app.state.authority is None:
        return json_response({"authentication": False, "tenant": DEFAULT}, headers=_UNKEPT)
    body: dict[str, object] = {"authentication": True, "signed_in": False, "ways": []}
    return json_response(body, headers=_UNKEPT)
