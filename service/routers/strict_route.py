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
from starlette.concurrency import run_in_threadpool

from service.problems import Problem, invalid_fields
from service.routers.plumbing import ProblemRaised, json_of, media_type

Values = dict[str, Any]
Errors = list[dict[str, Any]]
_MISSING = object()


class StrictRoute(APIRoute):
    """Refuses unknown query parameters, other content types and lax JSON.

    Endpoints give responses; what they depend on are coroutines. Those take parameters of the path,
    the query and the headers, the endpoint also one body in JSON.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = _Function(self.dependant)
        known = endpoint.all_queries()
        is_coroutine = inspect.iscoroutinefunction(endpoint.call)

        async def handle(request: Request) -> Response:
            if request.scope["query_string"]:
                _check_query(request, known)
            sent = _Sent(request)
            if endpoint.body and (body := await request.body()):
                if media_type(request) != "application/json":
                    detail = "the body must be sent as application/json"
                    raise ProblemRaised(
                        Problem(status=415, code="unsupported_media_type", detail=detail)
                    )
                sent.body = json_of(body)
            values, errors = await endpoint.values(sent)
            if errors:
                raise RequestValidationError(errors)
            if is_coroutine:
                return await endpoint.call(**values)
            return await run_in_threadpool(endpoint.call, **values)

        return handle


def _check_query(request: Request, known: set[str]) -> None:
    """Raises ProblemRaised when the query has what the endpoint does not know, or a NUL."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise ProblemRaised(
            invalid_fields([(name, "is not a known query parameter") for name in unknown])
        )
    wrong = [name for name, value in request.query_params.items() if "\x00" in value]
    if wrong:
        raise ProblemRaised(invalid_fields([(name, "has a NUL") for name in wrong]))


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
    body: Any = _MISSING
    known: dict[object, Any] = field(default_factory=dict[object, Any])

    def query(self) -> Mapping[str, Any]:
        return self.request.query_params

    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case; of several of one name, the first."""
        raw = reversed(self.request.scope["headers"])
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}


class _Function:
    """An endpoint, or something it depends on, and what it takes."""

    def __init__(self, dependant: Dependant) -> None:
        self.call = cast("Callable[..., Any]", dependant.call)
        self.name = dependant.name or ""
        self.request = dependant.request_param_name
        self.dependencies = [_Function(each) for each in dependant.dependencies]
        self.path = [_Parameter("path", each) for each in dependant.path_params]
        self.query = [_Parameter("query", each) for each in dependant.query_params]
        self.headers = [_Parameter("header", each) for each in dependant.header_params]
        self.body = [_Parameter("body", each) for each in dependant.body_params]
        for each in self.dependencies:
            if not inspect.iscoroutinefunction(each.call):
                raise TypeError(f"{each.call!r} is no coroutine function")

    def all_queries(self) -> set[str]:
        """The names of all query parameters that it takes, or what it depends on."""
        return {each.alias for each in self.query}.union(
            *(each.all_queries() for each in self.dependencies)
        )

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
            _take(self.path, sent.request.path_params, values, errors)
        if self.query:
            _take(self.query, sent.query(), values, errors)
        if self.headers:
            _take(self.headers, sent.headers(), values, errors)
        for parameter in self.body:
            parameter.take(sent.body, values, errors)
        if self.request:
            values[self.request] = sent.request
        return values, errors


class _Parameter:
    """A parameter: how it is called where it is sent, and how often it may come."""

    def __init__(self, place: str, declared: Any) -> None:
        self._field: _Field = declared
        info = self._field.field_info
        self.alias = self._field.alias.lower() if place == "header" else self._field.alias
        parts: list[Any] = [info.annotation, *get_args(info.annotation)]
        self.is_list = any(get_origin(part) is list for part in parts)
        self._name = self._field.name
        self._is_required: bool = info.is_required()
        self._default = None if self._is_required else self._field.get_default()
        self._loc = (place,) if place == "body" else (place, self._field.alias)

    def take(self, value: Any, values: Values, errors: Errors) -> None:
        """Adds the value, checked, to `values`, or what is wrong with it to `errors`."""
        if value is not _MISSING:
            values[self._name], wrong = self._field.validate(value, loc=self._loc)
            errors += wrong
        elif self._is_required:
            errors.append({"loc": self._loc, "msg": "Field required"})
        else:
            values[self._name] = self._default


def _take(
    parameters: list[_Parameter], sent: Mapping[str, Any], values: Values, errors: Errors
) -> None:
    for each in parameters:
        value = sent.get(each.alias, _MISSING)
        if each.is_list and value is not _MISSING:
            value = cast("Any", sent).getlist(each.alias)
        each.take(value, values, errors)
