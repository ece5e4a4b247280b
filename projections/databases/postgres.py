"""Views in a PostgreSQL schema, on the connections of a pool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, event

from projections.databases.connections import Pool
from projections.databases.migrating import MIGRATIONS, migrate
from projections.tables import metadata


def postgres_views(pool: Pool, readers: Pool, schema: str, migrations: Path = MIGRATIONS) -> Engine:
    """The views in a schema that is there already, migrated to today's tables.

    Connections are the pool's, which gets them back when they are closed; every statement is put
    into the one schema. Pages are read on those of `readers`. Raises MigrationFailed.
    """

    def connect() -> Any:
        connection = pool.getconn()
        connection.autocommit = False
        return connection

    def give_back(connection: Any, _: object) -> None:
        """Leaves the connection as it came; the driver's `close`, which is next, gives it back."""
        if connection.closed:
            pool.putconn(connection)  # which `close` would not do: it would be missed for ever
            return
        connection.autocommit = True
        # SQLAlchemy takes each time for the first, and adds a handler; there is no public way back.
        connection._notice_handlers.clear()

    bare = create_engine(
        "postgresql+psycopg://",
        poolclass=NullPool,
        creator=connect,
        use_native_hstore=False,
        hide_parameters=True,
    )
    event.listen(bare, "close", give_back)
    engine = bare.execution_options(
        schema_translate_map={None: schema}, schema=schema, pool=pool, readers=readers
    )
    _index_the_same_rows()
    migrate(engine, migrations)
    return engine


def _index_the_same_rows() -> None:
    """Indexes of some rows have the same rows as on SQLite."""
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_kwargs["postgresql_where"] = index.dialect_options["sqlite"]["where"]
