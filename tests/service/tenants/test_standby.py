"""Two projectors on one tenant: one works, the other stands by, and takes over."""

import signal
import subprocess
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any, LiteralString

import psycopg
import pytest

from service.tenants.tenant import Tenant
from tests.office import approval_event, contract_event, line_event
from tests.postgres import PostgresServer
from tests.projections.feeding import dump
from tests.service.ledger.test_kill import COMMAND
from tests.service.office import NOW, record
from tests.service.processes import until

THOSE_WITH_TURNS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = 'billing-backlog turns'"
)
TURN = (
    f"SELECT pid FROM ({THOSE_WITH_TURNS}) s JOIN pg_locks USING (pid) WHERE locktype = 'advisory'"
)
NOW_THERE = "SELECT clock_timestamp()"
LOOKED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = 'billing-backlog' AND NOT pid = ANY(%s) "
    "AND state_change > %s + interval '1.2 seconds'"
)
"""Whether a process has looked at the views since: it does so every second while it stands by."""
CONNECTIONS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"


@pytest.fixture
def database(postgres_server: PostgresServer) -> str:
    """SQLite has no turns: there, projectors notice each other."""
    return postgres_server.new_database()


@pytest.fixture
def office(database: str) -> Generator[Tenant]:
    """A process that takes in events and leaves the views to others."""
    with closing(Tenant(database, project=False, clock=lambda: NOW)) as tenant:
        record(tenant, contract_event(limit="50.00"), line_event())
        yield tenant


@contextmanager
def projector(database: str) -> Generator[subprocess.Popen[bytes]]:
    """The real command, killed in the end if it still runs."""
    arguments = [COMMAND, "project", "--database", database]
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class Observer:
    """What the database tells of the processes that use it."""

    def __init__(self, database: str) -> None:
        self._connection = psycopg.connect(database, autocommit=True)
        self.close = self._connection.close

    def ask(self, question: LiteralString, *values: object) -> list[Any]:
        return [row[0] for row in self._connection.execute(question, values).fetchall()]


def shown(office: Tenant) -> bool:
    """Whether the views show all that was recorded."""
    return office.writer.position() == office.ledger.position()


def test_of_two_projectors_one_works_and_the_other_takes_over_when_it_is_killed(
    database: str, office: Tenant
) -> None:
    with closing(Observer(database)) as seen, projector(database) as first:
        until(lambda: shown(office))
        (turn,) = seen.ask(TURN)
        of_others = seen.ask(CONNECTIONS)
        with projector(database) as second:
            until(lambda: len(seen.ask(THOSE_WITH_TURNS)) == 2)
            assert seen.ask(TURN) == [turn]

            first.send_signal(signal.SIGSTOP)
            before = office.writer.position()
            record(office, approval_event("A1"))
            (at,) = seen.ask(NOW_THERE)
            until(lambda: seen.ask(LOOKED, of_others, at) != [0])
            assert office.writer.position() == before, "the other left it to the one in turn"
            first.send_signal(signal.SIGCONT)
            until(lambda: shown(office))
            assert seen.ask(TURN) == [turn]

            record(office, *(approval_event(f"B{n}") for n in range(8)))
            first.kill()
            first.wait()
            record(office, *(approval_event(f"C{n}") for n in range(8)))
            until(lambda: shown(office))
            (taken_over,) = seen.ask(TURN)
            assert taken_over != turn
            assert_right(office)
            second.terminate()
            assert second.wait(30) == 0
            assert seen.ask(TURN) == [], "it has left its turn to the next"


def assert_right(office: Tenant) -> None:
    """The views are those that a rebuild makes."""
    live = dump(office.views)
    assert len(live["time_and_material"]) == 17
    office.rebuild()
    assert dump(office.views) == live
