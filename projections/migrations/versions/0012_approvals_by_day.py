"""Texts to search: ids of approvals by day and event, keys that short texts are found in"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from projections.databases import text_index
from projections.values.search_texts import approvals_row, each_once, milestone_row, sale_text

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEARCHED = ("description", "resource", "role", "category", "task_id")
PAGE = 5_000
"""Rows that are in memory at a time."""
Row = dict[str, Any]
texts = sa.table("search_texts", *map(sa.column, ("text_id", "text", "key", "approval_ids")))


def upgrade() -> None:
    make_anew("approval_ids", "the approvals whose ids this is")
    fill("milestones", "milestone_id", ("name",), of_milestone)
    fill("time_and_material", "item_id", ("approval_id", *SEARCHED), of_sale)
    sales = sa.table("time_and_material", *map(sa.column, ("position", "item_id", "approval_id")))
    sales.append_column(sa.column("date", sa.Date()))
    rows = (row for page in pages(sales, ("position", "item_id")) for row in page)
    waiting: list[Row | None] = []
    for position, recorded in groupby(rows, lambda row: row["position"]):
        days: dict[Any, list[str]] = {}
        for row in recorded:
            days.setdefault(row["date"], []).append(row["approval_id"])
        waiting += [approvals_row(position, day, ids) for day, ids in days.items()]
        if len(waiting) >= PAGE:
            add(waiting)
            waiting.clear()
    add(waiting)
    make_index()


def make_anew(column: str, comment: str) -> None:
    """Makes the table anew, which has nothing that is not told by other tables."""
    text_index.drop(op.get_bind())
    op.drop_table("search_texts")
    op.create_table(
        "search_texts",
        sa.Column(
            "text_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=False,
            comment="a digest of what it is the text of; of approvals their day and position",
        ),
        sa.Column("text", TEXT, nullable=False, comment="folded; several are told apart"),
        sa.Column("key", TEXT, nullable=False, comment="ASCII letters, for the index of trigrams"),
        sa.Column(column, TEXT, comment=comment),
    )


def make_index() -> None:
    connection = op.get_bind()
    is_postgres = connection.dialect.name == "postgresql"
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar() if is_postgres else None
    text_index.make(connection, schema)


def of_milestone(row: Row) -> Row | None:
    return milestone_row(row["name"], row["milestone_id"])


def of_sale(row: Row) -> Row | None:
    return sale_text(*(row[name] for name in SEARCHED), approval_id=row["approval_id"])


def fill(name: str, key: str, read: tuple[str, ...], of: Callable[[Row], Row | None]) -> None:
    """Adds what the rows of a table are searched by, and tells them the number of it."""
    own = sa.table(name, *map(sa.column, (key, *read, "text_id")))
    of_key = own.c[key] == sa.bindparam("of_key")
    change = sa.update(own).where(of_key).values(text_id=sa.bindparam("value"))
    for rows in pages(own, (key,)):
        found = [of(row) for row in rows]
        add(found)
        numbers = [text and text["text_id"] for text in found]
        values = [
            {"of_key": row[key], "value": number}
            for row, number in zip(rows, numbers, strict=True)
            if number != row["text_id"]
        ]
        if values:
            op.get_bind().execute(change, values)


def pages(own: sa.TableClause, keys: tuple[str, ...]) -> Iterator[list[Row]]:
    """All rows, in pages by their keys."""
    key = [own.c[name] for name in keys]
    statement = sa.select(own).order_by(*key).limit(PAGE)
    rows = [dict(row) for row in op.get_bind().execute(statement).mappings()]
    while rows:
        yield rows
        after = sa.tuple_(*key) > sa.tuple_(*(rows[-1][name] for name in keys))
        found = op.get_bind().execute(statement.where(after)).mappings()
        rows = [dict(row) for row in found]


def add(rows: list[Row | None]) -> None:
    """Adds the texts that are not there yet."""
    wanted = {row["text_id"]: row for row in each_once(rows)}
    numbers, connection = list(wanted), op.get_bind()
    for start in range(0, len(numbers), 500):
        some = texts.c.text_id.in_(numbers[start : start + 500])
        for known in connection.execute(sa.select(texts.c.text_id).where(some)).scalars().all():
            del wanted[known]
    if wanted:
        connection.execute(sa.insert(texts), list(wanted.values()))


def downgrade() -> None:
    make_anew("approval_id", "the approval that this is the id of")
    make_index()
