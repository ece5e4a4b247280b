"""Texts to search by: a table, with an index of their trigrams; the next revision fills it"""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from projections.databases import text_index
from projections.values.search_texts import folded, milestone_text_id

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
PAGE = 5_000
"""Rows that are in memory at a time."""
Row = dict[str, Any]


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
        fill(table, keys, ("name",), sa.Column("search_text", TEXT), of_name)
    milestone = sa.Column("text_id", sa.BigInteger())
    fill("milestones", ("milestone_id",), ("name",), milestone, of_milestone)
    op.create_index("milestones_by_text", "milestones", ["text_id"])
    comment = "what it is searched by, beside names and its approval"
    sale = sa.Column("text_id", sa.BigInteger(), comment=comment)
    op.add_column("time_and_material", sale)
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


def of_name(row: Row) -> str:
    return folded(row["name"])


def of_milestone(row: Row) -> int:
    return milestone_text_id(row["milestone_id"])


def fill(
    name: str,
    keys: tuple[str, ...],
    read: tuple[str, ...],
    column: sa.Column[Any],
    of: Callable[[Row], Any],
) -> None:
    """Adds a column, with its values in the rows that are there."""
    op.add_column(name, column)
    own = sa.table(name, *map(sa.column, dict.fromkeys((*keys, *read, column.name))))
    change = (
        sa.update(own)
        .where(*(own.c[key] == sa.bindparam(f"of_{key}") for key in keys))
        .values({column.name: sa.bindparam("value")})
    )
    connection = op.get_bind()
    for rows in pages(own, keys, read):
        values = ({**{f"of_{key}": row[key] for key in keys}, "value": of(row)} for row in rows)
        connection.execute(change, list(values))
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
