"""`billing-backlog jobs`: what there is, what came of one, and an end to it."""

import asyncio
import json
from collections.abc import Generator
from contextlib import closing

import pytest

from aggregates import streams
from aggregates.job.events import JobStep
from service.handlers.jobs import asking
from service.handlers.jobs.kind import Plan
from service.handlers.jobs.running import foreman_of
from service.tenants.tenant import Tenant
from tests.service.command_line import assert_refused, run
from tests.service.office import NOW, history, request


@pytest.fixture
def serving(database: str) -> Generator[Tenant]:
    """Another process has the database open; it has no time for jobs."""
    with (
        closing(Tenant(database, clock=lambda: NOW)) as tenant,
        closing(Tenant(database, project=False)) as busy,
    ):
        assert busy.jobs_turn.mine()
        yield tenant


def ask_for(tenant: Tenant, name: str, steps: int = 2) -> str:
    planned = tuple(JobStep(contract_id=f"C{n}") for n in range(steps))
    plan = Plan(kind="draft_invoices", request="{}", steps=planned)
    return asyncio.run(asking.ask_for(tenant, request(name), plan)).body.job_id


def test_jobs_are_listed_a_line_each(serving: Tenant, database: str) -> None:
    done, waiting = ask_for(serving, "done", steps=0), ask_for(serving, "waiting")
    result = run("jobs", "list", "--database", database)
    assert result.exit_code == 0, result.output
    at = NOW.isoformat()
    assert result.stdout.splitlines() == [
        f"{done}\tdraft_invoices\tcomplete\t0 of 0\t{at}\ttest",
        f"{waiting}\tdraft_invoices\tscheduled\t0 of 2\t{at}\ttest",
    ]
    some = run("jobs", "list", "--status", "scheduled", "--database", database)
    assert [line.split("\t")[0] for line in some.stdout.splitlines()] == [waiting]


def test_one_is_shown_with_all_its_results(serving: Tenant, database: str) -> None:
    job_id = ask_for(serving, "many", steps=1_200)
    foreman_of(serving).step(job_id)
    result = run("jobs", "show", job_id, "--database", database)
    assert result.exit_code == 0, result.output
    job = json.loads(result.stdout)
    assert (job["status"], job["done"], job["total"]) == ("processing", 1, 1_200)
    assert [each["contract_id"] for each in job["results"]] == [f"C{n}" for n in range(1_200)]
    assert job["results"][0]["problem"]["code"] == "contract_not_found"


def test_one_is_canceled_while_a_server_runs(serving: Tenant, database: str) -> None:
    job_id = ask_for(serving, "too much")
    result = run("jobs", "cancel", job_id, "--reason", "asked twice", "--database", database)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{job_id}\tdraft_invoices\tcanceled\t0 of 2\t")
    assert foreman_of(serving).step(job_id)
    last = history(serving.ledger)[-1]
    assert (last.metadata.actor, last.metadata.reason) == ("command line", "asked twice")
    assert last.stream == streams.OPEN_JOBS


def test_what_is_not_there_or_over_is_told(serving: Tenant, database: str) -> None:
    over = ask_for(serving, "over", steps=0)
    for what in ("show", "cancel"):
        assert_refused(run("jobs", what, "none", "--database", database), "no job 'none'")
    assert_refused(run("jobs", "cancel", over, "--database", database), "the job is complete")
