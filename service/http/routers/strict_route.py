"""A route that refuses strangers, and what its endpoint does not know: queries, types, lax JSON.

FastAPI documents `get_route_handler` and a `Request` of one's own for this. All else is FastAPI's:
what endpoints take and depend on, security, cookies, forms, what they give back, streams.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from fastapi import Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from service.http.bodies import json_of, media_type
from service.http.callers import plain_call
from service.http.guard import admitted, asked_of
from service.http.responses import ProblemRaised
from service.threads import in_thread
from service.watching.asked import at_hand
from service.wire.problem.problems import Problem, invalid_fields

Endpoint = TypeVar("Endpoint", bound=Callable[..., Coroutine[Any, Any, Response]])
_MOST_VALUES = 100_000
"""Values in a command's body: enough for every field of 10,000 edits, or three lists of items."""
_LARGE_BODY = 32 * 1024
"""Bytes of a body that takes longer to read than other requests should have to wait."""


_plain_bodies: dict[Callable[..., Any], type[BaseModel]] = {}


def read_fast(body: type[BaseModel]) -> Callable[[Endpoint], Endpoint]:
    """Has plain calls of an endpoint read past FastAPI, which takes a third of a hot command.

    The endpoint takes the body, the tenant and the command, in this order; the rest has defaults.
    A call with a query or with anything wrong is FastAPI's, so that there is one way to refuse.
    """

    def keep(endpoint: Endpoint) -> Endpoint:
        _plain_bodies[endpoint] = body
        return endpoint

    return keep


class StrictRoute(APIRoute):
    """Refuses callers who may not, unknown query parameters, other content types and lax JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = _queries_of(self.dependant)
        asking = asked_of(self.dependencies)
        body, plain_body = self.body_field, _plain_bodies.get(self.endpoint)
        takes_json = body is not None and not isinstance(body.field_info, params.Form)
        # An endpoint that takes the request itself may read what it wants of it.
        reads_all = self.dependant.request_param_name is not None
        takes_nothing = body is None and not reads_all and "POST" in (self.methods or ())

        async def strictly(request: Request) -> Response:
            if asked := at_hand():
                asked.route, asked.operation = self.path_format, self.name
            if asking is not None:
                await admitted(request, asking)
            if request.scope["query_string"]:
                _check_query(request, known)
            request = _StrictRequest(request.scope, request.receive)
            if takes_json and await request.body():
                _check_content_type(request)
                if plain_body and (call := await plain_call(request, plain_body)):
                    return await self.endpoint(*call)
            elif takes_nothing and await request.body():
                _check_is_empty(await request.json())
            return await handle(request)

        return strictly


class _StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """What the body says. Raises ProblemRaised when that is not strict JSON, or too much."""
        body = await self.body()
        if len(body) < _LARGE_BODY:
            return json_of(body, _MOST_VALUES)
        return await in_thread(json_of, body, _MOST_VALUES)


def _check_content_type(request: Request) -> None:
    if media_type(request.headers) != "application/json":
        detail = "the body must be sent as application/json"
        raise ProblemRaised(Problem(status=415, code="unsupported_media_type", detail=detail))


def _check_is_empty(body: Any) -> None:
    """Raises ProblemRaised where a body says something to an endpoint that takes none."""
    if body is None or body == {}:
        return
    said = list(cast("dict[str, Any]", body)) if isinstance(body, dict) else ["body"]
    why = "is not known: this call takes no body"
    raise ProblemRaised(invalid_fields([(name, why) for name in said]))


def _queries_of(dependant: Dependant) -> set[str]:
    """The names of all query parameters that an endpoint takes, or what it depends on."""
    own = {
        name
        for field in dependant.query_params
        for name in _names_of(field.alias, field.field_info.annotation)
    }
    return own.union(*map(_queries_of, dependant.dependencies))


def _names_of(alias: str, kind: object) -> list[str]:
    """The names that a parameter is sent by: those of its fields, if it is a model."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return [alias]
    return [field.alias or name for name, field in kind.model_fields.items()]


def _check_query(request: Request, known: set[str]) -> None:
    """Raises ProblemRaised when the query has what the endpoint does not know, or a NUL."""
    query = request.query_params
    wrong = {name: "is not a known query parameter" for name in query if name not in known}
    wrong = wrong or {name: "has a NUL" for name, value in query.multi_items() if "\x00" in value}
    if wrong:
        raise ProblemRaised(invalid_fields(list(wrong.items())))
