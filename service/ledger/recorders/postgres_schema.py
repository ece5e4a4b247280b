"""A PostgreSQL schema as the place of a history: its tables are made there, and its recorders."""

from dataclasses import dataclass
from typing import Any

from eventsourcing.postgres import BasePostgresFactory, PostgresFactory
from eventsourcing.utils import Environment
from psycopg_pool import ConnectionPool

from service.databases.bounded_connections import Bounded
from service.ledger.recorders import postgres_tables
from service.ledger.recorders.pooled_datastore import PooledDatastore
from service.ledger.recorders.postgres import PostgresRecorder, PostgresSnapshots


class PooledFactory(PostgresFactory):
    """Makes our recorders over a pool."""

    aggregate_recorder_class = PostgresSnapshots
    application_recorder_class = PostgresRecorder

    def __init__(self, env: Any, datastore: PooledDatastore) -> None:
        # Past the library's own initialiser, which makes a pool from environment variables.
        super(BasePostgresFactory, self).__init__(env)
        self.datastore = datastore
        postgres_tables.make(datastore)


@dataclass(frozen=True, slots=True)
class PostgresSchema:
    """A history in a schema of a database."""

    pool: ConnectionPool[Bounded]
    schema: str

    def columns(self) -> set[str]:
        """The columns of the events' table there, none when there is no history yet."""
        wanted = (
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) "
            "AND attnum > 0 AND NOT attisdropped"
        )
        with self.pool.connection() as connection:
            table = f'"{self.schema}".stored_events'
            return {column for (column,) in connection.execute(wanted, (table,))}

    def factory(self, env: Any) -> PooledFactory:
        """What makes the recorders in this schema."""
        # An environment without a name, for the tables' names are made of it.
        datastore = PooledDatastore(self.pool, self.schema)
        return PooledFactory(Environment(env=dict(env)), datastore)
