"""Bad input over HTTP: each is a problem document that names the field, and nothing is stored."""

import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
import pytest

from tests.office import BATCH, STRUCTURED, Json, contract_body, line_body
from tests.service.http_caller import Caller, approval, problem

JSON = {"content-type": "application/json"}
MIB = 1024 * 1024


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract, a line of each method, a milestone, a ready item."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    await caller.line("FP", method="fixed_price")
    (item,) = await caller.sales("ap-1", "10.00")
    await caller.mark([item])
    return caller


def changed(body: Json, path: str, value: Any) -> Json:
    """The body with one field set; `...` takes the field out."""
    copied = json.loads(json.dumps(body))
    at, names = copied, path.split(".")
    for name in names[:-1]:
        at = at[int(name)] if name.isdigit() else at[name]
    if value is ...:
        del at[names[-1]]
    else:
        at[names[-1]] = value
    return copied


CONTRACT = ("PUT", "/contracts/PC-2", contract_body(("A", "B"), limit="1.00"))
LINE = ("PUT", "/contracts/PC-1/lines/L-9", line_body({"A": "50", "B": "50"}, limit="1.00"))
MILESTONE = (
    "POST",
    "/contracts/PC-1/lines/FP/milestones",
    {"name": "M", "amount": "1.00", "tax": "0.00", "date": "2026-10-15", "task_id": None},
)
FREE_MILESTONE = (*MILESTONE[:2], {**MILESTONE[2], "amount": "0.00"})
MARK = ("POST", "/backlog/mark", {"items": ["x"], "status": "ready", "mode": "best_effort"})
RESET = ("POST", "/backlog/nte/reset", {"items": ["x"]})
DRAFT = ("POST", "/invoices", {"contract_id": "PC-1", "cutoff": "2026-10-31"})
CONFIRM = ("POST", "/invoices/x/confirm", {"accounting_date": "2026-10-31"})

DECIMALS: list[Any] = [
    12.5,
    1,
    True,
    [],
    {},
    "",
    " 1",
    "1 ",
    "1,5",
    "+1",
    ".5",
    "1.",
    "1e3",
    "1E-3",
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "1_000",
    "\u0661",
    "9" * 10_000,
    "0." + "1" * 10_000,
    "9" * 13,
]
MONEY: list[Any] = [*DECIMALS, "1.001"]
NAMES: list[Any] = [..., None, "", 5, "x" * 201, "\x00", "\x1b\x9f", "\x7f"]
IDS: list[Any] = [..., None, "", 5, "a b", "a/b", "a~b", "ä", "a\n", "x" * 65]
FAR_YEARS = {"0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"}
"""Dates that confirming asks about itself: what is confirmed already is answered first (D-44)."""
DATES: list[Any] = [
    5,
    "",
    "2026-13-01",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "2026-1-1",
    "20261001",
    "2026-10-01T00:00:00Z",
    "2026-W01-1",
    "\u0662026-10-01",
]
FLAGS: list[Any] = ["true", 1, None]

