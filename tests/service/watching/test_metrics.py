"""Figures at /metrics: what happened, how tenants stand, and no label without a bound."""

import re
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from aggregates.invoice.events import InvoiceNumberAssigned
from projections.tables import jobs
from service.http.app import create_app
from service.http.watching.metrics import Metrics
from service.ledger.conflicts_and_retries import ATTEMPTS, Conflict
from service.ledger.group_commit import Submission
from service.ledger.stream_kinds import SERIES
from service.ledger.unit_of_work import UnitOfWork
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.service.http_caller import Caller
from tests.service.office import CONTEXT, NOW
from tests.service.watching.reading_figures import Figures, figures


@pytest.fixture
def app(tenant: Tenant) -> FastAPI:
    """The service, whose tenant is watched as `serve` has it."""
    metrics = Metrics()
    metrics.watch(tenant)
    return create_app(Only(tenant), Settings(), metrics=metrics)


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller of a service with a contract and a line."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


def told(found: Figures, name: str, **labels: str) -> float:
    """One figure, 0.0 where it was never counted."""
    return found.get(f"billing_backlog_{name}", {}).get(frozenset(labels.items()), 0.0)


async def test_requests_are_counted_by_route_method_and_outcome(caller: Caller) -> None:
    await caller.get("/contracts/PC-1")
    await caller.call("GET", "/contracts/none", expect=404)
    await caller.http.get("http://localhost/nowhere")
    found = await figures(caller.http)
    route = "/v1/contracts/{contract_id}"
    assert told(found, "http_requests_total", method="GET", route=route, outcome="ok") == 1
    assert told(found, "http_requests_total", method="GET", route=route, outcome="refused") == 1
    assert told(found, "http_requests_total", method="GET", route="none", outcome="refused") == 1
    assert told(found, "http_request_seconds_count", method="GET", route=route) == 2
    assert told(found, "http_requests_in_progress") == 1  # the one that asks


