"""Paths behind a proxy that serves the API under a path of its own (`--root-path /billing`).

The proxy takes that path off; uvicorn puts it before the path of each request, as ASGI has it.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def own_path(scope: Scope) -> str:
    """The path of a request as routes name it, without that of the proxy."""
    return scope["path"].removeprefix(scope.get("root_path", ""))


class RootPath:
    """Says where something is (`Location`) by the path that callers know."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def located(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                where = headers.get("location", "")
                if where.startswith("/"):
                    headers["location"] = self._root_path + where
            await send(message)

        await self._app(scope, receive, located)
