"""Many rows of one table in one go, past SQLAlchemy's row by row: a driver's own fastest way.

SQLite takes many rows a statement, as VALUES. PostgreSQL takes few rows as arrays, in one
statement; many go by binary COPY into a temporary table and from there by one statement, for arrays
of `unnest` cost the driver about as much as the insert itself (docs/performance.md).
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

from sqlalchemy import BigInteger, Boolean, Connection, Date, Integer, Table

from projections.changes import Row
from projections.databases.connections import schema_of
from projections.databases.postgres import views_channel
from projections.tables import OFTEN_THE_SAME, VIEWS, tracking
from projections.values.sums import HALF

COPY_FROM = 100
"""Rows from which COPY is worth its temporary table."""
VALUES_TOGETHER = 20_000
"""Values that one statement of SQLite takes (it can take 32,766). With each row on its own, the
driver would stand back at each for other threads, among them the one that reads the next page."""
_TYPES: Mapping[type, str] = {BigInteger: "int8", Integer: "int4", Date: "date", Boolean: "bool"}


class Bulk(Protocol):
    """Writes rows of one table within the connection's transaction."""

    def move(self, after: int, position: int) -> bool:
        """Whether the views were at the position `after`: then they are at this one from now on."""
        ...

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        """These whole rows stand from now on; no two have the same primary key."""
        ...

    def patch(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """The rows that have these primary keys take the values of these columns."""
        ...

    def add(self, totals: Table, rows: Sequence[Row]) -> None:
        """Counts and sums are more by these; no two have the same primary key."""
        ...

    def drop_empty(self, totals: Table, rows: Sequence[Row]) -> None:
        """Those that have the primary keys of these go, if they count nothing."""
        ...

    def find(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row]
    ) -> list[dict[str, Any]]:
        """These columns of all rows that have the values of one of the given ones in `by`.

        No two of the given ones have the same there.
        """
        ...


def bulk(connection: Connection) -> Bulk:
    """The way of this connection's database."""
    schema = schema_of(connection.engine)
    return _Sqlite(connection) if schema is None else _Postgres(connection, schema)


class _Sqlite:
    def __init__(self, connection: Connection) -> None:
        self._cursor: Any = connection.connection.cursor()

    def move(self, after: int, position: int) -> bool:
        statement, values = _moved(_name(tracking, None), "?", after, position)
        return self._cursor.execute(statement, values).rowcount == 1

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        if OFTEN_THE_SAME in table.info:
            # An index of texts takes them in one go in the order of their numbers alone.
            (key,) = _keys(table)
            rows = sorted(rows, key=lambda row: row[key])
        self._upsert(table, rows, _conflict(table))

    def add(self, totals: Table, rows: Sequence[Row]) -> None:
        self._upsert(totals, rows, _addition(totals))

    def _upsert(self, table: Table, rows: Sequence[Row], conflict: str) -> None:
        columns = tuple(column.name for column in table.c)
        insert = _insert(table, columns, None)
        for listed, values in _listed(table, columns, rows):
            self._cursor.execute(f"{insert} {listed} {conflict}", values)

    def drop_empty(self, totals: Table, rows: Sequence[Row]) -> None:
        keys, own = _keys(totals), _name(totals, None)
        for listed, values in _listed(totals, keys, rows):
            empty = f"count=0 AND ({','.join(map(_quoted, keys))}) IN ({listed})"
            self._cursor.execute(f"DELETE FROM {own} WHERE {empty}", values)  # noqa: S608 - our own names

    def patch(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        keys, own = _keys(table), _name(table, None)
        sets = ",".join(f"{_quoted(c)}=page.column{n}" for n, c in enumerate(columns, 1))
        where = _listed_as(keys, len(columns) + 1)
        for listed, values in _listed(table, (*columns, *keys), rows):
            self._cursor.execute(
                f"UPDATE {own} AS own SET {sets} FROM ({listed}) AS page WHERE {where}",  # noqa: S608 - our own names
                values,
            )

    def find(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row]
    ) -> list[dict[str, Any]]:
        own, wanted = _name(table, None), ",".join(f"own.{_quoted(c)}" for c in columns)
        where = _listed_as(by, 1)
        found: list[dict[str, Any]] = []
        for listed, values in _listed(table, by, rows):
            # CROSS, so that rows are looked up by what is listed, not the other way round.
            statement = f"SELECT {wanted} FROM ({listed}) AS page CROSS JOIN {own} AS own"  # noqa: S608 - our own names
            found += _dicts(columns, self._cursor.execute(f"{statement} WHERE {where}", values))
        return found


