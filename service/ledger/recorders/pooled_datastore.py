"""The library's datastore on connections that all tenants of a PostgreSQL server share."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self, cast

from eventsourcing.postgres import PostgresDatastore
from psycopg.sql import Composed
from psycopg_pool import ConnectionPool

from service.databases.bounded_connections import Bounded

LOCK_SECONDS = 5
"""How long an append waits for those of other processes."""


class PooledDatastore(PostgresDatastore):
    """The library's datastore on a schema, over a pool that it neither opens nor closes."""

    def __init__(self, pool: ConnectionPool[Bounded], schema: str) -> None:
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            schema=schema,
            originator_id_type="text",
            lock_timeout=LOCK_SECONDS,
        )
        self.pool: Any = pool

    def register_type_adapters(self) -> None:
        """Nothing: ours needs no composite types."""

    def close(self) -> None:
        """Nothing: the pool is the server's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing, as `close`."""

    @contextmanager
    def get_connection(self) -> Generator[Bounded]:
        """A connection of the pool; the driver's errors become the library's."""
        with super().get_connection() as connection:
            yield cast("Bounded", connection)

    def rows(self, statement: Composed, *values: Any) -> list[Any]:
        """What a query finds, in the database's binary form on the way."""
        with self.get_connection() as connection, connection.cursor(binary=True) as c:
            c.execute(statement, values, prepare=True)
            return c.fetchall()
