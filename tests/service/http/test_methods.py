"""HEAD is GET without its body, and OPTIONS tells what a path knows."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from fastapi import FastAPI

from tests.service.http_caller import ROUTES, Caller, problem
from tests.service.listening import listening
from tests.service.sockets import ask
from tests.service.story import PATHS, STORY

READS = sorted({route.path for route in ROUTES if route.methods == {"GET"}} - {"/v1/stream"})
VARYING = {PATHS[step["operation"]][1] for step in STORY if step.get("varies")}
"""Where the answer is another each time, and so may be as long as it likes."""
EVERY = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


@pytest.fixture
async def root(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the service's root, in an office with a contract, an item and a milestone."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
        caller = Caller(http)
        await caller.contract()
        await caller.line()
        await caller.sales("ap-1", "10.00")
        await caller.get("/contracts/PC-1")
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_head_has_the_headers_of_get_and_no_body(
    root: httpx.AsyncClient, path: str, encoding: str
) -> None:
    path = path.format(
        contract_id="PC-1",
        line_id="L-1",
        item_id="x",
        milestone_id="x",
        invoice_id="x",
        job_id="x",
        code="x",
    )
    headers = {"Accept-Encoding": encoding}
    got, head = [await root.request(way, path, headers=headers) for way in ("GET", "HEAD")]
    assert head.status_code == got.status_code
    assert head.headers.pop("x-request-id") != got.headers.pop("x-request-id")
    assert int(head.headers["content-length"]) > 0
    if path in VARYING:
        del head.headers["content-length"], got.headers["content-length"]
    assert dict(head.headers) == dict(got.headers)
    assert head.content == b""


async def test_head_of_what_is_only_changed_or_not_there_is_refused_like_get(
    root: httpx.AsyncClient,
) -> None:
    assert (await root.head("/v1/events")).status_code == 405
    assert (await root.head("/v1/nothing")).status_code == 404
    assert (await root.head("/openapi.json")).status_code == 200
    assert (await root.head("/docs")).status_code == 200


def test_head_over_a_socket_leaves_the_connection_well(api: httpx.Client) -> None:
    for _ in range(3):
        head = api.head("/contracts")
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) == len(api.get("/contracts").content)


def test_head_of_the_stream_ends_and_takes_no_place(api: httpx.Client) -> None:
    for _ in range(3):
        head = api.head("/stream")
        assert head.status_code == 200
        assert head.headers["content-type"].startswith("text/event-stream")
        assert head.content == b""
    with listening(api):
        pass


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
async def test_options_tells_the_methods_of_a_path_and_so_does_405(
    root: httpx.AsyncClient, path: str
) -> None:
    known = {method for route in ROUTES if route.path == path for method in route.methods or ()}
    expected = known | {"OPTIONS"}
    if "GET" in known:
        expected.add("HEAD")
    response = await root.options(path)
    assert (response.status_code, response.content) == (204, b"")
    assert set(response.headers["allow"].split(", ")) >= expected
    refused = await root.request("QUERY", path)
    assert problem(refused, 405)
    assert refused.headers["allow"] == response.headers["allow"]


async def test_options_of_no_path_is_not_found(root: httpx.AsyncClient) -> None:
    assert problem(await root.options("/v1/nothing"), 404)


def test_options_of_the_server_tells_all_that_it_knows(api: httpx.Client) -> None:
    request = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    got = ask(str(api.base_url), request)
    assert got.status == 204
    headers = dict(line.split(": ", 1) for line in got.raw.decode().split("\r\n")[1:] if line)
    assert headers["allow"].split(", ") == EVERY
