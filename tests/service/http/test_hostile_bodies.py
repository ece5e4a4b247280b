"""Hostile bodies cost about what a well-formed one of their size does: time, memory, and answer."""

import json
import time
import tracemalloc
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from functools import lru_cache

import httpx
import pytest

from service.http.app import create_app
from service.http.routers.intake import MOST_EVENTS
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import BATCH, STRUCTURED, contract_body, event, line_body
from tests.service.http_caller import Caller, approval, problem

SETTINGS = Settings()
MOST = 5
"""Times the cost of a well-formed body that a hostile one of the same size may have."""
TRIES = 3
JSON = "application/json"
MARK = "/backlog/mark"
EVENTS = "/events"
LONGEST_RESULT = 1_000
LONGEST_PROBLEM = 64 * 1024


@pytest.fixture
async def http(sqlite_database: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a service in this process; which database it has makes no difference here."""
    tenant = Tenant(sqlite_database)
    app = create_app(Only(tenant), SETTINGS)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as client:
        yield client
    tenant.close()


def filled(start: str, parts: Iterable[str], end: str, size: int) -> bytes:
    """A text of about this many bytes: as many parts as it takes, with commas between."""
    taken: list[bytes] = []
    room = size - len(start) - len(end)
    for part in map(str.encode, parts):
        room -= len(part) + 1
        if room < 0:
            break
        taken.append(part)
    return start.encode() + b",".join(taken) + end.encode()


def repeated(start: str, part: str, end: str, size: int) -> bytes:
    """A text of about this many bytes: the same part again and again, with commas between."""
    number = (size - len(start) - len(end)) // (len(part.encode()) + 1)
    return (start + ",".join([part] * number) + end).encode()


def numbered(part: str) -> Iterable[str]:
    """Parts with `#` as their number."""
    return (part.replace("#", str(number)) for number in range(10_000_000))


@lru_cache(2)
def hostile(size: int) -> dict[str, bytes]:
    """Bodies of this size that somebody may send who wants to hold the service up."""
    half = size // 2
    return {
        "a field twice, at the end of many": filled("{", numbered('"#":1'), ',"0":2}', size),
        "a field twice among fewer": filled("{", numbered('"#":1'), ',"0":2}', size // 8),
        "one field many times": repeated("{", '"a":1', "}", size),
        "many fields": filled("{", numbered('"#":1'), "}", size),
        "many fields in an object": filled('{"data":{', numbered('"#":1'), "}}", size),
        "arrays within arrays": b"[" * half + b"]" * half,
        "arrays that are not closed": b"[" * size,
        "objects within objects": b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6),
        "arrays beside each other": repeated("[", "[]", "]", size),
        "objects beside each other": repeated('{"items":[', "{}", "]}", size),
        "numbers": repeated('{"items":[', "1", "]}", size),
        "names of items": repeated('{"status":"ready","items":[', '"a"', "]}", size),
        "a long number": b'{"items":' + b"9" * (size - 20) + b"}",
        "long numbers": repeated('{"items":[', "9" * 400, "]}", size),
        "a long decimal": b'{"items":0.' + b"1" * (size - 20) + b"}",
        "escapes": b'{"items":["' + rb"\u0041" * (size // 6 - 5) + b'"]}',
        "quotation marks": b'{"items":["' + rb"\"" * (half - 10) + b'"]}',
        "backslashes": b'{"items":["' + rb"\\" * (half - 10) + b'"]}',
        "halves of surrogate pairs": repeated('{"items":[', r'"\ud800"', "]}", size),
        "bytes that are no text": b'{"items":["' + b"\xff" * (size - 20) + b'"]}',
        "zeros": b"\x00" * size,
        "a byte order mark": b"\xef\xbb\xbf" * (size // 3),
        "spaces": b" " * size,
        "commas": b"," * size,
        "a long name": b'{"' + b"n" * (half - 10) + b'":1,"' + b"n" * (half - 10) + b'":2}',
        "wide characters": repeated('{"items":[', '"\U0001f600\U0001f600"', ",NaN]}", size),
        "roles": filled('{"chargeable":{"roles":{', numbered('"#":7'), "}}}", size),
        "classes": repeated('{"includes":[', '"x"', "]}", size),
        "customers": repeated('{"customers":[', '{"a":1,"b":2}', "]}", size),
    }


def marked(size: int) -> bytes:
    """A well-formed command of that size, with as many items as one may have."""
    items = [str(n).rjust(size // 10_000 - 10, "x") for n in range(10_000)]
    return json.dumps({"items": items, "status": "ready", "mode": "best_effort"}).encode()


def posted(size: int, prefix: str = "ap-") -> bytes:
    """A well-formed batch of about that size, of approvals with a short description."""
    number = size // (len(json.dumps(approval("again-10000"))) + 70)
    assert number <= MOST_EVENTS
    events = [approval(f"{prefix}{n}", description="d" * 40) for n in range(number)]
    return json.dumps(events).encode()


class Meter:
    """Sends bodies, and measures what they cost the process."""

    def __init__(self, http: httpx.AsyncClient, method: str, path: str, kind: str) -> None:
        self._http, self._method, self._path = http, method, path
        self.kind, self._headers = kind, {"content-type": kind}

    async def send(self, body: bytes) -> httpx.Response:
        return await self._http.request(
            self._method, self._path, content=body, headers=self._headers
        )

    async def timed(self, body: bytes) -> tuple[httpx.Response, float]:
        """The answer, and the processor time of this process that it took."""
        before = time.process_time()
        answer = await self.send(body)
        return answer, time.process_time() - before

    async def memory(self, body: bytes) -> int:
        """Bytes that were in use at most, beyond those before."""
        tracemalloc.start()
        try:
            await self.send(body)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a well-formed body costs: processor time at one size, memory at the same or another."""

    size: int
    seconds: float
    size_in_memory: int
    memory: int


async def assert_cheap(meter: Meter, most: Cost) -> None:
    """Others work on the machine, too: the best of some tries counts."""
    seconds, memory = MOST * most.seconds, MOST * most.memory
    single = meter.kind == STRUCTURED
    for what, body in hostile(most.size).items():
        answer, taken = await meter.timed(body)
        for _ in range(TRIES):
            if taken > seconds:
                answer, taken = await meter.timed(body)
        assert taken <= seconds, (what, taken, seconds)
        # A single event that is refused may come as a result or as a problem.
        assert answer.status_code in ({200, 400, 413, 422} if single else {400, 413, 422}), what
        assert len(answer.content) <= LONGEST_PROBLEM, what
    for what, body in hostile(most.size_in_memory).items():
        used = await meter.memory(body)
        assert used <= memory, (what, used, memory)


async def test_hostile_commands_cost_at_most_five_times_a_well_formed_one(
    http: httpx.AsyncClient,
) -> None:
    size = SETTINGS.body_limit - 100
    well_formed = marked(size)
    assert size * 0.8 < len(well_formed) <= SETTINGS.body_limit
    mark = Meter(http, "POST", MARK, JSON)
    answer, seconds = await mark.timed(well_formed)
    assert answer.status_code == 200
    most = Cost(size, seconds, size, await mark.memory(well_formed))
    await assert_cheap(mark, most)
    await assert_cheap(Meter(http, "PUT", "/contracts/PC-1/lines/L-1", JSON), most)


async def test_hostile_events_cost_at_most_five_times_a_well_formed_batch(
    http: httpx.AsyncClient,
) -> None:
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    size = SETTINGS.intake_body_limit // 16  # all of it takes minutes, and comes to the same
    meter = Meter(http, "POST", EVENTS, BATCH)
    quarter = size // 4  # being watched takes four times as long, and memory grows with the bytes
    first, second = posted(size), posted(quarter, "again-")
    assert size * 0.8 < len(first) <= size
    _, seconds = await meter.timed(first)
    most = Cost(size, seconds, quarter, await meter.memory(second))
    await assert_cheap(meter, most)
    await assert_cheap(Meter(http, "POST", EVENTS, STRUCTURED), most)


async def test_a_batch_of_more_than_10_000_events_is_refused_before_any_is_read(
    http: httpx.AsyncClient,
) -> None:
    caller = Caller(http)
    meter = Meter(http, "POST", EVENTS, BATCH)
    contract = event("contract", {"contract_id": "PC-1", **contract_body()}, "1")
    many = [
        json.dumps([contract, *[1] * MOST_EVENTS]).encode(),
        json.dumps([contract, *[{}] * 1_000_000]).encode(),
        json.dumps([contract, *[1] * MOST_EVENTS]).replace("]", ",NaN]").encode(),
        b"[" + b"1," * 1_000_000 + b"1]",
    ]
    for body in many:
        answer = await meter.send(body)
        assert problem(answer, 413)["code"] == "batch_too_large"
        assert str(MOST_EVENTS) in answer.json()["detail"]
    assert await caller.history() == []


async def test_answers_to_refused_events_stay_small_whatever_was_sent(
    http: httpx.AsyncClient,
) -> None:
    meter = Meter(http, "POST", EVENTS, BATCH)
    long = "x" * 5_000
    wrong = approval("ap-1")
    bad = [
        *[1, None, "text", [], {}, long, [long]],
        {**wrong, "id": long},
        {**wrong, "type": long},
        {**wrong, "source": long, "type": long},
        {**wrong, **{f"Wrong-{n}": 1 for n in range(1_000)}},
        {**wrong, long.upper(): 1},
        {**wrong, "data": {**wrong["data"], long[:900]: 1, long[:901]: 1, "date": 1}},
        {**wrong, "data": dict.fromkeys(wrong["data"], long)},
        event("line", {**line_body(), "contract_id": "C", "customers": [1] * 900}, "1"),
        {**wrong, "data": {"contract_id": long, "\x01" * 900: 1}},
    ]
    answer = await meter.send(json.dumps(bad).encode())
    for sent, result in zip(bad, answer.json()["results"], strict=True):
        assert result["outcome"] == "refused", sent
        size = len(json.dumps(result, ensure_ascii=False).encode())
        assert size <= LONGEST_RESULT, (size, result)
    whole = await meter.send(json.dumps([1] * MOST_EVENTS).encode())
    assert len(whole.content) <= MOST_EVENTS * 500
    for name in ('"' + "n" * 2_000 + '"', '"' + r"\u0001" * 500 + '"'):
        twice = f"[{{{name}:1,{name}:2}},1]"
        answer = await meter.send(twice.encode())
        assert len(answer.content) <= 2 * LONGEST_RESULT


async def test_bad_bytes_in_one_event_of_a_batch_have_no_say_in_the_others(
    http: httpx.AsyncClient,
) -> None:
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    good = [json.dumps(approval(f"ap-{n}")).encode() for n in range(2)]
    bytes_of_no_text = [good[0].replace(b"ap-0", bad) for bad in (b"\xff", b"\xed\xa0\x80")]
    bad = [*bytes_of_no_text, b"[" * 500 + b"]" * 500]
    body = b"[" + b",".join([good[0], *bad, good[1]]) + b"]"
    answer = await Meter(http, "POST", EVENTS, BATCH).send(body)
    outcomes = [result["outcome"] for result in answer.json()["results"]]
    assert outcomes == ["recorded", *["refused"] * 3, "recorded"]


async def test_what_is_nested_as_deep_as_allowed_is_read_and_deeper_refused(
    http: httpx.AsyncClient,
) -> None:
    """Never a 500: whatever is read first goes through all that reads it later, too."""
    meter = Meter(http, "POST", EVENTS, STRUCTURED)
    for depth in (90, 99, 101, 150, 500, 900, 990, 5_000):
        deep = "[" * depth + "]" * depth
        text = json.dumps(approval("ap-1", note=0)).replace('"note": 0', f'"note": {deep}')
        answer = await meter.send(text.encode())
        assert answer.status_code < 500, depth
        assert ("deep" in answer.text or answer.status_code == 400) is (depth > 98), depth


async def test_thousands_of_wrong_fields_are_named_by_a_hundred(http: httpx.AsyncClient) -> None:
    line = Meter(http, "PUT", "/contracts/PC-1/lines/L-1", JSON)
    body = {**line_body(), "customers": [{"customer_id": 1}] * 1_000}
    answer = problem(await line.send(json.dumps(body).encode()), 422)
    assert len(answer["errors"]) == 100
    assert "1000 fields" in answer["detail"]
    query = await http.get("/contracts?" + "&".join(f"wrong{n}=1" for n in range(1_000)))
    assert len(problem(query, 422)["errors"]) == 100
    mark = Meter(http, "POST", MARK, JSON)
    items = {"items": [5] * 10_000, "status": "ready"}
    assert len(problem(await mark.send(json.dumps(items).encode()), 422)["errors"]) == 100
