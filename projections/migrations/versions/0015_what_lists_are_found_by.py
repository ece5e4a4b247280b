"""What lists are found by: parts by invoice, contracts and lines by customer; newest names"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INDEXES = (
    ("contract_customers", "by_customer", ["customer_id", "position"]),
    ("line_customers", "by_customer", ["customer_id", "contract_id", "line_id"]),
    ("milestones", "by_date", ["date", "milestone_id"]),
)
OF_SOME = (("fixed_price", "by_invoice", "invoice_id"), ("invoices", "by_number", "number"))
DEFINED = """
    UPDATE contract_customers SET position = coalesce((
        SELECT max(position) FROM event_index
        WHERE event_index.contract_id = contract_customers.contract_id
        AND type = 'ContractDefined'
    ), 0)
"""


def upgrade() -> None:
    column = sa.Column("position", sa.BigInteger, comment="where the contract was defined last")
    op.add_column("contract_customers", column)
    op.execute(DEFINED)
    with op.batch_alter_table("contract_customers") as table:
        table.alter_column("position", existing_type=sa.BigInteger(), nullable=False)
    for table_name, name, columns in INDEXES:
        op.create_index(f"{table_name}_{name}", table_name, columns)
    for table_name, name, column_name in OF_SOME:
        has = sa.text(f"{column_name} IS NOT NULL")
        op.create_index(
            f"{table_name}_{name}",
            table_name,
            [column_name],
            postgresql_where=has,
            sqlite_where=has,
        )


def downgrade() -> None:
    for table_name, name, _ in (*OF_SOME, *INDEXES):
        op.drop_index(f"{table_name}_{name}", table_name=table_name)
    with op.batch_alter_table("contract_customers") as table:
        table.drop_column("position")
