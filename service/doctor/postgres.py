"""What is looked at on PostgreSQL: the schema of each tenant, and each server."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import NullPool, create_engine

from projections.history import Unavailable
from service.databases.addresses import place_of, told
from service.databases.bounded_connections import connect
from service.databases.connection_pools import POOL_SIZE, READERS
from service.databases.postgres_server import Server
from service.doctor.findings import Finding, Status
from service.doctor.of_tenants import Looked
from service.ledger.ledger import Ledger
from service.ledger.recorders.postgres_schema import PostgresSchema
from service.tenants.opening import schema_of
from service.tenants.opening_postgres import must_be_there

NAME = "billing-backlog doctor"
ANSWER_SECONDS = 5.0
OF_A_PROCESS = POOL_SIZE + READERS + 2
"""Connections that a process may open to a server."""
CLOCK_WARN, CLOCK_FAIL = 1.0, 30.0
"""Seconds by which the clocks of the two machines may differ."""
MIB = 1024 * 1024
_SERVER = (
    "SELECT clock_timestamp(), pg_database_size(current_database()), "
    "current_setting('max_connections')::int "
    "- current_setting('superuser_reserved_connections')::int "
    "- (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
)


@contextmanager
def opened_for_looking(address: str, tenant: str) -> Generator[Looked]:
    """A history that is there, and its views as they are. Raises BadDatabase, Unavailable."""
    schema = schema_of(tenant)
    with closing(Server(address, 2)) as server:
        must_be_there(address, tenant, server)
        views = create_engine(
            "postgresql+psycopg://",
            poolclass=NullPool,
            creator=lambda: _connected(address),
            use_native_hstore=False,
            hide_parameters=True,
        ).execution_options(schema_translate_map={None: schema}, schema=schema)
        with closing(Ledger(PostgresSchema(server.pool, schema))) as ledger:
            yield Looked(ledger=ledger, views=views)


def _connected(address: str) -> psycopg.Connection[Any]:
    connection = connect(address, NAME, ANSWER_SECONDS)
    connection.autocommit = False
    return connection


def of_server(address: str) -> Iterator[Finding]:
    """What was found of a server."""
    before = datetime.now(UTC)
    try:
        with connect(address, NAME, ANSWER_SECONDS) as opened:
            row = opened.execute(_SERVER).fetchone()
    except (psycopg.Error, Unavailable) as error:
        why = told(error, address).partition("\n")[0]
        do = "look at the server, then ask again"
        yield Finding(check="server", status=Status.FAIL, found=why, do=do)
        return
    after = datetime.now(UTC)
    clock, size, free = row or (after, 0, 0)
    place = place_of(address)
    yield clocks(place, before, clock, after)
    yield Finding(
        check="space",
        status=Status.OK,
        found=f"{place} has {size // MIB:,} MiB; how much its disk has left is not told from here",
    )
    yield connections(place, free)


def clocks(place: str, before: datetime, there: datetime, after: datetime) -> Finding:
    """How far the server's clock is from this machine's, which was read before and after it."""
    apart = max((there - after).total_seconds(), (before - there).total_seconds(), 0.0)
    found = f"that of {place} and this machine's are {apart:.1f} s apart"
    if apart <= CLOCK_WARN:
        return Finding(check="clock", status=Status.OK, found=found)
    return Finding(
        check="clock",
        status=Status.FAIL if apart > CLOCK_FAIL else Status.WARN,
        found=found,
        do="have both keep their clocks by NTP: events bear the time of who records them",
    )


def connections(place: str, free: int) -> Finding:
    """Whether a further process finds as many connections free as it may open."""
    found = f"{free} connections to {place} are free; a process opens {OF_A_PROCESS} at most"
    if free >= OF_A_PROCESS:
        return Finding(check="pool", status=Status.OK, found=found)
    return Finding(
        check="pool",
        status=Status.WARN,
        found=found,
        do="raise max_connections, or run fewer processes on this server",
    )
