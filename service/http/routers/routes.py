"""The routes of one part of the API, which an app makes when it takes them in.

FastAPI looks a route through as it makes it, which is most of what making an app takes. With its
own routers that is done twice: where a route stands, and again for the app that includes it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import FastAPI

from service.http.guard import Asked, asking_for

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Routes:
    """Endpoints under a prefix, each with what FastAPI's decorator of the same name is told.

    Each says what it asks for: a scope, several of which one is enough, or `OPEN`. Raises TypeError
    for one that does not.
    """

    def __init__(self, prefix: str, tag: str) -> None:
        self._prefix, self._tag = prefix, tag
        self._adding: list[Callable[[FastAPI], object]] = []

    def add_to(self, app: FastAPI) -> None:
        """Adds them to an app, in the order they stand in."""
        for add in self._adding:
            add(app)

    def get(self, path: str, asked: Asked, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a GET."""
        return self._taking(FastAPI.get, path, asked, options)

    def post(self, path: str, asked: Asked, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a POST."""
        return self._taking(FastAPI.post, path, asked, options)

    def put(self, path: str, asked: Asked, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a PUT."""
        return self._taking(FastAPI.put, path, asked, options)

    def patch(self, path: str, asked: Asked, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a PATCH."""
        return self._taking(FastAPI.patch, path, asked, options)

    def delete(self, path: str, asked: Asked, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers a DELETE."""
        return self._taking(FastAPI.delete, path, asked, options)

    def _taking(
        self, decorated: Callable[..., Any], path: str, asked: Asked, options: dict[str, Any]
    ) -> Callable[[Endpoint], Endpoint]:
        options["dependencies"] = [*asking_for(asked), *options.get("dependencies", [])]
        options["tags"] = [self._tag, *options.get("tags", [])]

        def take(endpoint: Endpoint) -> Endpoint:
            self._adding.append(
                lambda app: decorated(app, self._prefix + path, **options)(endpoint)
            )
            return endpoint

        return take
