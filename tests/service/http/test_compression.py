"""Large answers are compressed for those who take it; nothing else is."""

import gzip
from collections.abc import Iterable

import httpx
import pytest

from service.http.compression import SMALLEST
from tests.office import BATCH, contract_event
from tests.service.http_caller import Caller

NAME = "A contract with a name that is told in full in every row that there is of it"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller whose list of contracts is large."""
    found = Caller(http)
    await found.post(*(contract_event(f"C{number}", name=NAME) for number in range(100)))
    await found.get("/contracts", limit=1)
    return found


async def answer(caller: Caller, limit: int, *encodings: str) -> httpx.Response:
    """A list of so many contracts, as it comes over the wire."""
    headers = [("Accept-Encoding", encoding) for encoding in encodings]
    caller.http.headers.pop("Accept-Encoding", None)
    request = caller.http.build_request("GET", f"/contracts?limit={limit}", headers=headers)
    return await caller.http.send(request)


@pytest.mark.parametrize("accepts", ["gzip", "gzip, deflate", "br;q=1, GZIP;q=0.5", "GZip"])
async def test_a_large_answer_is_a_fraction_for_who_takes_gzip(
    caller: Caller, accepts: str
) -> None:
    plain = await answer(caller, 100, "identity")
    packed = await answer(caller, 100, accepts)
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) * 10 < len(plain.content)
    assert packed.content == plain.content
    for response in (plain, packed):
        assert response.headers["vary"] == "Accept-Encoding"
        assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "accepts",
    [
        (),
        ("identity",),
        ("gzip;q=0",),
        ("gzip; q=0.000, deflate",),
        ("br, gzip;q=0",),
        ("GZIP;Q=0",),
    ],
)
async def test_who_does_not_take_it_gets_all_as_it_is(
    caller: Caller, accepts: Iterable[str]
) -> None:
    plain = await answer(caller, 100, *accepts)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert int(plain.headers["content-length"]) == len(plain.content)


async def test_small_answers_are_left_alone(caller: Caller) -> None:
    answers = [await answer(caller, limit, "gzip") for limit in range(1, 100)]
    small = [response for response in answers if len(response.content) < SMALLEST]
    assert 0 < len(small) < len(answers)
    for response in answers:
        assert ("content-encoding" in response.headers) == (response not in small)
        assert ("vary" in response.headers) == (response not in small)


async def test_problems_are_compressed_like_all_json(caller: Caller) -> None:
    items = [f"C1~L1~{number}" for number in range(100)]
    body = {"items": items, "status": "ready"}
    response = await caller.http.post(
        "/backlog/mark", json=body, headers={"Accept-Encoding": "gzip"}
    )
    assert response.status_code == 409
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.json()["errors"]) == 100


async def test_an_etag_is_the_version_however_it_is_sent(caller: Caller) -> None:
    customers = [f"Customer-{number}" for number in range(100)]
    await caller.contract("PC-1", customers)
    tags: set[str] = set()
    for encoding in ("identity", "gzip"):
        response = await caller.http.get(
            "/contracts/PC-1",
            params={"after": caller.position},
            headers={"Accept-Encoding": encoding},
        )
        assert response.headers.get("content-encoding", "identity") == encoding
        tags.add(response.headers["etag"])
    (tag,) = tags
    await caller.contract("PC-1", customers, name="New", expect=200)
    response = await caller.http.put("/contracts/PC-1", json={}, headers={"If-Match": tag})
    assert response.status_code in {412, 422}


def test_over_a_socket_it_is_gzip_and_the_stream_never_is(api: httpx.Client) -> None:
    events = [contract_event(f"C{number}", name=NAME) for number in range(100)]
    posted = api.post("/events", json=events, headers={"content-type": BATCH}).json()
    params = {"after": posted["position"]}
    with api.stream("GET", "/contracts", params=params) as response:
        assert response.headers["content-encoding"] == "gzip"
        packed = b"".join(response.iter_raw())
    assert int(response.headers["content-length"]) == len(packed)
    assert gzip.decompress(packed).startswith(b'{"items":[')
    with api.stream("GET", "/stream", headers={"Accept-Encoding": "gzip"}) as response:
        assert "content-encoding" not in response.headers
        assert next(response.iter_raw()).startswith(b": listening\n")
