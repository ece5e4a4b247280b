"""Invoices in full: edits and their sources, approvals, corrections; why each actual was booked

Until now nothing was edited or corrected, and only confirmations booked actuals.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FOUR = ("quantity", "unit_price", "amount", "tax")


def four(prefix: str, comment: str) -> list[sa.Column[Any]]:
    return [sa.Column(f"{prefix}_{name}", sa.BigInteger(), comment=comment) for name in FOUR]


def invoices() -> list[sa.Column[Any]]:
    return [
        sa.Column("corrects", TEXT, comment="the invoice that it corrects"),
        sa.Column("corrects_number", TEXT),
        sa.Column("has_corrections", sa.Boolean()),
        sa.Column("approval_actor", TEXT),
        sa.Column("approval_at", TEXT, comment="ISO 8601, in UTC"),
        sa.Column("approval_version", sa.Integer(), comment="null unless it is approved"),
    ]


def details() -> list[sa.Column[Any]]:
    return [
        sa.Column("external_description", TEXT),
        sa.Column("edited", sa.Boolean()),
        sa.Column("recalled", sa.Boolean()),
        *four("source", "of what it was drafted from"),
        sa.Column("source_billing_type", TEXT),
        sa.Column("corrects_detail", TEXT, comment="the billed detail that it corrects"),
        sa.Column("corrected_by", TEXT, comment="the invoice that corrects it"),
        *four("original", "of the detail that it corrects, as it was billed"),
    ]


def actuals() -> list[sa.Column[Any]]:
    of_invoice = "null in older ones: it is that of their invoice"
    return [
        sa.Column("sequence", sa.BigInteger(), comment="the order they were booked in"),
        sa.Column("cause", TEXT),
        sa.Column("replaces", TEXT, comment="the actual whose place it takes"),
        sa.Column("accounting_date", sa.Date(), comment=of_invoice),
        sa.Column("billing_status", TEXT),
    ]


ADDED = {"invoices": invoices, "invoice_details": details, "booked_actuals": actuals}
MANDATORY = {
    "invoices": ("has_corrections",),
    "invoice_details": ("edited", "recalled"),
    "booked_actuals": ("sequence", "cause", "billing_status"),
}
BOOKED = "UPDATE booked_actuals SET cause = 'confirmation', billing_status = 'invoice_posted'"
IN_ORDER = """
    UPDATE booked_actuals SET sequence = booked.position * 10000000 + booked.place
    FROM (
        SELECT actual_id, position, -1 + row_number() OVER (
            PARTITION BY position ORDER BY line_id, date, coalesce(item_id, ''), type DESC
        ) AS place
        FROM booked_actuals
    ) AS booked
    WHERE booked.actual_id = booked_actuals.actual_id
"""
"""Each event has listed them by detail, what reverses first."""
NOT_EDITED = "UPDATE invoice_details SET edited = false, recalled = false"
FROM_ITEMS = """
    UPDATE invoice_details SET source_quantity = quantity, source_unit_price = unit_price,
        source_amount = amount, source_tax = tax, source_billing_type = billing_type
    WHERE item_id IS NOT NULL
"""
INDEXES: dict[str, tuple[tuple[str, list[str], list[str]], ...]] = {
    "time_and_material": (("by_position", ["position"], []), ("by_sequence", [], ["sequence"])),
    "booked_actuals": (
        ("by_position", ["position", "actual_id"], []),
        ("by_sequence", [], ["sequence"]),
        (
            "by_contract",
            ["contract_id", "position", "actual_id"],
            ["contract_id", "sequence"],
        ),
    ),
}
"""Indexes, with their columns before and after."""


def upgrade() -> None:
    for name, columns in ADDED.items():
        for column in columns():
            op.add_column(name, column)
    op.execute("UPDATE invoices SET has_corrections = false")
    for statement in (NOT_EDITED, FROM_ITEMS, BOOKED, IN_ORDER):
        op.execute(statement)
    reindex(before=1, after=2)
    for name, columns in ADDED.items():
        with op.batch_alter_table(name) as table:
            for column in columns():
                if column.name in MANDATORY[name]:
                    table.alter_column(
                        column.name,
                        existing_type=column.type,
                        existing_comment=column.comment,
                        nullable=False,
                    )
            if name == "booked_actuals":
                comment = "null where no invoice has booked it"
                table.alter_column("invoice_id", existing_type=TEXT, nullable=True, comment=comment)
    corrects = sa.text("corrects IS NOT NULL")
    op.create_index(
        "invoices_by_corrects",
        "invoices",
        ["corrects"],
        postgresql_where=corrects,
        sqlite_where=corrects,
    )
    op.create_table(
        "booked_sales",
        sa.Column("item_id", TEXT, primary_key=True),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("accounting_date", sa.Date(), nullable=False),
        sa.Column("replaces", TEXT, comment="the actual whose place it takes"),
    )


def reindex(*, before: int, after: int) -> None:
    for table, indexes in INDEXES.items():
        for index in indexes:
            name = f"{table}_{index[0]}"
            if index[before]:
                op.drop_index(name, table_name=table)
            if index[after]:
                op.create_index(name, table, list(index[after]))


def downgrade() -> None:
    op.drop_table("booked_sales")
    op.drop_index("invoices_by_corrects", table_name="invoices")
    op.execute("DELETE FROM booked_actuals WHERE invoice_id IS NULL")
    reindex(before=2, after=1)
    for name, columns in ADDED.items():
        with op.batch_alter_table(name) as table:
            for column in columns():
                table.drop_column(column.name)
            if name == "booked_actuals":
                table.alter_column("invoice_id", existing_type=TEXT, nullable=False, comment=None)
