"""Sales in the sequence they were recorded in, which ends their indexes; an index by resource

By invoice, what is on none is left out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BY_DATE = {
    "contract": ["contract_id", "billing_status", "date"],
    "customer": ["customer_id", "billing_status", "date"],
    "status": ["billing_status", "date"],
    "nte": ["nte_status", "billing_status", "date"],
}
BY_INVOICE = {
    "time_and_material": ["invoice_id"],
    "event_index": ["invoice_id", "position"],
}


SEQUENCE = """
UPDATE time_and_material SET sequence = position * 10000000 + (
    SELECT count(*) FROM time_and_material AS other
    WHERE other.position = time_and_material.position
        AND other.item_id < time_and_material.item_id)
"""


def upgrade() -> None:
    comment = "the order they were recorded in"
    op.add_column("time_and_material", sa.Column("sequence", sa.BigInteger(), comment=comment))
    op.execute(SEQUENCE)
    with op.batch_alter_table("time_and_material") as table:
        table.alter_column(
            "sequence", existing_type=sa.BigInteger(), existing_comment=comment, nullable=False
        )
    index_by_date("sequence")
    op.drop_index("time_and_material_by_position", table_name="time_and_material")
    op.create_index("time_and_material_by_position", "time_and_material", ["position"])
    index_of_some(
        "time_and_material", "resource", ["resource", "billing_status", "date", "sequence"]
    )
    for table, columns in BY_INVOICE.items():
        op.drop_index(f"{table}_by_invoice", table_name=table)
        index_of_some(table, "invoice", columns)


def index_by_date(last: str) -> None:
    for by, columns in BY_DATE.items():
        op.drop_index(f"time_and_material_by_{by}", table_name="time_and_material")
        op.create_index(f"time_and_material_by_{by}", "time_and_material", [*columns, last])


def index_of_some(table: str, by: str, columns: list[str]) -> None:
    """An index of the rows that have a value in the first of the columns."""
    some = sa.text(f"{columns[0]} IS NOT NULL")
    op.create_index(f"{table}_by_{by}", table, columns, postgresql_where=some, sqlite_where=some)


def downgrade() -> None:
    for table, columns in BY_INVOICE.items():
        op.drop_index(f"{table}_by_invoice", table_name=table)
        op.create_index(f"{table}_by_invoice", table, columns)
    op.drop_index("time_and_material_by_resource", table_name="time_and_material")
    index_by_date("item_id")
    op.drop_index("time_and_material_by_position", table_name="time_and_material")
    op.create_index("time_and_material_by_position", "time_and_material", ["position", "item_id"])
    with op.batch_alter_table("time_and_material") as table:
        table.drop_column("sequence")
