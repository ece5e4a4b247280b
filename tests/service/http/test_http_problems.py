"""Where the `type` of a problem document leads, and the rule that a refusal names."""

import subprocess
import sys

import httpx
import pytest

from tests.service.http_caller import Caller, approval, hold_against_its_model, problem


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller who has a contract with a limit, and a line on it."""
    caller = Caller(http)
    await caller.contract(nte_limit="100.00")
    await caller.line()
    return caller


async def test_the_type_of_a_problem_leads_to_what_it_means_and_what_helps(caller: Caller) -> None:
    missing = problem(await caller.http.get("/contracts/PC-9"), 404)
    response = await caller.http.get(f"http://localhost{missing['type']}")
    assert response.status_code == 200
    hold_against_its_model(response)
    kind = response.json()
    assert (kind["type"], kind["code"]) == ("/problems/contract-not-found", "contract_not_found")
    assert kind["status"] == [404]
    assert "no contract" in kind["means"]
    assert kind["helps"]
    as_code = await caller.http.get(f"http://localhost/problems/{missing['code']}")
    assert as_code.json() == kind


async def test_a_code_that_no_answer_carries_is_not_found(caller: Caller) -> None:
    for name in ("no-such", "NTE-FAILED", "nte failed", "%00", "x" * 100):
        body = problem(await caller.http.get(f"http://localhost/problems/{name}"), 404)
        assert body["code"] == "problem_not_found"


async def test_a_refusal_names_the_rule_of_the_call_and_of_each_item(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "150.00")
    body = {"items": [item, "nothing"], "status": "ready"}
    refused = problem(await caller.http.post("/backlog/mark", json=body), 409)
    assert (refused["code"], refused["rule"]) == ("items_refused", "D-27")
    failed, unknown = refused["errors"]
    assert (failed["code"], failed["rule"]) == ("nte_failed", "D-26")
    assert failed["detail"] == "exceeds the contract limit of 100.00 by 50.00"
    assert "rule" not in unknown


async def test_what_is_skipped_names_its_rule(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "50.00", billing_type="complimentary")
    answer = await caller.http.post("/backlog/nte/reset", json={"items": [item]})
    (skipped,) = answer.json()["skipped"]
    assert (skipped["code"], skipped["rule"]) == ("not_chargeable", "D-32")


async def test_a_field_names_its_rule_once_in_the_document_and_once_beside_it(
    caller: Caller,
) -> None:
    refused = await caller.contract("PC-2", expect=422, nte_limit="0.001")
    assert refused["rule"] == "D-1"
    assert [(e["field"], e["rule"]) for e in refused["errors"]] == [("nte_limit", "D-1")]
    assert "(" not in refused["detail"]


async def test_what_was_not_billable_names_its_rule_again_when_it_is_repeated(
    caller: Caller,
) -> None:
    await caller.line("L2", includes=["fee"])
    for outcome in ("not_billable", "duplicate"):
        (result,) = await caller.post(approval("ap-1", line_id="L2"))
        found = result["problem"]
        assert (result["outcome"], found["code"]) == (outcome, "class_not_included")
        assert found["rule"] == "D-22"
        assert found["detail"].endswith("billing type not_available")


def test_the_texts_are_not_read_at_a_start() -> None:
    script = (
        "from service.http.app import create_app\n"
        "from service.settings import Settings\n"
        "create_app(None, Settings())\n"
        "from service.wire.problem.problem_kinds import problem_kinds\n"
        "assert problem_kinds.cache_info().currsize == 0\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
