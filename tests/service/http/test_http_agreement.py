"""The OpenAPI document and the service agree on what a parameter may be, and on methods."""

import datetime
import re
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.http.app import create_app
from service.http.openapi import openapi
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import Json, contract_body
from tests.service.http_caller import ROUTES, Caller, problem

DOCUMENT = openapi(create_app(None, Settings()))
CONTROLS = ["\x00", "\x01", "\t", "\n", "\x0b", "\x1f", "\x7f", "\x85"]
TEXTS = ["", "a", "\u00e4", "x" * 201, *CONTROLS, *(f"a{c}b" for c in CONTROLS), "a\n"]
DATES = [
    "0000-01-01",
    "0001-01-01",
    "0999-12-31",
    "1899-12-31",
    "1900-01-01",
    "1999-02-29",
    "2026-02-30",
    "2026-10-31",
    "2026-13-01",
    "2026-10-31\n",
    "2199-12-31",
    "2200-01-01",
    "9999-12-31",
    "02026-01-01",
    "\u0662026-10-01",
]
SORTS = ["-name", "date,-amount", "date,", "--date", "unknown", "version", "DATE", " date"]
NUMBERS = ["-1", "0", "1000", "1001", "1.5", str(2**63)]
VALUES = [*TEXTS, *DATES, *SORTS, *NUMBERS, "true", "ready", "time"]
OPAQUE = {"cursor", "after", "seek"}
"""Beside what the document can say, these depend on the list and on the history."""


@pytest.fixture
def app(sqlite_database: str) -> Generator[FastAPI]:
    """The service over a tenant on SQLite: parameters are looked at before any database is."""
    with closing(Tenant(sqlite_database)) as tenant:
        yield create_app(Only(tenant), Settings())


def allows(schema: Json, value: Any) -> bool:
    """Whether a schema of the document allows what stands for a value in a query or a header."""
    if "anyOf" in schema:
        return any(allows(each, value) for each in schema["anyOf"])
    if "$ref" in schema:
        return allows(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], value)
    kind = schema.get("type")
    if kind == "array" and schema.get("in_one"):
        return not value or all(allows(schema["items"], part) for part in value.split(","))
    if kind == "array":
        return allows(schema["items"], value)
    if kind == "integer":
        bounds = schema.get("minimum", -(2**70)), schema.get("maximum", 2**70)
        return bool(re.fullmatch("-?[0-9]+", value)) and bounds[0] <= int(value) <= bounds[1]
    if kind == "boolean":
        return value in {"true", "false", "1", "0"}
    return kind == "string" and allows_text(schema, value)


def allows_text(schema: Json, value: str) -> bool:
    is_day = False
    with suppress(ValueError):
        is_day = bool(datetime.date.fromisoformat(value))
    pattern = schema.get("pattern", "").removesuffix("$").removeprefix("^") or r"[\s\S]*"
    return (
        schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6)
        and bool(re.fullmatch(pattern, value))
        and value in schema.get("enum", [schema.get("const", value)])
        and (is_day or schema.get("format") != "date")
    )


def parameters(place: str, *methods: str) -> Iterator[tuple[str, str, Json]]:
    """The parameters of the document in this place, each with one method and path that take it.

    Those of the stream are left out: its answer has no end.
    """
    seen = set[str]()
    for path, operations in DOCUMENT["paths"].items():
        if path == "/v1/stream":
            continue
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                what = f"{method} {parameter}" if place == "header" else str(parameter)
                if parameter["in"] == place and method in methods and what not in seen:
                    seen.add(what)
                    yield method, re.sub(r"\{.*?\}", "x", path), parameter


def fields_refused(response: httpx.Response) -> set[str]:
    """The fields that a 422 names, by the first part of their paths."""
    errors: list[Json] = response.json().get("errors", []) if response.status_code == 422 else []
    return {str(error["field"]).split(".")[0].lower() for error in errors}


