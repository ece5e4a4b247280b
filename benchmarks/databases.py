"""The databases that are measured: new ones as they are needed, as durable as they come."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import rmtree
from typing import Protocol

import psycopg

from benchmarks.sizes import Sizes
from service.tenants.opening import sqlite_path
from tests.postgres import DURABLE, PostgresServer, running_postgres

POSTGRESQL, SQLITE = "postgresql", "sqlite"
KINDS = (POSTGRESQL, SQLITE)


class Databases(Protocol):
    """One kind of database."""

    def new(self) -> str:
        """The address of a new, empty database."""
        ...

    def drop(self, url: str) -> None:
        """Throws a database away."""
        ...

    def settle(self) -> None:
        """Has the database finish what earlier work left behind, so that nobody pays for it."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Where one kind of database is measured.

    What is entered on `stack` lasts as long: servers, open tenants, big histories that several
    figures share.
    """

    kind: str
    sizes: Sizes
    folder: Path
    databases: Databases
    stack: ExitStack


@contextmanager
def opened(kind: str, sizes: Sizes) -> Generator[Bench]:
    """A bench for one kind of database, on a temporary folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="billing-backlog-benchmarks-") as folder,
        ExitStack() as stack,
    ):
        databases: Databases = (
            _Postgres(stack.enter_context(running_postgres(DURABLE)))
            if kind == POSTGRESQL
            else _Sqlite(Path(folder))
        )
        yield Bench(kind, sizes, Path(folder), databases, stack)


class _Postgres:
    """Databases of one server with the defaults: fsync and full-page writes on."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def new(self) -> str:
        return self._server.new_database()

    def drop(self, url: str) -> None:
        self._server.drop_database(url)

    def settle(self) -> None:
        with psycopg.connect(self._server.url(), autocommit=True) as connection:
            connection.execute("CHECKPOINT")


class _Sqlite:
    """Files, each pair of history and views in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def new(self) -> str:
        folder = self._folder / f"database-{next(self._numbers)}"
        folder.mkdir()
        return f"sqlite:///{folder}/backlog.db"

    def drop(self, url: str) -> None:
        rmtree(sqlite_path(url).parent)

    def settle(self) -> None:
        """Nothing is left behind: each commit is on disk, and so are checkpoints."""
