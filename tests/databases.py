"""Databases for tests: both kinds, each new and empty."""

import shutil
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine

from projections.databases.postgres import postgres_views
from projections.databases.sqlite import sqlite_views
from service.databases.postgres_server import Server
from service.ledger.recorders import SQLiteFile, Storage
from service.ledger.recorders.postgres_schema import PostgresSchema
from service.tenants.names import DEFAULT, UnknownTenant
from service.tenants.opening import schema_of, sqlite_path
from service.tenants.tenant import Tenant, is_postgres

KINDS = ("sqlite", "postgresql")
NewDatabase = Callable[[], str]
"""Makes an empty database and gives its URL; all databases of one test are of one kind."""

SCHEMA = schema_of(DEFAULT)


@dataclass(frozen=True, slots=True)
class Only:
    """One open tenant, for a service that is asked for no other."""

    tenant: Tenant

    def __getitem__(self, name: str) -> Tenant:
        if name != self.tenant.name:
            raise KeyError(name)
        return self.tenant

    def open(self, name: str = DEFAULT) -> Tenant:
        raise UnknownTenant(name)

    def names(self) -> list[str]:
        return [self.tenant.name]


@contextmanager
def opened_views(database: str) -> Generator[Engine]:
    """The views of the default tenant, migrated."""
    if not is_postgres(database):
        engine = sqlite_views(views_path(database))
        yield engine
        engine.dispose()
        return
    with opened_server(database) as server:
        with server.pool.connection() as connection:
            connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(SCHEMA)))
        yield postgres_views(server.pool, server.readers, SCHEMA)


@contextmanager
def opened_storage(database: str) -> Generator[Storage]:
    """Where the default tenant's history is kept."""
    if not is_postgres(database):
        yield SQLiteFile(sqlite_path(database))
        return
    with opened_server(database) as server:
        yield PostgresSchema(server.pool, SCHEMA)


@contextmanager
def opened_server(database: str) -> Generator[Server]:
    """A PostgreSQL server as a process uses it."""
    server = Server(database)
    yield server
    server.close()


def sql(database: str, statement: str, *values: object) -> list[Any]:
    """A statement on the default tenant's history, behind the service's back; `?` for values."""
    if not is_postgres(database):
        with closing(sqlite3.connect(sqlite_path(database))) as connection, connection:
            return connection.execute(statement, values).fetchall()
    with psycopg.connect(database) as connection:
        connection.execute(SQL("SET search_path TO {}").format(Identifier(SCHEMA)))
        done = connection.execute(cast("LiteralString", statement.replace("?", "%s")), values)
        return done.fetchall() if done.description else []


def views_path(database: str) -> Path:
    """The file of the views of an SQLite database."""
    return sqlite_path(database).with_suffix(".views.db")


def copy_files(made: str, copy: str) -> None:
    """Copies an SQLite database that nobody uses, the views with it."""
    for path in (sqlite_path, views_path):
        shutil.copy(path(made), path(copy))
