"""A route that refuses what its endpoint does not know, and looks only at what was sent.

FastAPI takes endpoints apart and documents them. Answering is ours: FastAPI looks for every
parameter that an endpoint could take in every request, which costs several times the rest of a
request that sends two of twenty (docs/performance.md).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast, get_args, get_origin

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from service.http.bodies import json_of, media_type
from service.http.reading import reading_of
from service.http.responses import ProblemRaised
from service.threads import in_thread
from service.wire.problems import Problem, invalid_fields

Values = dict[str, Any]
Errors = list[dict[str, Any]]
_MISSING = object()
_MOST_VALUES = 50_000
"""Values in a command's body: enough for three lists of 10,000 items."""
_LARGE_BODY = 32 * 1024
"""Bytes of a body that takes longer to read than other requests should have to wait."""
_NO_QUERY = QueryParams()


class StrictRoute(APIRoute):
    """Refuses unknown query parameters, other content types and lax JSON.

    Endpoints give responses; what they depend on are coroutines. Those take parameters of the path,
    the query and the headers, the endpoint also one body in JSON. A read begins once the views show
    what it is to see: it takes a thread only from there on.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        handle = self.get_route_handler()

        # Past what FastAPI wraps around every route: stacks for dependencies with an end, which we
        # have none of, and a catcher of errors, which the application has one of, too.
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await handle(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = _Function(self.dependant)
        known = endpoint.all_queries()
        reading = next((d.name for d in endpoint.dependencies if d.call is reading_of), None)
        is_coroutine = inspect.iscoroutinefunction(endpoint.call)

        async def handle(request: Request) -> Response:
            query = request.query_params if request.scope["query_string"] else _NO_QUERY
            _check_query(query, known)
            sent = _Sent(request, query, _headers(request))
            if endpoint.body and (body := await request.body()):
                if media_type(sent.headers) != "application/json":
                    detail = "the body must be sent as application/json"
                    raise ProblemRaised(
                        Problem(status=415, code="unsupported_media_type", detail=detail)
                    )
                sent.body = (
                    json_of(body, _MOST_VALUES)
                    if len(body) < _LARGE_BODY
                    else await in_thread(json_of, body, _MOST_VALUES)
                )
            values, errors = await endpoint.values(sent)
            if errors:
                raise RequestValidationError(errors)
            if reading:
                await values[reading].wait(request)
            if is_coroutine:
                return await endpoint.call(**values)
            return await in_thread(endpoint.call, **values)

        return handle


def _check_query(query: Mapping[str, str], known: set[str]) -> None:
    """Raises ProblemRaised when the query has what the endpoint does not know, or a NUL."""
    wrong = {name: "is not a known query parameter" for name in query if name not in known}
    wrong = wrong or {name: "has a NUL" for name, value in query.items() if "\x00" in value}
    if wrong:
        raise ProblemRaised(invalid_fields(list(wrong.items())))


def _headers(request: Request) -> Mapping[str, str]:
    """The headers by their names in lower case; of several of one name, the first."""
    raw = reversed(request.scope["headers"])
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}


class _Field(Protocol):
    """A parameter, as FastAPI has taken it from a signature."""

    name: str
    alias: str
    field_info: Any

    def get_default(self) -> Any: ...

    def validate(self, value: Any, *, loc: tuple[str, ...]) -> tuple[Any, Errors]: ...


@dataclass(slots=True)
class _Sent:
    """What came with a request, and what the functions for it have come to so far."""

    request: Request
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    body: Any = _MISSING
    known: dict[object, Any] = field(default_factory=dict[object, Any])


class _Function:
    """An endpoint, or something it depends on, and what it takes."""

    def __init__(self, dependant: Dependant) -> None:
        self.call = cast("Callable[..., Any]", dependant.call)
        self.name = dependant.name or ""
        self.request = dependant.request_param_name
        self.dependencies = [_Function(each) for each in dependant.dependencies]
        self.path = _declared("path", dependant.path_params)
        self.query = _declared("query", dependant.query_params)
        self.headers = _declared("header", dependant.header_params)
        self.body = _declared("body", dependant.body_params)
        for each in self.dependencies:
            if not inspect.iscoroutinefunction(each.call):
                raise TypeError(f"{each.call!r} is no coroutine function")

    def all_queries(self) -> set[str]:
        """The names of all query parameters that it takes, or what it depends on."""
        own = set(self.query.by_alias) if self.query else set[str]()
        return own.union(*(each.all_queries() for each in self.dependencies))

    async def values(self, sent: _Sent) -> tuple[Values, Errors]:
        """What it is to be called with, and what is wrong with that."""
        values: Values = {}
        errors: Errors = []
        for dependency in self.dependencies:
            if dependency.call not in sent.known:
                inner, wrong = await dependency.values(sent)
                if wrong:
                    errors += wrong
                    continue
                sent.known[dependency.call] = await dependency.call(**inner)
            values[dependency.name] = sent.known[dependency.call]
        if self.path:
            self.path.take(sent.request.path_params, values, errors)
        if self.query:
            self.query.take(sent.query, values, errors)
        if self.headers:
            self.headers.take(sent.headers, values, errors)
        if self.body:
            self.body.take_whole(sent.body, values, errors)
        if self.request:
            values[self.request] = sent.request
        return values, errors


class _Parameters:
    """The parameters that a function takes from one place: the path, the query, the headers."""

    def __init__(self, place: str, declared: list[Any]) -> None:
        self._place = place
        fields = cast("list[_Field]", declared)
        self.by_alias = {_sent_as(place, each): each for each in fields}
        self._lists = {alias for alias, each in self.by_alias.items() if _is_list(each)}
        self._required = [
            alias for alias, each in self.by_alias.items() if each.field_info.is_required()
        ]
        self._defaults = {
            each.name: each.get_default() for each in fields if not each.field_info.is_required()
        }

    def take(self, sent: Mapping[str, Any], values: Values, errors: Errors) -> None:
        """Adds to `values` what was sent, checked, or to `errors` what is wrong with it."""
        values.update(self._defaults)
        for alias in self._required:
            if alias not in sent:
                errors.append(self._missing(self.by_alias[alias].alias))
        for alias in sent:
            field = self.by_alias.get(alias)
            if field:
                many = alias in self._lists
                value = cast("Any", sent).getlist(alias) if many else sent[alias]
                loc = (self._place, field.alias)
                values[field.name], wrong = field.validate(value, loc=loc)
                errors += wrong

    def take_whole(self, sent: Any, values: Values, errors: Errors) -> None:
        """As `take`, for what is the only one in its place."""
        values.update(self._defaults)
        (field,) = self.by_alias.values()
        if sent is not _MISSING:
            values[field.name], wrong = field.validate(sent, loc=(self._place,))
            errors += wrong
        elif self._required:
            errors.append(self._missing())

    def _missing(self, *names: str) -> dict[str, Any]:
        return {"loc": (self._place, *names), "msg": "Field required"}


def _declared(place: str, declared: list[Any]) -> _Parameters | None:
    return _Parameters(place, declared) if declared else None


def _sent_as(place: str, field: _Field) -> str:
    return field.alias.lower() if place == "header" else field.alias


def _is_list(field: _Field) -> bool:
    annotation = field.field_info.annotation
    parts: list[Any] = [annotation, *get_args(annotation)]
    return any(get_origin(part) is list for part in parts)