TABLE: list[tuple[tuple[str, str, Json], str, list[Any]]] = [
    (CONTRACT, "name", NAMES),
    (CONTRACT, "currency", [..., None, "", "eur", "XXX", "ABC", "EURO", 5]),
    (CONTRACT, "nte_limit", [*MONEY, "-0.01"]),
    (CONTRACT, "customers", [..., None, [], {}, "A", ["A"]]),
    (CONTRACT, "customers.0.customer_id", IDS),
    (CONTRACT, "customers.1.nte_limit", [*MONEY, "-1"]),
    (CONTRACT, "unknown", [1]),
    (CONTRACT, "customers.0.unknown", [None]),
    (LINE, "name", NAMES),
    (LINE, "project_id", IDS),
    (LINE, "billing_method", [..., None, "", "fixed", 5]),
    (LINE, "contract_amount", MONEY),
    (LINE, "nte_limit", [*MONEY, "-1"]),
    (LINE, "schedule", ["", None, "monthly", "progress"]),
    (LINE, "includes", [None, "time", ["travel"], [None]]),
    (LINE, "customers", [..., None, [], {}]),
    (LINE, "customers.0.split_percent", [*DECIMALS, "49.99", "50.01", "-50"]),
    (LINE, "customers.0.rounding", FLAGS),
    (LINE, "customers.1.customer_id", [*IDS, "A", "C"]),
    (LINE, "chargeable", [[], "x", {"unknown": {}}, {"roles": {"r": "true"}}]),
    (LINE, "chargeable", [{"roles": []}, {"tasks": {"t": 1}}, {"tasks": {"a\x00": True}}]),
    (MILESTONE, "name", NAMES),
    (MILESTONE, "amount", [..., None, *MONEY]),
    (MILESTONE, "tax", MONEY),
    (FREE_MILESTONE, "tax", ["0.01", "-0.01"]),
    (MILESTONE, "date", [..., None, *DATES]),
    (MARK, "items", [..., None, [], "x", [5], [""], ["x" * 201], [None], ["a\x00"], ["a\n"]]),
    (MARK, "status", [..., None, "", "posted", "invoice_posted"]),
    (MARK, "mode", [None, "", "all"]),
    (MARK, "reason", [5, "x" * 4001]),
    (MARK, "dry_run", [True]),
    (RESET, "items", [..., None, [], "x", [5], [""]]),
    (RESET, "status", ["ready"]),
    (DRAFT, "contract_id", [each for each in IDS if each is not ... and each is not None]),
    (DRAFT, "cutoff", DATES),
    (DRAFT, "line_ids", ["L-1", [5], ["a b"]]),
    (DRAFT, "customer_ids", ["A", [None]]),
    (DRAFT, "items", ["x", [5], [""]]),
    (DRAFT, "dry_run", [True]),
    (CONFIRM, "accounting_date", [each for each in DATES if each not in FAR_YEARS]),
    (CONFIRM, "number", ["INV-1"]),
]


async def test_every_bad_field_is_named_and_nothing_is_stored(caller: Caller) -> None:
    before = caller.position
    for (method, path, body), field, values in TABLE:
        for value in values:
            response = await caller.http.request(method, path, json=changed(body, field, value))
            refused = problem(response)
            assert response.status_code == 422, (path, field, str(value)[:40], refused)
            named = [error["field"] for error in refused["errors"]]
            top = field.split(".")[0]
            if top == "items" and (value is ... or value is None):
                top = "body"  # for it is either items or matching
            assert any(name.split(".")[0] == top for name in named), (field, value, named)
            assert len(response.content) < 20_000
    await caller.nothing_happened(before)


EVENT_TABLE: list[tuple[str, list[Any]]] = [
    ("approval_id", IDS),
    ("contract_id", IDS),
    ("line_id", IDS),
    ("date", [..., None, *DATES]),
    ("quantity", [..., None, *DECIMALS, "0.1234567", "9" * 12]),
    ("billable_quantity", [*DECIMALS, "0.1234567", "-1"]),
    ("unit_price", [..., None, *DECIMALS, "0.1234567"]),
    ("tax", MONEY),
    ("currency", [..., None, "", "eur", "XXX", "USD", 5]),
    ("role", [5, "x" * 201]),
    ("task_id", [5, "x" * 201, "a\x00", "a\t", "\x85"]),
    ("description", [5, "x" * 4001]),
    ("billing_type", ["", "free", 5]),
]


async def test_every_bad_field_of_an_event_is_named_and_nothing_is_stored(
    caller: Caller,
) -> None:
    before = caller.position
    good = approval("bad", quantity="1000")["data"]
    cases = [(field, value) for field, values in EVENT_TABLE for value in values]
    events = [
        {**approval("bad", event_id=str(n)), "data": changed(good, field, value)}
        for n, (field, value) in enumerate(cases)
    ]
    for (field, value), result in zip(cases, await caller.post(*events), strict=True):
        assert (result["outcome"], result["items"]) == ("refused", []), (field, str(value)[:40])
        refused = result["problem"]
        named = {error["field"] for error in refused["errors"]}
        too_large = value == "9" * 12
        assert f"data.{field}" in named or too_large, (field, value, named)
    await caller.nothing_happened(before)