async def test_a_query_is_refused_exactly_where_the_document_says_so(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app)
    checked = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for _, path, parameter in parameters("query", "get"):
            name = parameter["name"]
            for value in VALUES:
                response = await http.get(path, params={name: value})
                refused = name in fields_refused(response)
                in_one = {"in_one": not parameter.get("explode", True)}
                allowed = allows(parameter["schema"] | in_one, value)
                assert response.status_code in {200, 404, 422}
                assert refused != allowed or (allowed and name in OPAQUE), (path, name, value)
                checked += 1
    assert checked > 1_000


async def test_if_match_is_refused_exactly_where_the_document_says_so(app: FastAPI) -> None:
    sent = [
        "",
        " ",
        "*",
        '"1"',
        '"0"',
        f'"{"9" * 40}"',
        '""',
        "1",
        '"x"',
        '"-1"',
        "**",
        '"1" ',
        "\t",
        '"1","2"',
        'W/"1"',
        '"1\n"',
    ]
    transport = httpx.ASGITransport(app=app)
    checked = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
        await Caller(http).contract("x")
        for method, path, parameter in parameters("header", "put", "patch", "delete", "post"):
            if parameter["name"].lower() != "if-match":
                continue
            body: Json | None = contract_body() if method == "put" else None
            body = {"name": "x"} if method == "patch" else body
            for value in sent:
                response = await http.request(
                    method,
                    f"http://localhost{path}",
                    json=body,
                    headers=[(b"if-match", value.encode())],
                )
                refused = response.status_code == 400
                # Spaces around a value are no part of it.
                assert refused != allows(parameter["schema"], value.strip()), (path, value)
                if refused:
                    assert problem(response)["code"] == "malformed_if_match"
                checked += 1
    assert checked >= 4 * len(sent)


async def test_headers_of_text_are_refused_exactly_where_the_document_says_so(
    app: FastAPI,
) -> None:
    transport = httpx.ASGITransport(app=app)
    wrong = set[str]()
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for method, path, parameter in parameters("header", "post", "get"):
            name = parameter["name"]
            if name.lower() == "if-match" or name.startswith("ce-"):  # those are read with an event
                continue
            for value in (*TEXTS, "north", "N", "a b", "x" * 41, "x" * 255, "x" * 256):
                header = (name.encode(), value.encode("latin-1"))
                response = await http.request(method, path, headers=[header])
                refused = name.lower() in fields_refused(response)
                if refused == allows(parameter["schema"], value):
                    wrong.add(f"{name}: {value!r}")
    assert wrong == set()


async def test_wrong_methods_are_told_every_method_of_the_path(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for path, operations in DOCUMENT["paths"].items():
            url = re.sub(r"\{.*?\}", "x", path)
            known = {method.upper() for method in operations}
            wrong = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "X"} - known
            if "GET" in wrong:
                wrong.add("HEAD")
            for method in sorted(wrong):
                response = await http.request(method, url)
                if response.status_code != 405:
                    continue
                allowed = response.headers["allow"].split(", ")
                assert sorted(set(allowed)) == allowed
                others = {m for route in ROUTES for m in matching(route.path_regex, url, route)}
                assert known <= set(allowed)
                assert set(allowed) - {"HEAD", "OPTIONS"} <= others | known, (method, url)
                if method != "HEAD":
                    assert problem(response)["code"] == "method_not_allowed"


def matching(regex: re.Pattern[str], url: str, route: Any) -> set[str]:
    """The methods of a route that the path matches as well."""
    return set(route.methods) if regex.match(url) else set()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/contracts/PC-1", "GET, HEAD, OPTIONS, PUT"),
        ("/v1/contracts/PC-1/lines/L-1", "GET, HEAD, OPTIONS, PUT"),
        ("/v1/milestones/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/v1/invoices", "GET, HEAD, OPTIONS, POST"),
        ("/v1/invoices/x", "DELETE, GET, HEAD, OPTIONS"),
        ("/v1/events", "OPTIONS, POST"),
        ("/v1/backlog/fixed-price", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
async def test_allow_lists_all_methods_of_a_path(app: FastAPI, path: str, allowed: str) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for method in ("TRACE", "LOCK"):
            response = await http.request(method, path)
            assert response.status_code == 405
            assert response.headers["allow"] == allowed
