"""The service against its own OpenAPI document: what a tool that reads it would send and expect."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from service.http.app import create_app
from service.http.openapi import openapi
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import contract_body, line_body
from tests.service.door import calling, guarded, token
from tests.service.http_caller import Caller, approval

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
SCHEMATHESIS = Path(sys.executable).with_name("st")
CONFIG = Path(__file__).with_name("schemathesis.toml")
TIMES = int(os.environ.get("SCHEMATHESIS_TIMES", "1"))
"""How many times as much is tried as in CI: `just schemathesis 10`."""
OPERATIONS: dict[str, Json] = {
    f"{method.upper()} {path}": operation
    for path, methods in openapi(create_app(None, Settings()))["paths"].items()
    for method, operation in methods.items()
}
REACHED = {"ContractDefined", "ContractLineDefined", "MilestoneSplit", "UnbilledSalesRecorded"}
"""Events that there must be once the links were followed, or they lead nowhere."""


SEEDS = range(1, 11)
"""Where following the links begins; the later ones only while not all is reached."""


def tried(app: FastAPI, key: str, phases: str, examples: int, seed: int = 1) -> str:
    """What schemathesis found in these phases with a key, empty for nothing."""
    with running(app) as address:
        command = [SCHEMATHESIS, "--no-color", "--config-file", CONFIG, "run"]
        bounds = [
            "--phases",
            phases,
            "--max-examples",
            str(examples * TIMES),
            "--seed",
            str(seed),
        ]
        done = subprocess.run(
            [
                *command,
                f"{address}/openapi.json",
                *bounds,
                "--header",
                f"Authorization: Bearer {key}",
            ],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "SCHEMATHESIS_FOLLOWS": "1" if phases == "stateful" else "",
                "SCHEMATHESIS_LONG": "1" if TIMES > 1 else "",
            },
        )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture
def app(tenant: Tenant) -> FastAPI:
    """The service, which asks who calls."""
    return guarded(Only(tenant))


@pytest.fixture
def key(tenant: Tenant) -> str:
    """The token of a key that opens everything."""
    return token(tenant)


@pytest.fixture
async def begun(app: FastAPI, key: str, tenant: Tenant) -> int:
    """An office that has begun to work, so that links lead on from every list; the position."""
    async with calling(app, key) as http:
        await begin(Caller(http))
    return tenant.ledger.position()


async def begin(caller: Caller) -> None:
    """Some of everything that an office works on."""
    await caller.call("PUT", "/contracts/PC-1", contract_body(), expect=201)
    for line_id, method in (("L-1", "time_and_material"), ("F-1", "fixed_price")):
        body = line_body(method=method)
        await caller.call("PUT", f"/contracts/PC-1/lines/{line_id}", body, expect=201)
    for name in ("A-1", "A-2"):
        await caller.mark(await caller.sales(name, "10.00"))
        await caller.draft()
    await caller.mark(await caller.sales("A-3", "10.00"))
    for _ in range(2):
        await caller.milestone("100.00", line_id="F-1")
    await caller.post(approval("A-4", line_id="L-2"))


def test_what_links_lead_to_never_fails_and_is_as_the_schema_says(
    begun: int, app: FastAPI, key: str, tenant: Tenant
) -> None:
    recorded = set[str]()
    for seed in SEEDS:
        assert tried(app, key, "stateful", 100, seed) == ""
        recorded |= {type(each.event).__name__ for each in tenant.ledger.read(begun, 100_000)}
        if recorded >= REACHED:
            break
    assert recorded >= REACHED


def test_whatever_the_schema_allows_or_forbids_is_answered_as_it_says(tmp_path: Path) -> None:
    tenant = Tenant(f"sqlite:///{tmp_path}/backlog.db")
    try:
        app = guarded(Only(tenant), read_wait=1.0)
        found = tried(app, token(tenant), "examples,coverage,fuzzing", 3)
        assert found == ""
    finally:
        tenant.close()


MAKING = [
    name for name in OPERATIONS if name.startswith(("PUT", "POST", "PATCH")) and "nte" not in name
]


@pytest.mark.parametrize("name", MAKING)
def test_what_is_made_or_changed_links_to_what_reads_it(name: str) -> None:
    links = [
        link
        for status, response in OPERATIONS[name]["responses"].items()
        if status.startswith("2")
        for link in response["links"].values()
    ]
    reads = {each["operationId"] for key, each in OPERATIONS.items() if key.startswith("GET")}
    assert any(link["operationId"] in reads for link in links)


def test_links_give_their_operations_every_parameter_that_they_must_have() -> None:
    by_id = {operation["operationId"]: operation for operation in OPERATIONS.values()}
    links = [
        link
        for operation in OPERATIONS.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert len(links) > 100
    for link in links:
        target = by_id[link["operationId"]]
        given = link.get("parameters", {}).keys()
        declared = {parameter["name"]: parameter for parameter in target.get("parameters", [])}
        must = {name for name, parameter in declared.items() if parameter["required"]}
        assert must <= given <= declared.keys(), link
        if "requestBody" in link:
            assert "requestBody" in target, link