class _Postgres:
    def __init__(self, connection: Connection, schema: str) -> None:
        self._cursor: Any = connection.connection.cursor()
        self._schema = schema

    def move(self, after: int, position: int) -> bool:
        statement, values = _moved(_name(tracking, self._schema), "%s", after, position)
        # Other processes hear of it once this is committed.
        tell = f"WITH moved AS ({statement} RETURNING 1) SELECT pg_notify(%s, %s) FROM moved"  # noqa: S608 - our own names
        told = (views_channel(self._schema), str(position))
        return self._cursor.execute(tell, (*values, *told)).rowcount == 1

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        self._upsert(table, rows, _conflict(table))

    def add(self, totals: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._upsert(totals, rows, _addition(totals))

    def _upsert(self, table: Table, rows: Sequence[Row], conflict: str) -> None:
        columns = tuple(column.name for column in table.c)
        insert = _insert(table, columns, self._schema)
        with self._page(table, columns, rows) as (page, values):
            self._cursor.execute(f"{insert} SELECT * FROM {page} {conflict}", values)  # noqa: S608 - our own names

    def drop_empty(self, totals: Table, rows: Sequence[Row]) -> None:
        if not rows:
            return
        keys, own = _keys(totals), _name(totals, self._schema)
        page, values = _arrays(totals, keys, rows)
        empty = f"own.count=0 AND {_same(keys)}"
        self._cursor.execute(f"DELETE FROM {own} AS own USING {page} WHERE {empty}", values)  # noqa: S608 - our own names

    def patch(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        keys, own = _keys(table), _name(table, self._schema)
        sets = ",".join(f"{_quoted(c)}=page.{_quoted(c)}" for c in columns)
        with self._page(table, (*columns, *keys), rows) as (page, values):
            self._cursor.execute(
                f"UPDATE {own} AS own SET {sets} FROM {page} WHERE {_same(keys)}",  # noqa: S608 - our own names
                values,
            )

    def find(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row]
    ) -> list[dict[str, Any]]:
        if not rows:
            return []
        own, wanted = _name(table, self._schema), ",".join(f"own.{_quoted(c)}" for c in columns)
        page, values = _arrays(table, by, rows)
        statement = f"SELECT {wanted} FROM {page} JOIN {own} AS own ON {_same(by)}"  # noqa: S608 - our own names
        return _dicts(columns, self._cursor.execute(statement, values))

    @contextmanager
    def _page(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> Generator[tuple[str, list[list[Any]]]]:
        """The rows as what stands after FROM under the name `page`, and its parameters."""
        if len(rows) < COPY_FROM:
            yield _arrays(table, columns, rows)
            return
        types = [_type(table, name) for name in columns]
        shape = ",".join(f"{_quoted(c)} {kind}" for c, kind in zip(columns, types, strict=True))
        self._cursor.execute(f"CREATE TEMP TABLE page ({shape}) ON COMMIT DROP")
        with self._cursor.copy("COPY page FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in map(itemgetter(*columns), rows):
                copy.write_row(row)
        yield "page", []
        self._cursor.execute("DROP TABLE page")


def _same(columns: Sequence[str]) -> str:
    return " AND ".join(f"own.{_quoted(c)}=page.{_quoted(c)}" for c in columns)


def _listed_as(columns: Sequence[str], first: int) -> str:
    """The same where the rows are VALUES, whose columns have numbers."""
    numbered = enumerate(columns, first)
    return " AND ".join(f"own.{_quoted(c)}=page.column{n}" for n, c in numbered)


def _arrays(
    table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> tuple[str, list[list[Any]]]:
    """Rows as arrays of PostgreSQL: what stands after FROM under the name `page`, its values."""
    arrays = ",".join(f"%b::{_type(table, name)}[]" for name in columns)
    values = [_texts([row[name] for row in rows]) for name in columns]
    return f"unnest({arrays}) AS page({','.join(map(_quoted, columns))})", values


def _dicts(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _moved(table: str, mark: str, after: int, position: int) -> tuple[str, tuple[int, ...]]:
    """The statement, with its values, that moves the position on if it is at `after`."""
    if after == 0:
        insert = f"INSERT INTO {table} (name, position) VALUES ('{VIEWS}', {mark})"  # noqa: S608 - our own names
        return f"{insert} ON CONFLICT DO NOTHING", (position,)
    update = f"UPDATE {table} SET position={mark} WHERE name='{VIEWS}' AND position={mark}"  # noqa: S608 - as above
    return update, (position, after)


def _type(table: Table, column: str) -> str:
    return _TYPES.get(type(table.c[column].type), "text")


def _listed(
    table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> Iterator[tuple[str, list[Any]]]:
    """The rows as VALUES of some statements, and what these are; most rows first.

    Each statement takes a power of two of them, so that few different ones come again and again and
    the driver keeps them compiled.
    """
    values = list(_plain(table, columns, rows))
    largest = 1 << (max(1, VALUES_TOGETHER // len(columns)).bit_length() - 1)
    marks, start = f"({','.join('?' * len(columns))})", 0
    while start < len(values):
        size = min(largest, 1 << ((len(values) - start).bit_length() - 1))
        some = chain.from_iterable(values[start : start + size])
        yield f"VALUES {','.join([marks] * size)}", list(some)
        start += size


def _plain(table: Table, columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Sequence[Any]]:
    """The values as SQLite keeps them: dates in text."""
    dates = [n for n, name in enumerate(columns) if _type(table, name) == "date"]
    for row in _in_order(columns, rows):
        values = list(row)
        for n in dates:
            if values[n]:
                values[n] = values[n].isoformat()
        yield values


def _in_order(columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Sequence[Any]]:
    if len(columns) == 1:
        return ([row[columns[0]]] for row in rows)
    return map(itemgetter(*columns), rows)


def _texts(values: list[Any]) -> list[Any]:
    """The values of an array as the driver takes them: plain text of what is an enumeration's."""
    return [str(value) if isinstance(value, str) else value for value in values]


@cache
def _keys(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


@cache
def _insert(table: Table, columns: tuple[str, ...], schema: str | None) -> str:
    return f"INSERT INTO {_name(table, schema)} AS own ({','.join(map(_quoted, columns))})"


@cache
def _conflict(table: Table) -> str:
    keys = _keys(table)
    values = [_quoted(column.name) for column in table.c if column.name not in keys]
    sets = ",".join(f"{value}=excluded.{value}" for value in values)
    update = f"ON CONFLICT ({','.join(map(_quoted, keys))}) DO UPDATE SET {sets}"
    told = table.info.get(OFTEN_THE_SAME)
    return f"{update} WHERE own.{told}<>excluded.{told}" if told else update


@cache
def _addition(totals: Table) -> str:
    sets = ["count=own.count+excluded.count"]
    for name in ("amount", "tax"):
        low = f"(own.{name}_low+excluded.{name}_low)"
        sets += [
            f"{name}_high=own.{name}_high+excluded.{name}_high+{low}/{HALF}",
            f"{name}_low={low}-{low}/{HALF}*{HALF}",
        ]
    return f"ON CONFLICT ({','.join(map(_quoted, _keys(totals)))}) DO UPDATE SET {','.join(sets)}"


def _name(table: Table, schema: str | None) -> str:
    return _quoted(table.name) if schema is None else f"{_quoted(schema)}.{_quoted(table.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
