"""Bodies that come gzipped, and bombs among them."""

import gzip
import json
import zlib

import httpx
import pytest
from fastapi import FastAPI

from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import contract_body
from tests.service.http_caller import problem

BODY = json.dumps(contract_body()).encode()
GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
EVENTS = {"Content-Type": "application/cloudevents-batch+json", "Content-Encoding": "gzip"}


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZip"])
async def test_a_gzipped_body_is_read_as_what_it_holds(
    http: httpx.AsyncClient, coding: str
) -> None:
    headers = {**GZIP, "Content-Encoding": coding}
    put = await http.put("/contracts/PC-1", content=gzip.compress(BODY), headers=headers)
    assert put.status_code == 201, put.text


async def test_a_gzipped_batch_that_comes_in_small_parts_is_taken_in(
    http: httpx.AsyncClient,
) -> None:
    packed = gzip.compress(json.dumps([{"specversion": "1.0"}] * 1_000).encode())

    async def parts():
        for at in range(0, len(packed), 7):
            yield packed[at : at + 7]

    posted = await http.post("/events", content=parts(), headers=EVENTS)
    assert posted.status_code == 200, posted.text
    assert len(posted.json()["results"]) == 1_000


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        gzip.compress(BODY)[:-1],
        gzip.compress(BODY) + b"x",
        gzip.compress(BODY) + gzip.compress(b" "),
        gzip.compress(BODY)[:20] + b"\xff" * 20,
        zlib.compress(BODY),
    ],
    ids=["plain", "cut off", "more", "two members", "damaged", "zlib"],
)
async def test_what_is_not_whole_gzip_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    put = await http.put("/contracts/PC-1", content=body, headers=GZIP)
    assert problem(put, 400)["code"] == "malformed_gzip"
    assert (await http.get("/contracts/PC-1")).status_code == 404


@pytest.mark.parametrize("size", [2 * 1024 * 1024, 15 * 1024 * 1024, 200 * 1024 * 1024])
@pytest.mark.parametrize("path", ["/events", "/backlog/mark"])
async def test_a_bomb_is_refused_whatever_it_holds(
    http: httpx.AsyncClient, path: str, size: int
) -> None:
    """By its ratio, long before it is as large as a body of events may be, or by its size."""
    bomb = gzip.compress(b" " * size)
    posted = await http.post(path, content=bomb, headers=EVENTS)
    assert problem(posted, 413)["code"] == "body_too_large"


async def test_what_comes_of_a_body_is_bounded_like_a_body(tenant: Tenant) -> None:
    app = create_app(Only(tenant), Settings(body_limit=len(BODY) - 1))
    async with _client(app) as http:
        put = await http.put("/contracts/PC-1", content=gzip.compress(BODY), headers=GZIP)
    assert problem(put, 413)["detail"] == f"the body has more than {len(BODY) - 1} bytes"


async def test_other_codings_are_refused_with_the_one_that_is_read(
    http: httpx.AsyncClient,
) -> None:
    for coding in ("br", "gzip, gzip", "deflate"):
        headers = {**GZIP, "Content-Encoding": coding}
        put = await http.put("/contracts/PC-1", content=BODY, headers=headers)
        assert problem(put, 415)["code"] == "unsupported_encoding"
        assert put.headers["accept-encoding"] == "gzip"


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost/v1")
