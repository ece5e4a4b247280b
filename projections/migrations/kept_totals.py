"""Totals made anew of the rows that are there, for the steps that change what these are kept by."""

from typing import Any

import sqlalchemy as sa
from alembic import op

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OF_A_CONTRACT = ("contract_id", "line_id", "customer_id")
LEVELS = ("line_customer", "line", "contract_customer", "contract")
HALF = 1_000_000
NONE = sa.literal_column("''", sa.Text)


def by_contract_and_month(view: str, *further: str) -> None:
    """Totals in which each row counts twice: by contract, line and customer, and by month."""
    by_month = {**dict.fromkeys(OF_A_CONTRACT, NONE), "month": month()}
    make_anew(view, (*OF_A_CONTRACT, "month", *further), {"month": NONE}, by_month)


def make_anew(view: str, kind: tuple[str, ...], *several: dict[str, Any]) -> None:
    """Puts totals of the rows that are there in the place of the older ones, in several ways."""
    op.drop_table(f"{view}_totals")
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
    for columns in several:
        known = {"failed_levels": failed_levels(), **columns}
        keys = {name: known.get(name, sa.column(name)) for name in kind}
        op.bulk_insert(totals, summed(view, keys))


def summed(view: str, keys: dict[str, Any]) -> list[dict[str, Any]]:
    """The sums of the rows that are there, each in the one way that it is kept in."""
    halves = (
        sa.func.sum(sa.column(name, sa.BigInteger).op(sign)(HALF)).label(f"{name}_{half}")
        for name in ("amount", "tax")
        for sign, half in (("/", "high"), ("%", "low"))
    )
    # Named by numbers: a column of the view itself would be grouped by instead.
    numbered = [key.label(f"key_{n}") for n, key in enumerate(keys.values())]
    sums = (
        sa.select(*numbered, sa.func.count().label("count"), *halves)
        .select_from(sa.table(view))
        .group_by(*(sa.literal_column(key.name, sa.Text) for key in numbered))
    )
    return [
        {
            **{name: row[f"key_{n}"] for n, name in enumerate(keys)},
            "count": row["count"],
            **halved("amount", row["amount_high"], row["amount_low"]),
            **halved("tax", row["tax_high"], row["tax_low"]),
        }
        for row in op.get_bind().execute(sums).mappings()
    ]


def halved(name: str, high: int, low: int) -> dict[str, int]:
    """A sum in whole millions of minor units and the rest."""
    whole_high, rest = divmod(int(high) * HALF + int(low), HALF)
    return {f"{name}_high": whole_high, f"{name}_low": rest}


def month() -> Any:
    """The month of a date, which is text on SQLite."""
    if op.get_bind().dialect.name == "sqlite":
        return sa.func.substr(sa.column("date"), 1, 7)
    return sa.func.to_char(sa.column("date"), "YYYY-MM")


def failed_levels() -> Any:
    """The levels that stand in the JSON of a row, each ended by a comma."""
    detail = sa.func.coalesce(sa.column("nte_detail", sa.Text), "")
    levels = NONE
    for level in LEVELS:
        without = sa.func.length(sa.func.replace(detail, f'"{level}"', ""))
        has_level = without < sa.func.length(detail)
        levels = levels.op("||")(sa.case((has_level, f"{level},"), else_=""))
    return levels
