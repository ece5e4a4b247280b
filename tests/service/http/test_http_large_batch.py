"""A batch of ten thousand with a hundred bad ones: the others are recorded, the hundred named."""

import json
import random
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from service.tenants.tenant import Tenant
from tests.office import BATCH, Json, contract_body, line_body
from tests.service.http_caller import approval

SIZE, BAD = 10_000, 100
CONTRACTS = [f"PC-{n}" for n in range(4)]
SEED = 20261102
Broken = tuple[str, str | None, str, str]
"""What is posted; the id, the problem's code and a part of its detail that come back."""


def good(number: int) -> Json:
    """An approval of a small amount, on one of the contracts."""
    return approval(f"ap-{number}", contract_id=CONTRACTS[number % 4], unit_price="0.50")


def with_data(number: int, **data: object) -> str:
    found = good(number)
    return json.dumps({**found, "data": {**found["data"], **data}})


def without(number: int, name: str) -> str:
    return json.dumps({key: value for key, value in good(number).items() if key != name})


def twice(number: int) -> str:
    return json.dumps(good(number)).replace('"quantity"', '"quantity": "1", "quantity"')


def broken(number: int) -> list[Broken]:
    """The event in each of the ways to be bad."""
    e, long_number = f"e-ap-{number}", "9" * 5_000
    return [
        (f"{number}", None, "invalid_fields", "event: must be a JSON object"),
        ('"a text"', None, "invalid_fields", "event: must be a JSON object"),
        (without(number, "id"), None, "invalid_fields", "id: is required"),
        (without(number, "type"), e, "invalid_fields", "type: is required"),
        (without(number, "data"), e, "invalid_fields", "data: must be a JSON object"),
        (json.dumps({**good(number), "type": "news"}), e, "unknown_event_type", "'news'"),
        (with_data(number, quantity="much"), e, "invalid_fields", "data.quantity"),
        (with_data(number, date="2026-02-30"), e, "invalid_fields", "data.date"),
        (with_data(number, line_id=None), e, "invalid_fields", "data.line_id"),
        (with_data(number, unit_price=0.5), e, "invalid_fields", "data.unit_price"),
        (with_data(number, task_id="T\x0b"), e, "invalid_fields", "data.task_id"),
        (with_data(number, unit_price="0.0000505"), e, "invalid_fields", "data.unit_price"),
        (with_data(number, currency="USD"), e, "invalid_fields", "data.currency"),
        (with_data(number, quantity=float("nan")), None, "malformed_json", "NaN"),
        (twice(number), None, "malformed_json", "'quantity' is given twice"),
        (with_data(number, tax="\ud800"), None, "malformed_json", "surrogate"),
        (f'{{"id": {long_number}}}', None, "invalid_fields", "id: is required"),
    ]


def a_batch() -> tuple[bytes, dict[int, Broken]]:
    """The batch as bytes, and where in it the bad ones are."""
    chance = random.Random(SEED)
    places = sorted(chance.sample(range(SIZE), BAD))
    ways = len(broken(0))
    bad = {place: broken(place)[n % ways] for n, place in enumerate(places)}
    elements = (bad[n][0] if n in bad else json.dumps(good(n)) for n in range(SIZE))
    return f"[{','.join(elements)}]".encode(), bad


@pytest.fixture
def post(api: httpx.Client) -> Callable[[bytes], Json]:
    """Posts a batch to a service with contracts and lines on the books."""
    for contract_id in CONTRACTS:
        assert api.put(f"/contracts/{contract_id}", json=contract_body()).status_code == 201
        line = api.put(f"/contracts/{contract_id}/lines/L-1", json=line_body())
        assert line.status_code == 201, line.text

    def post(body: bytes) -> Json:
        response = api.post("/events", content=body, headers={"content-type": BATCH})
        assert response.status_code == 200, response.text
        return response.json()

    return post


def test_a_batch_of_10_000_with_100_bad_ones_records_9_900_and_names_the_100(
    api: httpx.Client, post: Callable[[bytes], Json], tenant: Tenant
) -> None:
    body, bad = a_batch()
    answer = post(body)
    results = answer["results"]
    assert Counter(r["outcome"] for r in results) == {"recorded": SIZE - BAD, "refused": BAD}
    refused = {n: result for n, result in enumerate(results) if result["outcome"] == "refused"}
    assert refused.keys() == bad.keys()
    for n, (_, event_id, code, part) in bad.items():
        found = refused[n]["problem"]
        assert (refused[n]["id"], refused[n]["items"], found["code"]) == (event_id, [], code), n
        assert part in found["detail"], found
    recorded = [result for result in results if result["outcome"] == "recorded"]
    assert [r["id"] for r in recorded] == [f"e-ap-{n}" for n in range(SIZE) if n not in bad]

    tenant.wait_for(answer["position"], 30)
    asked = {"totals": "true", "limit": 1}
    shown = api.get("/backlog/time-and-material", params=asked).json()
    assert [total["count"] for total in shown["totals"]] == [SIZE - BAD]
    assert shown["totals"][0]["amount"] == f"{(SIZE - BAD) / 2:.2f}"
