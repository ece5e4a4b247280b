"""The routes of one part of the API, which are made when an app is.

FastAPI looks a route through as it makes it, which is most of what making an app takes. With a
router for each part that is done twice: where a route stands, and again for the app that includes
it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, params

from service.access.principals import KEEPS_TO_NOTHING, Keeps
from service.http.guard import Asked, asking_for

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Routes:
    """Endpoints under a prefix, each with what the router's decorator of the same name is told.

    Each says what it asks for: a scope, several of which one is enough, or `OPEN`. Raises TypeError
    for one that does not. What it `keeps` to lets in tokens that are restricted to that; one that
    does not say lets in none of them.
    """

    def __init__(self, prefix: str, tag: str) -> None:
        self._prefix, self._tag = prefix, tag
        self._adding: list[Callable[[APIRouter], object]] = []

    def add_to(self, router: APIRouter) -> None:
        """Makes them and adds them to a router, in the order they stand in."""
        for add in self._adding:
            add(router)

    def get(
        self, path: str, asked: Asked, keeps: Keeps = KEEPS_TO_NOTHING, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a GET."""
        return self._taking(APIRouter.get, path, asking_for(asked, keeps), options)

    def post(
        self, path: str, asked: Asked, keeps: Keeps = KEEPS_TO_NOTHING, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a POST."""
        return self._taking(APIRouter.post, path, asking_for(asked, keeps), options)

    def put(
        self, path: str, asked: Asked, keeps: Keeps = KEEPS_TO_NOTHING, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a PUT."""
        return self._taking(APIRouter.put, path, asking_for(asked, keeps), options)

    def patch(
        self, path: str, asked: Asked, keeps: Keeps = KEEPS_TO_NOTHING, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a PATCH."""
        return self._taking(APIRouter.patch, path, asking_for(asked, keeps), options)

    def delete(
        self, path: str, asked: Asked, keeps: Keeps = KEEPS_TO_NOTHING, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a DELETE."""
        return self._taking(APIRouter.delete, path, asking_for(asked, keeps), options)

    def _taking(
        self,
        decorated: Callable[..., Any],
        path: str,
        asking: list[params.Security],
        options: dict[str, Any],
    ) -> Callable[[Endpoint], Endpoint]:
        options["dependencies"] = [*asking, *options.get("dependencies", [])]
        options["tags"] = [self._tag, *options.get("tags", [])]

        def take(endpoint: Endpoint) -> Endpoint:
            self._adding.append(
                lambda router: decorated(router, self._prefix + path, **options)(endpoint)
            )
            return endpoint

        return take
