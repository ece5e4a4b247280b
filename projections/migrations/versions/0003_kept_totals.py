"""Totals of both backlog views, kept beside their rows"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FIXED_PRICE = ("contract_id", "line_id", "customer_id", "billing_status", "currency")
TIME_AND_MATERIAL = (
    "contract_id",
    "line_id",
    "customer_id",
    "billing_status",
    "class",
    "billing_type",
    "nte_status",
    "adjustment_status",
    "currency",
)
HALF = 1_000_000


def upgrade() -> None:
    for view, kind in (("fixed_price", FIXED_PRICE), ("time_and_material", TIME_AND_MATERIAL)):
        totals = op.create_table(
            f"{view}_totals",
            *(sa.Column(name, TEXT, nullable=False) for name in kind),
            sa.Column("count", sa.BigInteger(), nullable=False),
            sa.Column("amount_high", sa.BigInteger(), nullable=False),
            sa.Column("amount_low", sa.BigInteger(), nullable=False),
            sa.Column("tax_high", sa.BigInteger(), nullable=False),
            sa.Column("tax_low", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint(*kind),
            sqlite_with_rowid=False,
        )
        op.bulk_insert(totals, summed(view, kind))


def summed(view: str, kind: tuple[str, ...]) -> list[dict[str, Any]]:
    """The sums of the rows that are there, each in the one way that it is kept in."""
    rows = sa.table(view, *map(sa.column, (*kind, "amount", "tax")))
    keys = [rows.c[name] for name in kind]
    halves = (
        sa.func.sum(rows.c[name].op(sign)(HALF)).label(f"{name}_{half}")
        for name in ("amount", "tax")
        for sign, half in (("/", "high"), ("%", "low"))
    )
    sums = sa.select(*keys, sa.func.count().label("count"), *halves).group_by(*keys)
    return [
        {
            **{name: row[name] for name in (*kind, "count")},
            **halved("amount", row["amount_high"], row["amount_low"]),
            **halved("tax", row["tax_high"], row["tax_low"]),
        }
        for row in op.get_bind().execute(sums).mappings()
    ]


def halved(name: str, high: int, low: int) -> dict[str, int]:
    """A sum in whole millions of minor units and the rest."""
    whole_high, rest = divmod(int(high) * HALF + int(low), HALF)
    return {f"{name}_high": whole_high, f"{name}_low": rest}


def downgrade() -> None:
    op.drop_table("time_and_material_totals")
    op.drop_table("fixed_price_totals")
