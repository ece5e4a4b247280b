"""Texts to search by: folded, each once, with an index of their trigrams"""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from projections.databases import text_index
from projections.values.search_texts import approval_row, each_once, folded, milestone_row, text_row

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAMED = {
    "contracts": ("contract_id",),
    "contract_lines": ("contract_id", "line_id"),
    "contract_customers": ("contract_id", "customer_id"),
}
SEARCHED = ("description", "resource", "role", "category", "task_id")
PAGE = 5_000
"""Rows that are in memory at a time."""
Row = dict[str, Any]
texts = sa.table("search_texts", *map(sa.column, ("text_id", "text", "key", "approval_id")))


def upgrade() -> None:
    op.create_table(
        "search_texts",
        sa.Column(
            "text_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=False,
            comment="a digest of what it is the text of",
        ),
        sa.Column("text", TEXT, nullable=False, comment="folded; several are told apart"),
        sa.Column("key", TEXT, nullable=False, comment="ASCII letters, for the index of trigrams"),
        sa.Column("approval_id", TEXT, comment="the approval that this is the id of"),
    )
    for table, keys in NAMED.items():
        fill(table, keys, ("name",), sa.Column("search_text", TEXT), named)
    milestone = sa.Column("text_id", sa.BigInteger())
    fill("milestones", ("milestone_id",), ("name",), milestone, of_milestone)
    op.create_index("milestones_by_text", "milestones", ["text_id"])
    comment = "what it is searched by, beside names and its approval"
    sale = sa.Column("text_id", sa.BigInteger(), comment=comment)
    fill("time_and_material", ("item_id",), ("approval_id", *SEARCHED), sale, of_sale)
    some = sa.text("text_id IS NOT NULL")
    op.create_index(
        "time_and_material_by_text",
        "time_and_material",
        ["text_id"],
        postgresql_where=some,
        sqlite_where=some,
    )
    connection = op.get_bind()
    is_postgres = connection.dialect.name == "postgresql"
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar() if is_postgres else None
    text_index.make(connection, schema)


def named(row: Row) -> tuple[Any, list[Row | None]]:
    return folded(row["name"]), []


def of_milestone(row: Row) -> tuple[Any, list[Row | None]]:
    text = milestone_row(row["name"], row["milestone_id"])
    return text["text_id"], [text]


def of_sale(row: Row) -> tuple[Any, list[Row | None]]:
    text = text_row(*(row[name] for name in SEARCHED))
    return text and text["text_id"], [text, approval_row(row["approval_id"])]


def fill(
    name: str,
    keys: tuple[str, ...],
    read: tuple[str, ...],
    column: sa.Column[Any],
    of: Callable[[Row], tuple[Any, list[Row | None]]],
) -> None:
    """Adds a column, with its values in the rows that are there and the texts that these need."""
    op.add_column(name, column)
    own = sa.table(name, *map(sa.column, dict.fromkeys((*keys, *read, column.name))))
    change = (
        sa.update(own)
        .where(*(own.c[key] == sa.bindparam(f"of_{key}") for key in keys))
        .values({column.name: sa.bindparam("value")})
    )
    connection = op.get_bind()
    for rows in pages(own, keys, read):
        found = [of(row) for row in rows]
        add([text for _, some in found for text in some])
        values = (
            {**{f"of_{key}": row[key] for key in keys}, "value": value}
            for row, (value, _) in zip(rows, found, strict=True)
        )
        connection.execute(change, list(values))
    if name != "time_and_material":
        with op.batch_alter_table(name) as table:
            table.alter_column(column.name, existing_type=column.type, nullable=False)


def pages(own: sa.TableClause, keys: tuple[str, ...], read: tuple[str, ...]) -> Iterator[list[Row]]:
    """All rows, in pages by their keys."""
    key = [own.c[name] for name in keys]
    columns = [own.c[name] for name in dict.fromkeys((*keys, *read))]
    statement = sa.select(*columns).order_by(*key).limit(PAGE)
    rows = [dict(row) for row in op.get_bind().execute(statement).mappings()]
    while rows:
        yield rows
        behind = sa.tuple_(*key) > sa.tuple_(*(rows[-1][name] for name in keys))
        found = op.get_bind().execute(statement.where(behind)).mappings()
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
    text_index.drop(op.get_bind())
    op.drop_index("time_and_material_by_text", table_name="time_and_material")
    op.drop_index("milestones_by_text", table_name="milestones")
    for name in ("time_and_material", "milestones"):
        with op.batch_alter_table(name) as table:
            table.drop_column("text_id")
    for name in NAMED:
        with op.batch_alter_table(name) as table:
            table.drop_column("search_text")
    op.drop_table("search_texts")
