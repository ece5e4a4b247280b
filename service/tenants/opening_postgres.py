"""A tenant's schema of PostgreSQL opened, or whether it is there at all."""

from collections.abc import Callable
from datetime import datetime

import psycopg
from sqlalchemy.exc import DBAPIError

from projections.databases.migrating import MigrationFailed
from projections.databases.postgres import postgres_views
from projections.history import Unavailable
from projections.keeping.projector import Projector
from service.databases.addresses import BadDatabase, shown, told
from service.databases.postgres_server import Server
from service.ledger.ledger import Ledger
from service.ledger.recorders.postgres_schema import PostgresSchema
from service.tenants.opening import Opened, schema_of, why
from service.tenants.sqlite_files import COLUMNS


def must_be_there(database: str, name: str, server: Server) -> None:
    """Raises BadDatabase when there is no history of this tenant yet; makes nothing."""
    place = PostgresSchema(server.pool, schema_of(name))
    try:
        found = place.columns()
    except psycopg.Error as error:
        said = told(error, database)
        raise BadDatabase(f"{shown(database)!r} can't be opened: {said}") from error
    if not found:
        raise BadDatabase(
            f"there is no billing history in the schema {place.schema!r} of {shown(database)!r}: "
            "name the database that is meant with --database; `billing-backlog serve` makes one"
        )


def open_postgres(
    database: str, name: str, shared: Server | None, clock: Callable[[], datetime]
) -> Opened:
    """A history and its views in a PostgreSQL schema, made if need be. Raises BadDatabase."""
    schema = schema_of(name)
    server = shared or Server(database)
    try:
        place = PostgresSchema(server.pool, schema)
        if place.columns() - COLUMNS - {"notification_id"}:
            raise MigrationFailed("the history is of a newer version of the service")
        ledger = Ledger(place, clock)
        views = postgres_views(server.pool, server.readers, schema)
    except (Unavailable, psycopg.Error, DBAPIError, MigrationFailed) as error:
        if server is not shared:
            server.close()
        said = told(why(error), database)
        raise BadDatabase(f"{shown(database)!r} can't be opened: {said}") from error

    def follow(projector: Projector) -> Callable[[], object]:
        server.listen(schema, projector)
        return lambda: server.unlisten(schema)

    def close() -> None:
        if server is not shared:
            server.close()

    return Opened(
        ledger,
        views,
        turn=server.turn(f"{schema}.projector"),
        jobs_turn=server.turn(f"{schema}.jobs"),
        follow=follow,
        close=close,
        commit_waits=server.commit_waits,
        pools=server.pools,
    )