MALFORMED: list[bytes] = [
    b"{",
    b"",
    b"{'name': 1}",
    b'{"name": NaN}',
    b'{"name": Infinity}',
    b'{"name": "a", }',
    b'{"name": "\\ud800"}',
    b'{"name": "\xff"}',
    b'{"name": "a\x01"}',
    b'\xef\xbb\xbf{"name": 1}',
    '{"name": "x"}'.encode("utf-16"),
    b"[" * 100_000,
    b'{"name":' * 5_000 + b"1" + b"}" * 5_000,
    b'{} {"name": "x"}',
]


async def test_what_is_no_json_is_malformed_wherever_it_is_sent(caller: Caller) -> None:
    before = caller.position
    for method, path, _ in (CONTRACT, LINE, MILESTONE, MARK, RESET, DRAFT, CONFIRM):
        for body in filter(None, MALFORMED):
            response = await caller.http.request(method, path, content=body, headers=JSON)
            assert problem(response, 400)["code"] == "malformed_json", body[:40]
    for kind in (STRUCTURED, BATCH):
        for body in MALFORMED:
            response = await caller.http.post(
                "/events", content=body, headers={"content-type": kind}
            )
            assert response.status_code == 400 or b"refused" in response.content, body[:40]
    for body in (b"[]", b'"x"', b"null", b"1", b""):
        response = await caller.http.put("/contracts/PC-2", content=body, headers=JSON)
        assert problem(response, 422)["errors"][0]["field"] == "body"
    await caller.nothing_happened(before)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b"NaN", 400, None),
        (b"\xff", 400, None),
        (b'{"cutoff": null}', 422, "cutoff"),
        (b"[]", 422, "body"),
        (b"{}", 200, None),
    ],
)
async def test_a_call_that_takes_no_body_refuses_one_that_says_something(
    caller: Caller, body: bytes, status: int, field: str | None
) -> None:
    (drafted,) = (await caller.draft())["invoices"]
    path = f"/invoices/{drafted['invoice_id']}/refresh"
    answer = await caller.http.post(path, content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    if field:
        assert [error["field"] for error in problem(answer, 422)["errors"]] == [field]


async def test_a_field_given_twice_is_refused_by_name(caller: Caller) -> None:
    before = caller.position
    for method, path, body in (CONTRACT, LINE, MILESTONE, MARK, DRAFT):
        text = json.dumps(body)
        for name in body:
            twice = f'{{"{name}": {json.dumps(body[name])}, {text[1:]}'
            response = await caller.http.request(method, path, content=twice, headers=JSON)
            assert name in problem(response, 400)["detail"]
    await caller.nothing_happened(before)


async def test_a_number_of_10_000_digits_is_refused_by_field(caller: Caller) -> None:
    body = json.dumps(contract_body()).replace("null", "9" * 10_000, 1)
    response = await caller.http.put("/contracts/PC-2", content=body, headers=JSON)
    refused = problem(response, 422)
    assert refused["errors"][0]["field"] == "nte_limit"
    assert "string" in refused["detail"]


async def test_a_body_of_another_type_is_not_supported(caller: Caller) -> None:
    before = caller.position
    for method, path, body in (CONTRACT, LINE, MILESTONE, MARK, RESET, DRAFT, CONFIRM):
        for kind in (
            "text/plain",
            "application/xml",
            "application/jsonp",
            "",
            "multipart/form-data",
        ):
            response = await caller.http.request(
                method, path, content=json.dumps(body), headers={"content-type": kind}
            )
            problem(response, 415)
    await caller.nothing_happened(before)


async def test_ids_in_paths_are_held_to_the_same_characters(caller: Caller) -> None:
    before = caller.position
    for wrong in ("a b", "%00", "%ff", "a~b", "\u00e4", "x" * 65, "a%0A", "a%3Fb"):
        for path, body in (
            (f"/contracts/{wrong}", contract_body()),
            (f"/contracts/{wrong}/lines/L-1", line_body()),
            (f"/contracts/PC-1/lines/{wrong}", line_body()),
        ):
            refused = problem(await caller.http.put(path, json=body), 422)
            assert refused["errors"][0]["field"] in {"contract_id", "line_id"}
            problem(await caller.http.get(path), 422)
    await caller.nothing_happened(before)


async def chunks(size: int, first: bytes = b"") -> AsyncGenerator[bytes]:
    """A body of this size that nobody announces."""
    yield first
    for start in range(len(first), size, MIB // 4):
        yield b" " * min(MIB // 4, size - start)


@pytest.mark.parametrize("streamed", [False, True])
async def test_bodies_over_the_limit_are_too_large_announced_or_not(
    caller: Caller, streamed: bool
) -> None:
    before = caller.position
    content: Callable[[int], Any] = chunks if streamed else lambda size: b" " * size
    for method, path, _ in (CONTRACT, MARK, DRAFT, CONFIRM):
        response = await caller.http.request(method, path, content=content(MIB + 1), headers=JSON)
        problem(response, 413)
    for kind in (STRUCTURED, BATCH):
        headers = {"content-type": kind}
        response = await caller.http.post("/events", content=content(16 * MIB + 1), headers=headers)
        problem(response, 413)
    await caller.nothing_happened(before)


async def test_bodies_up_to_the_limit_are_taken(caller: Caller) -> None:
    body = json.dumps(contract_body()).encode()
    content = body + b" " * (MIB - len(body))
    response = await caller.http.put("/contracts/PC-2", content=content, headers=JSON)
    assert response.status_code == 201
    batch = json.dumps([approval("ap-2")]).encode()
    content = batch + b" " * (2 * MIB - len(batch))
    response = await caller.http.post("/events", content=content, headers={"content-type": BATCH})
    assert [r["outcome"] for r in response.json()["results"]] == ["recorded"]


async def test_commands_refuse_query_parameters_they_do_not_know(caller: Caller) -> None:
    before = caller.position
    for method, path, body in (CONTRACT, LINE, MILESTONE, MARK, RESET, DRAFT, CONFIRM):
        tried_first = path in {MARK[1], RESET[1], DRAFT[1], CONFIRM[1]}
        for name in ("as_of", "x") if tried_first else ("dry_run", "as_of", "x"):
            asked: Json = {name: "true"}
            refused = await caller.call(method, path, body, expect=422, **asked)
            assert [error["field"] for error in refused["errors"]] == [name]
    response = await caller.http.post("/events?dry_run=true", json={})
    assert problem(response, 422)["errors"][0]["field"] == "dry_run"
    await caller.nothing_happened(before)


@pytest.mark.parametrize("wrong", ["1_0", "+5", " 5", "5 ", "\u0665", "5.0", "1e1", "0x5", ""])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/contracts", "limit"),
        ("/contracts", "after"),
        ("/backlog/time-and-material", "limit"),
        ("/backlog/fixed-price", "after"),
        ("/backlog/summary", "limit"),
        ("/backlog/summary", "after"),
        ("/audit/events", "limit"),
        ("/intake/refused", "limit"),
        ("/jobs", "limit"),
        ("/stream", "after"),
    ],
)
async def test_only_plain_digits_are_a_whole_number(
    http: httpx.AsyncClient, path: str, name: str, wrong: str
) -> None:
    refused = problem(await http.get(path, params={name: wrong}), 422)
    (error,) = refused["errors"]
    assert error["field"] == name
    assert error["detail"] == "must be a whole number in plain digits, such as 25"
