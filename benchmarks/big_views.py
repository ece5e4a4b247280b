"""Backlogs of any size, put into the views past the service: hundreds of contracts and customers.

The contracts, their lines and customers come by import, so the views are as they always are; the
rows of the time-and-material view alone are put there in bulk, for importing that many would take
longer than all that is measured on them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Table, Text, func, insert, literal_column, select, text

from benchmarks.databases import POSTGRESQL, Bench
from benchmarks.measuring import tell
from benchmarks.workload import (
    FIRST_DAY,
    LINE,
    contract_ids,
    customers_of,
    definitions,
    write_ndjson,
)
from projections.databases.connections import RESHAPE_SECONDS, allow
from projections.keeping.catching_up import catch_up
from projections.keeping.totals import kind_of
from projections.projecting.time_and_material import MOST_OF_AN_EVENT
from projections.tables import (
    FAILED_LEVELS,
    MONTH,
    OF_A_CONTRACT,
    search_texts,
    time_and_material,
    time_and_material_totals,
)
from projections.values.search_texts import approvals_row, each_once, text_row
from projections.values.sums import halves
from projections.views.backlog.sums.counting import month_of
from service.importing.importing import import_events
from service.ledger.group_commit import Context
from service.tenants.names import DEFAULT
from service.tenants.opening import schema_of, sqlite_path
from service.tenants.tenant import Tenant

LIMIT = 100
"""Rows of a page."""
CUSTOMER = "CU-000"
"""Of one row in twenty, whatever the size."""
RECORDED_TOGETHER = 50
"""Approvals of a contract that one event records, as of an import."""
STATUS = "ready"
STATUSES = ("not_ready", STATUS) * 4 + ("invoice_created", "invoice_posted")
KIND = kind_of(time_and_material)
COLUMNS = (
    "item_id", "position", "approval_id", "contract_id", "line_id", "customer_id", "class", "date",
    "resource", "role", "category", "task_id", "description", "quantity", "unit_price", "amount",
    "tax", "currency", "billing_type", "billing_status", "nte_status", "nte_detail", "invoice_id",
    "adjustment_status", "sequence", "text_id",
)  # fmt: skip


def big_views(bench: Bench, rows: int) -> str:
    """A database whose time-and-material view has so many rows."""
    tell(f"  making a view of {rows:,} rows")
    url = bench.databases.new()
    ids = contract_ids(bench.sizes.page_contracts)
    path = write_ndjson(bench.folder / "contracts.ndjson", definitions(ids))
    indexes = sorted(time_and_material.indexes, key=lambda index: str(index.name))
    with closing(Tenant(url, project=False)) as tenant:
        import_events(tenant, path, Context(actor="benchmarks", correlation_id="contracts"))
        catch_up(tenant.ledger, tenant.writer)
        # Indexes are made afterwards, at a tenth of what it takes to keep them meanwhile.
        with tenant.views.begin() as connection:
            for index in indexes:
                index.drop(connection)
        insert = _insert_postgres if bench.kind == POSTGRESQL else _insert_sqlite
        insert(url, time_and_material, _rows(ids, rows))
        insert(url, search_texts, _texts(_rows(ids, rows)))
        with tenant.views.begin() as connection:
            allow(connection, RESHAPE_SECONDS)
            for index in indexes:
                index.create(connection)
            _sum_up(connection)
            if bench.kind == POSTGRESQL:  # what autovacuum does within a minute of such a load
                connection.execute(text("ANALYZE"))
    bench.databases.settle()
    return url


def _rows(contracts: list[str], count: int) -> Iterator[tuple[Any, ...]]:
    """Rows over all contracts and days, in mixed statuses; the two shares of an approval follow
    each other."""
    days = [FIRST_DAY + timedelta(days) for days in range(60)]
    for number in range(count):
        approval, share = divmod(number, 2)
        round_, contract = divmod(approval, len(contracts))
        batch, place = divmod(round_, RECORDED_TOGETHER)
        status = STATUSES[round_ % len(STATUSES)]
        is_billed = status in {"invoice_created", "invoice_posted"}
        yield _row(
            batch * len(contracts) + contract + 1,
            2 * place + share,
            contracts[contract],
            customers_of(contract)[share],
            f"A{approval:07d}",
            days[2 * approval * len(days) // count],
            status,
            f"INV-{contract}" if is_billed else None,
        )


def _row(  # noqa: PLR0913, PLR0917 - one for each column that differs
    position: int,
    place: int,
    contract_id: str,
    customer_id: str,
    approval_id: str,
    day: date,
    status: str,
    invoice_id: str | None,
) -> tuple[Any, ...]:
    digest = hashlib.blake2b(f"{approval_id}{customer_id}".encode(), digest_size=16).hexdigest()
    return (
        f"{contract_id}~{LINE}~{digest}", position, approval_id, contract_id, LINE, customer_id,
        "time", day, "Zoë Lindqvist", "consultant", None, "T-10", _what(int(approval_id[1:])),
        4_500_000, 11_000, 49_500, 10_395, "EUR", "chargeable", status, "committed", None,
        invoice_id, "adjustable", position * MOST_OF_AN_EVENT + place,
        _said(_what(int(approval_id[1:])))["text_id"],
    )  # fmt: skip


def _what(approval: int) -> str:
    """What was done: one description in two of most approvals, many others, and some but once."""
    if approval % 2:
        return "Workshop on stock movements"
    return f"Review of delivery note {approval % 50_000}"


def _said(description: str) -> dict[str, Any]:
    return text_row(description, "Zoë Lindqvist", "consultant", None, "T-10") or {}


def _texts(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The texts that such rows are searched by, in the order that their index takes them in."""
    number, approval, day, what = map(
        COLUMNS.index, ("position", "approval_id", "date", "description")
    )
    days: dict[tuple[int, date], list[str]] = {}
    said: dict[str, None] = {}
    for row in rows:
        days.setdefault((row[number], row[day]), []).append(row[approval])
        said[row[what]] = None
    ids = (approvals_row(*key, several) for key, several in days.items())
    texts = each_once(chain(map(_said, said), ids))
    yield from (tuple(row.values()) for row in sorted(texts, key=itemgetter("text_id")))


