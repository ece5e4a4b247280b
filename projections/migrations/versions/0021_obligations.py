"""What stays billed of recalled work

Until this version no history could tell of any.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "obligations",
        sa.Column("obligation_id", TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="where it was opened"),
        text("status"),
        sa.Column("source", TEXT),
        text("approval_id"),
        text("cause"),
        text("contract_id"),
        text("line_id"),
        text("customer_id"),
        text("item_id"),
        text("invoice_id"),
        text("detail_id"),
        number("quantity"),
        number("amount"),
        text("currency"),
        sa.Column("reason", TEXT),
        sa.Column("waived_for", TEXT, comment="why it was waived"),
    )
    op.create_index("obligations_by_position", "obligations", ["position", "obligation_id"])
    op.create_index("obligations_by_status", "obligations", ["status", "position", "obligation_id"])


def downgrade() -> None:
    op.drop_table("obligations")
