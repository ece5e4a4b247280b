"""HEAD and OPTIONS, which HTTP wants of every path; routes have neither."""

from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.server.root_path import own_path


class HeadAndOptions:
    """Answers HEAD as GET without its body, and OPTIONS with the methods that a path knows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["type"] == "http" else ""
        if method == "OPTIONS" and (allowed := allowed_methods(scope)):
            answer = Response(status_code=204, headers={"Allow": ", ".join(allowed)})
            await answer(scope, receive, send)
        elif method == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            await self._app(scope, receive, send)


def allowed_methods(scope: Scope) -> list[str]:
    """The methods that the path of a request knows, those of all paths for `*`; none for no path.

    Several routes may have the path, with a method each.
    """
    path = own_path(scope)
    routes = iter_route_contexts(scope["app"].routes)
    matching = [route for route in routes if path == "*" or route.path_regex.match(path)]
    named = [route for route in matching if route.path == path]  # not as an id of something
    methods = {method for route in named or matching for method in route.methods or ()}
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods | {"OPTIONS"}) if methods else []


def _without_body(send: Send) -> Send:
    """Sends the head of an answer alone. Its body is not waited for: a stream would have no end."""
    has_ended = False

    async def send_head(message: Message) -> None:
        nonlocal has_ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not has_ended:
            has_ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_head