def _sum_up(connection: Connection) -> None:
    """Has totals kept of the rows, as if they had come one by one."""
    own = time_and_material.c
    derived = {MONTH: month_of(own.date), FAILED_LEVELS: literal_column("''", Text)}
    by = {name: derived[name] if name in derived else own[name] for name in KIND}
    nothing = literal_column("''", Text)
    for empty in ((MONTH,), OF_A_CONTRACT):
        columns = [nothing if name in empty else each for name, each in by.items()]
        keys = [each for name, each in by.items() if name not in {*empty, FAILED_LEVELS}]
        sums = [half for name in ("amount", "tax") for half in halves(own[name], name)]
        summed = select(*columns, func.count(), *sums).group_by(*keys)
        names = [column.name for column in time_and_material_totals.c]
        connection.execute(insert(time_and_material_totals).from_select(names, summed))


def _insert_postgres(url: str, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    statement = SQL("COPY {}.{} ({}) FROM STDIN").format(
        Identifier(schema_of(DEFAULT)),
        Identifier(table.name),
        SQL(",").join(map(Identifier, _columns(table))),
    )
    with psycopg.connect(url) as connection, connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _insert_sqlite(url: str, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    columns = ",".join(f'"{name}"' for name in _columns(table))
    marks = ",".join("?" * len(_columns(table)))
    plain = (tuple(v.isoformat() if isinstance(v, date) else v for v in row) for row in rows)
    path = sqlite_path(url).with_suffix(".views.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            f"INSERT INTO {table.name} ({columns}) VALUES ({marks})",  # noqa: S608 - our own
            plain,
        )


def _columns(table: Table) -> tuple[str, ...]:
    return COLUMNS if table is time_and_material else tuple(column.name for column in table.c)
