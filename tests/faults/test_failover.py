"""PostgreSQL on three nodes under Patroni: one dies, and the service goes on."""

import asyncio
import random
import subprocess
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from tests.faults.running import Order, Outcome, try_faults
from tests.faults.stages import Database, database_of_cluster, stage_on
from tests.faults.striking import ON_CLUSTER
from tests.office import approval_event, contract_event, line_event
from tests.service.office import write_ndjson
from tests.service.processes import until
from tests.soak import replaying
from tests.soak.servers import COMMAND

SEED = 20261128
SESSIONS = """SELECT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'billing-backlog%'"""
USES = {"billing-backlog", "billing-backlog listener", "billing-backlog turns"}
"""What a server connects for: statements, NOTIFY, turns."""
COMMANDS = {
    "import": ("import", "FILE"),
    "rebuild": ("rebuild",),
    "doctor": ("doctor",),
    "tenant create": ("tenant", "create", "north"),
    "keys create": ("keys", "create", "--name", "clerk", "--scope", "backlog:read"),
    "jobs list": ("jobs", "list"),
}
"""What opens a database in each of its ways, and ends by itself; `serve` has run until here."""


@pytest.fixture
def database() -> Generator[Database]:
    with database_of_cluster() as made:
        yield made


def test_a_killed_primary_loses_nothing_and_every_command_finds_the_one_that_took_over(
    database: Database, tmp_path: Path
) -> None:
    cluster = database.cluster
    assert cluster
    chance = random.Random(SEED)
    died = cluster.leader()

    async def on_stage() -> Outcome:
        async with stage_on(database, chance) as stage:
            fault = ("primary killed", ON_CLUSTER["primary killed"])
            order = Order(faults=[fault], hold=0.0, stopped=0.0, seed=SEED)
            outcome = await try_faults(order, stage, say=print)
            url = f"{cluster.url}?target_session_attrs=read-write"
            await asyncio.to_thread(until, lambda: uses_of(url) >= USES)
            return outcome

    outcome = asyncio.run(on_stage())
    print(outcome.in_short())
    assert cluster.leader() is not died
    assert outcome.reckoning.all_wrong() == []

    url = cluster.url
    assert f":{cluster.leader().port}/" in url, "the others stand first, and take no writes"
    assert list(replaying.differences(url)) == []
    events = [contract_event(), line_event(), approval_event("A1")]
    file = write_ndjson(tmp_path / "events.ndjson", events)
    for name, arguments in COMMANDS.items():
        told = [str(file) if each == "FILE" else each for each in arguments]
        done = subprocess.run(
            [COMMAND, *told, "--database", url], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stdout} {done.stderr}"


def uses_of(url: str) -> set[str]:
    """What sessions of the service the database has."""
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(SESSIONS).fetchall()}