async def test_commands_are_counted_by_kind_and_outcome(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    await caller.mark([item])
    await caller.mark([item])
    await caller.call("POST", "/backlog/mark", {"items": ["none"], "status": "ready"}, expect=409)
    found = await figures(caller.http)

    def commands(kind: str, outcome: str) -> float:
        return told(found, "commands_total", tenant="default", kind=kind, outcome=outcome)

    kinds = {dict(labels)["kind"] for labels in found["billing_backlog_commands_total"]}
    assert {"put_contract", "put_contract_line", "mark_items"} <= kinds
    assert commands("mark_items", "recorded") == 1
    assert commands("mark_items", "unchanged") == 1
    assert commands("mark_items", "refused") == 1
    assert told(found, "group_commands_count", tenant="default") >= 4
    assert told(found, "append_seconds_count", tenant="default") >= 4


async def test_posted_events_are_counted_by_what_they_came_to(caller: Caller) -> None:
    await caller.sales("ap-1", "10.00")
    before = await figures(caller.http)
    assert told(before, "intake_events_total", tenant="default", outcome="recorded") == 1
    assert told(before, "intake_events_total", tenant="default", outcome="refused") == 0


async def test_how_the_tenant_stands_is_told(caller: Caller, tenant: Tenant) -> None:
    await caller.get("/contracts")
    found = await figures(caller.http)
    assert told(found, "tenant_ready", tenant="default") == 1
    assert told(found, "history_position", tenant="default") == caller.position
    assert told(found, "views_position", tenant="default") == caller.position
    assert told(found, "projection_lag_positions", tenant="default") == 0
    for name in ("parked_events", "open_obligations"):
        assert frozenset({("tenant", "default")}) in found[f"billing_backlog_{name}"]
    statuses = {dict(labels)["status"] for labels in found["billing_backlog_jobs"]}
    assert statuses == {"scheduled", "processing", "complete", "failed", "canceled"}
    assert sum(found["billing_backlog_pool_limit"].values()) > 0


def test_a_writer_that_is_slower_counts_a_conflict_and_a_retry_and_one_that_gives_up(
    database: str,
) -> None:
    rival, rivals, metrics = Tenant(database, project=False), list[int](), Metrics()

    def clock() -> datetime:
        if len(rivals) < most:
            rivals.append(rival.ledger.transact(next_number, CONTEXT).result)
        return NOW

    most = 1
    watched = Tenant(database, project=False, clock=clock)
    metrics.watch(watched)
    with closing(rival), closing(watched):
        watched.ledger.transact(next_number, CONTEXT)
        assert sampled(metrics, "conflicts_total", tenant="default") == 1
        assert sampled(metrics, "command_retries_total", tenant="default") == 1
        most = 1 + ATTEMPTS
        with pytest.raises(Conflict):
            watched.ledger.transact(next_number, CONTEXT)
        labels = {"tenant": "default", "kind": "other"}
        assert sampled(metrics, "conflicts_total", tenant="default") == most
        assert sampled(metrics, "commands_total", **labels, outcome="recorded") == 1
        assert sampled(metrics, "commands_total", **labels, outcome="conflict") == 1


def test_commands_that_share_a_transaction_are_a_group(tenant: Tenant) -> None:
    metrics = Metrics()
    metrics.watch(tenant)
    together = [Submission(next_number, CONTEXT) for _ in range(3)]
    tenant.ledger.submit_together(together)
    assert [each.future.result().result for each in together if isinstance(each.future, Future)]
    assert sampled(metrics, "group_commands_count", tenant="default") == 1
    assert sampled(metrics, "group_commands_sum", tenant="default") == 3


async def test_views_that_lag_behind_are_told_in_positions_and_seconds(database: str) -> None:
    times = [NOW, NOW + timedelta(seconds=90)]
    tenant, metrics = Tenant(database, project=False, clock=lambda: times[0]), Metrics()
    metrics.watch(tenant)
    with closing(tenant):
        for _ in range(2):
            tenant.ledger.transact(next_number, CONTEXT)
            times.reverse()
        times.sort(reverse=True)
        await metrics.tenants.look()
        assert sampled(metrics, "projection_lag_positions", tenant="default") == 2
        assert sampled(metrics, "projection_lag_seconds", tenant="default") == 90


async def test_a_tenant_that_is_not_well_has_no_old_figures_and_takes_nothing_from_others(
    http: httpx.AsyncClient, tenant: Tenant
) -> None:
    await figures(http)
    with tenant.views.begin() as connection:
        jobs.drop(connection)
    found = await figures(http)
    assert told(found, "tenant_ready", tenant="default") == 0
    assert "billing_backlog_history_position" not in found
    assert told(found, "http_requests_total", method="GET", route="/metrics", outcome="ok") == 1


async def test_whoever_asks_for_openmetrics_gets_it(http: httpx.AsyncClient) -> None:
    asked = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = await http.get("http://localhost/metrics", headers=asked)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


async def test_labels_have_no_id_and_no_text_of_a_caller(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    await caller.mark([item], reason="October")
    await caller.http.get("http://localhost/v1/contracts/PC-9", headers={"X-Actor": "somebody"})
    await caller.http.request("PURGE", "http://localhost/nowhere")
    text = (await caller.http.get("http://localhost/metrics")).text
    for word in (item, "ap-1", "PC-1", "PC-9", "October", "somebody", "PURGE", "nowhere"):
        assert word not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text)


def sampled(metrics: Metrics, name: str, **labels: str) -> float:
    """A figure as it is now, 0.0 where it was never counted."""
    return metrics.registry.get_sample_value(f"billing_backlog_{name}", labels) or 0.0


def next_number(unit: UnitOfWork) -> int:
    """Gives out the next number of a series: an append that depends on what it read."""
    state = unit.load(SERIES, "series/s")
    sequence = state.sequence + 1 if state else 1
    invoice_id, number = f"I{sequence}", str(sequence)
    assigned = InvoiceNumberAssigned(
        series="s", sequence=sequence, number=number, invoice_id=invoice_id
    )
    unit.append([assigned])
    return sequence
