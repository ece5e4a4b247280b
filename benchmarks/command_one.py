"""How long one caller waits for one command, against the least that it could take.

The least is what no durable service on this framework gets around: its echo of the same body, and
one INSERT of one event by the bare driver, committed on the same database server.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from statistics import median
from time import perf_counter

import psycopg
from psycopg.sql import SQL, Identifier

from benchmarks.client import Line
from benchmarks.databases import POSTGRESQL, Bench
from benchmarks.measuring import Figure, Row, interleaved
from benchmarks.office import check_marked, mark, office
from benchmarks.raw import SCHEMA, empty_file, events_table, like, shape
from benchmarks.served import ECHO
from service.tenants.opening import sqlite_path
from service.tenants.tenant import Tenant

COMMAND_ONE = Figure(
    name="command_one",
    what="p50 over HTTP of marking one item ready, one connection, durable, against a FastAPI "
    "echo on the same server plus one durable INSERT by the bare driver",
    unit="ms",
    against_unit="ms",
    floor=3.0,
    stretch=1.5,
    better="less",
)
CONTRACT = "ALONE"
STATE = b"x" * 400
"""As long as the stored form of a mark, about."""


def measure_command_one(bench: Bench) -> Row:
    """One request after the other, each another item; the views follow meanwhile, as always.

    In many short blocks, for how long a disk takes to sync wavers more than anything else.
    """
    sizes, service = bench.sizes, office(bench)
    needed = (sizes.alone_blocks + 1) * sizes.alone_requests
    items = service.take_in([CONTRACT], (needed + 1) // 2)[:needed]
    taken: dict[str, list[float]] = {"echo": [], "insert": []}
    with closing(Line(service.port)) as line, _insert(bench) as insert:

        def echo() -> None:
            line.ask(mark(items[:1], path=ECHO)).expect()

        def ready() -> None:
            item = items.pop()
            check_marked(line.ask(mark([item])), [item])

        def limit() -> float:
            for name, act in (("echo", echo), ("insert", insert)):
                taken[name].append(_p50(act, sizes.alone_requests))
            return taken["echo"][-1] + taken["insert"][-1]

        def ours() -> float:
            reached = _p50(ready, sizes.alone_requests)
            service.be_quiet()
            return reached

        bench.databases.settle()
        limit()
        ours()  # once each before it counts: the first calls are slower
        pair = interleaved(limit, ours, sizes.alone_blocks)
    return COMMAND_ONE.row(
        bench.kind,
        pair.ours,
        pair.limit,
        pair.repetitions,
        echo_p50_ms=median(taken["echo"][1:]),
        insert_p50_ms=median(taken["insert"][1:]),
    )


def _p50(act: Callable[[], object], times: int) -> float:
    """The median of what it takes, in milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        started = perf_counter()
        act()
        taken.append(perf_counter() - started)
    return 1_000 * median(taken)


@contextmanager
def _insert(bench: Bench) -> Generator[Callable[[], object]]:
    """Inserts one event into a table like the history's, with its indexes, and commits."""
    url = bench.databases.new()
    with closing(Tenant(url, project=False)) as tenant:
        table = events_table(tenant)
    with _on_postgres(url, table) if bench.kind == POSTGRESQL else _on_sqlite(url, table) as insert:
        yield insert
    bench.databases.drop(url)


@contextmanager
def _on_postgres(url: str, table: str) -> Generator[Callable[[], object]]:
    own = like(url, SQL("{}.{}").format(Identifier(SCHEMA), Identifier(table)), "alone")
    insert = SQL("INSERT INTO {} VALUES ('line/C/L', %s, 'MarkedReady.v1', %s, %s)").format(own)
    with psycopg.connect(url, autocommit=True) as connection:
        numbers = iter(range(1_000_000))

        def act() -> None:
            number = next(numbers)
            connection.execute(insert, (number, STATE, number), prepare=True)

        yield act


@contextmanager
def _on_sqlite(url: str, table: str) -> Generator[Callable[[], object]]:
    path = sqlite_path(url)
    with closing(sqlite3.connect(path)) as history:
        statements = shape(history, table)
    insert = f"INSERT INTO {table} VALUES ('line/C/L', ?, 'MarkedReady.v1', ?)"  # noqa: S608 - the history's own table
    with closing(empty_file(path.with_name("alone.db"), statements, "FULL")) as connection:
        numbers = iter(range(1_000_000))
        yield lambda: connection.execute(insert, (next(numbers), STATE))
