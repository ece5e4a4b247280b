"""The page of the web interface, and the files that it loads.

All addresses under /ui/ have the one page, for what is shown stands in the address, and the page
reads it. Its files have the digest of all of them in their addresses, and never change under one.
"""

import hashlib
from collections.abc import Callable, Coroutine
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from service.http.responses import ProblemRaised
from service.http.server.safe_headers import INTERFACE
from service.http.ui.assets import ENTRY, Assets
from service.watching.asked import at_hand
from service.wire.problem.problems import Problem

_FIRST_SCREEN = "hub"
"""What /ui/ shows."""
_SCREEN = "screens/{name}.js"
_FOR_EVER = "public, max-age=31536000, immutable"
_Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class Page:
    """The page for one screen: the template, with where the files are and which to load ahead."""

    def __init__(self, assets: Assets, root_path: str, screen: str) -> None:
        base = escape(f"{root_path}/ui/assets/{assets.digest}")
        preloads = "\n    ".join(
            f'<link rel="modulepreload" href="{base}/{escape(module)}">'
            for module in assets.loaded_by(ENTRY, _SCREEN.format(name=screen))
        )
        text = assets.template.replace("{{assets}}", base).replace("{{preloads}}", preloads)
        self.body = text.encode()
        # Weak: the same page may be sent compressed, too.
        self.etag = f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    def response(self, request: Request) -> Response:
        """The page, or that the browser has it already."""
        headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": INTERFACE,
            "ETag": self.etag,
        }
        known = request.headers.get("if-none-match", "").split(",")
        if self.etag.removeprefix("W/") in {tag.strip().removeprefix("W/") for tag in known}:
            return Response(status_code=304, headers=headers)
        return Response(self.body, headers=headers, media_type="text/html; charset=utf-8")


class Interface:
    """What is served of the web interface, behind a proxy's path or without one."""

    def __init__(self, assets: Assets, root_path: str) -> None:
        self.assets = assets
        names = [name.removeprefix("screens/") for name in assets.files if _is_screen(name)]
        screens = {name.removesuffix(".js") for name in names}
        self._pages = {screen: Page(assets, root_path, screen) for screen in {"", *screens}}

    def page(self, path: str) -> Page:
        """The page for an address, by what follows /ui/ in it."""
        screen = path.partition("/")[0] or _FIRST_SCREEN
        return self._pages.get(screen) or self._pages[""]


def _is_screen(name: str) -> bool:
    return name.startswith("screens/") and name.count("/") == 1 and name.endswith(".js")


# --- routes ------------------------------------------------------------------------------------


class Pages:
    """Addresses of a browser: Starlette's plain routes, for any query may stand in them."""

    def __init__(self) -> None:
        self._adding: list[tuple[str, _Endpoint]] = []

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router, in the order they stand in."""
        for path, endpoint in self._adding:
            router.add_route(path, endpoint, methods=["GET"], include_in_schema=False)

    def at(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        """An endpoint that answers GET there."""

        def take(endpoint: _Endpoint) -> _Endpoint:
            async def told(request: Request) -> Response:
                if asked := at_hand():
                    asked.route, asked.operation = path, endpoint.__name__
                return await endpoint(request)

            self._adding.append((path, told))
            return endpoint

        return take


routes = Pages()


@routes.at("/")
@routes.at("/ui")
async def get_start(_: Request) -> Response:
    """Leads to the web interface."""
    return RedirectResponse("/ui/", 307)


@routes.at("/ui/assets/{digest}/{path:path}")
async def get_asset(request: Request) -> Response:
    """A file of the web interface. Raises ProblemRaised (404) for one of another version."""
    interface: Interface = request.app.state.interface
    asked = request.path_params
    asset = interface.assets.files.get(asked["path"])
    if asset is None or asked["digest"] != interface.assets.digest:
        detail = "the web interface has no such file now: load the page again"
        headers = {"Cache-Control": "no-store"}
        raise ProblemRaised(Problem(status=404, code="not_found", detail=detail, headers=headers))
    headers = {"Cache-Control": _FOR_EVER}
    # The middleware around has left out what a client that takes no gzip says of it. Every client
    # takes a file as it lies there, so that needs no `Vary`.
    if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(asset.compressed, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)


@routes.at("/ui/{path:path}")
async def get_page(request: Request) -> Response:
    """The page, whatever screen the address is of."""
    interface: Interface = request.app.state.interface
    return interface.page(request.path_params["path"]).response(request)
