"""Views in a PostgreSQL schema: few rows are written as arrays, in one statement; many by COPY.

Then the rows of a table go into a temporary one and from there by one statement, for arrays of
`unnest` cost the driver about as much as the insert itself (docs/performance.md).
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, Table, func, literal_column, select, text
from sqlalchemy.exc import OperationalError

from projections.databases import notices, text_index
from projections.databases.connections import (
    BY_KEYS,
    PAGE_SECONDS,
    RESHAPE_SECONDS,
    allow,
    glance_of,
    plan,
    pooled,
)
from projections.keeping.backend import OutOfStep, RebuildRunning
from projections.keeping.sql import (
    addition,
    conflict,
    dicts,
    dropped,
    insert_into,
    keys_of,
    moved,
    name_of,
    quoted,
    type_of,
)
from projections.projecting.changes import Row
from projections.tables import VIEWS, metadata, tracking

LOCK_ATTEMPTS = 150
"""How often new views try to take the place of the live ones, for 0.2 s each."""
COPY_FROM = 100
"""Rows from which COPY is worth its temporary table, and a page more than one statement."""


class PostgresTables:
    """The tables, to write many rows, within the transaction of a cursor."""

    def __init__(self, cursor: Any, schema: str) -> None:
        self._cursor, self._schema = cursor, schema

    def move(self, after: int, position: int) -> int:
        """Moves the views on from `after`: the table that tells so, 0 when they are not there.

        Other processes hear of it once it is committed.
        """
        statement, values = moved(name_of(tracking, self._schema), "%s", after, position)
        telling = f"{statement} RETURNING tableoid, pg_notify(%s, %s)"
        found = self._cursor.execute(telling, (*values, *_told(position, self._schema))).fetchone()
        return found[0] if found else 0

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        self._upsert(table, rows, conflict(table))

    def add(self, totals: Table, rows: Sequence[Row]) -> None:
        self._upsert(totals, rows, addition(totals))

    def _upsert(self, table: Table, rows: Sequence[Row], if_there: str) -> None:
        columns = tuple(column.name for column in table.c)
        insert = insert_into(table, columns, self._schema)
        with self._page(table, columns, rows) as (page, values):
            self._execute(f"{insert} SELECT page.* FROM {page} {if_there}", values)  # noqa: S608 - our own names

    def remove(self, table: Table, rows: Sequence[Row]) -> None:
        keys, own = keys_of(table), name_of(table, self._schema)
        with self._page(table, keys, rows) as (page, values):
            self._execute(f"DELETE FROM {own} AS own USING {page} WHERE {_same(keys)}", values)  # noqa: S608 - our own names

    def drop(self, table: Table, where: Row) -> None:
        self._execute(*dropped(table, self._schema, "%s", where))

    def patch(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        keys, own = keys_of(table), name_of(table, self._schema)
        sets = ",".join(f"{quoted(c)}=page.{quoted(c)}" for c in columns)
        with self._page(table, (*columns, *keys), rows) as (page, values):
            self._execute(f"UPDATE {own} AS own SET {sets} FROM {page} WHERE {_same(keys)}", values)  # noqa: S608 - our own names

    def find(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row]
    ) -> list[dict[str, Any]]:
        if not rows:
            return []
        own, wanted = name_of(table, self._schema), ",".join(f"own.{quoted(c)}" for c in columns)
        page, values = _arrays(table, by, rows)
        statement = f"SELECT {wanted} FROM {page} JOIN {own} AS own ON {_same(by)}"  # noqa: S608 - our own names
        return dicts(columns, self._cursor.execute(statement, values))

    @contextmanager
    def _page(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> Generator[tuple[str, list[list[Any]]]]:
        """The rows as what stands after FROM under the name `page`, and its parameters."""
        if len(rows) < COPY_FROM:
            yield _arrays(table, columns, rows)
            return
        types = [type_of(table, name) for name in columns]
        shape = ",".join(f"{quoted(c)} {kind}" for c, kind in zip(columns, types, strict=True))
        self._cursor.execute(f"CREATE TEMP TABLE page ({shape}) ON COMMIT DROP")
        with self._cursor.copy("COPY page FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in map(itemgetter(*columns), rows):
                copy.write_row(row)
        yield "page", []
        self._cursor.execute("DROP TABLE page")

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        self._cursor.execute(statement, values)


class FewOnPostgres(PostgresTables):
    """The tables, to write few rows: in one statement, which commits by itself.

    What is looked up for it is looked up before. So it writes nothing if the views have been moved
    on since, or put in the place of others: then another table tells their position.
    """

    def __init__(self, cursor: Any, schema: str) -> None:
        super().__init__(cursor, schema)
        self._parts: list[str] = []
        self._values: list[Any] = []

    def write(self, after: int, position: int, told_by: int) -> bool:
        """Whether the views were at `after`, by that table; then all is written and committed."""
        update = f"UPDATE {name_of(tracking, self._schema)} SET position=%s"  # noqa: S608 - our own names
        where = f"WHERE name='{VIEWS}' AND position=%s AND tableoid=%s RETURNING pg_notify(%s, %s)"
        parts = "".join(f", part{n} AS ({part})" for n, part in enumerate(self._parts))
        told = (position, after, told_by, *_told(position, self._schema))
        whole = f"WITH moved AS ({update} {where}){parts} SELECT FROM moved"
        return self._cursor.execute(whole, (*told, *self._values)).rowcount == 1

    @contextmanager
    def _page(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> Generator[tuple[str, list[list[Any]]]]:
        arrays, values = _arrays(table, columns, rows)
        yield f"{arrays}, moved", values

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        self._parts.append(statement)
        self._values += values


class PostgresBackend:
    """Views in a PostgreSQL schema; new ones are made in a schema beside, and moved over."""

    def __init__(self, views: Engine, schema: str) -> None:
        self._views, self._schema = views, schema
        self._beside = f"{schema}__rebuild"
        self._told_by = 0
        """The table that told the position: a rebuild puts another in its place."""

    def position(self) -> int:
        table = literal_column("tableoid", BigInteger)
        wanted = select(tracking.c.position, table).where(tracking.c.name == VIEWS)
        with self._views.connect() as connection:
            found = connection.execute(wanted).one_or_none()
        position, self._told_by = found or (0, 0)
        return position

    @contextmanager
    def tables(
        self, after: int, position: int, *, rows: int, has_drops: bool
    ) -> Generator[PostgresTables]:
        told_by = self._told_by if after else 0  # where nothing is shown yet, nothing tells so
        if told_by and not has_drops and rows < COPY_FROM:
            with pooled(self._views) as driver:
                few = FewOnPostgres(driver.cursor(), self._schema)
                yield few
                if not few.write(after, position, told_by):
                    raise OutOfStep(after)
            return
        with self._views.begin() as connection:
            allow(connection, PAGE_SECONDS)
            plan(glance_of(connection), BY_KEYS)
            tables = PostgresTables(connection.connection.cursor(), self._schema)
            moved = tables.move(after, position)
            if not moved:
                raise OutOfStep(after)
            yield tables
        self._told_by = moved

    @contextmanager
    def beside(self) -> Generator[Engine]:
        name = {"name": f"{self._schema}.rebuild"}
        with self._views.connect() as guard:
            lock = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
            if not guard.execute(lock, name).scalar():
                raise RebuildRunning
            guard.commit()
            try:
                self._drop()
                with self._views.begin() as connection:
                    connection.exec_driver_sql(f'CREATE SCHEMA "{self._beside}"')
                new = self._views.execution_options(
                    schema_translate_map={None: self._beside}, schema=self._beside
                )
                yield new
            finally:
                self._drop()
                guard.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), name)
                guard.commit()

    @contextmanager
    def locked(self) -> Generator[Connection]:
        with self._views.begin() as live:
            allow(live, RESHAPE_SECONDS)
            live.exec_driver_sql(f'LOCK TABLE "{self._schema}".tracking IN EXCLUSIVE MODE')
            yield live

    def swap(self, live: Connection) -> None:
        self._lock_all(live)
        for table in metadata.sorted_tables:
            new = f'"{self._beside}"."{table.name}"'
            live.exec_driver_sql(f'DROP TABLE "{self._schema}"."{table.name}"')
            live.exec_driver_sql(f'ALTER TABLE {new} SET SCHEMA "{self._schema}"')

    def _lock_all(self, live: Connection) -> None:
        """Has all tables to itself: from here on, nobody is in the middle of reading.

        Readers of several statements take `tracking` first, too, those of one statement take tables
        in an order of their own. So it never waits with some of them in hand
        for as long as it takes PostgreSQL to see a deadlock, but lets go and begins again.
        """
        order = (tracking, *(table for table in metadata.sorted_tables if table is not tracking))
        tables = ",".join(f'"{self._schema}"."{table.name}"' for table in order)
        for _ in range(LOCK_ATTEMPTS - 1):
            with suppress(OperationalError):
                self._take(tables, live)
                return
        self._take(tables, live)

    def _take(self, tables: str, live: Connection) -> None:
        with live.begin_nested():
            live.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            live.exec_driver_sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")

    def index_texts(self, new: Connection) -> None:
        text_index.make(new, self._beside)

    def tell(self, live: Connection, position: int) -> None:
        live.execute(select(func.pg_notify(*_told(position, self._schema))))

    def _drop(self) -> None:
        with self._views.begin() as connection:
            allow(connection, RESHAPE_SECONDS)
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{self._beside}" CASCADE')


def _same(columns: Sequence[str]) -> str:
    return " AND ".join(f"own.{quoted(c)}=page.{quoted(c)}" for c in columns)


def _arrays(
    table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> tuple[str, list[list[Any]]]:
    """Rows as arrays of PostgreSQL: what stands after FROM under the name `page`, its values."""
    arrays = ",".join(f"%b::{type_of(table, name)}[]" for name in columns)
    values = [_texts([row[name] for row in rows]) for name in columns]
    return f"unnest({arrays}) AS page({','.join(map(quoted, columns))})", values


def _texts(values: list[Any]) -> list[Any]:
    """The values of an array as the driver takes them: plain text of what is an enumeration's."""
    return [str(value) if isinstance(value, str) else value for value in values]


def _told(position: int, schema: str) -> tuple[str, str]:
    """Where other processes are told how far the views are, and in which words."""
    return notices.CHANNEL, notices.notice(position, notices.VIEWS, schema)
