"""Whether invoices of a contract must be approved

None must be of a contract that is there already: there was no other rule.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "contracts", sa.Column("approval", TEXT, comment="whether its invoices must be approved")
    )
    op.execute("UPDATE contracts SET approval = 'none'")
    with op.batch_alter_table("contracts") as table:
        table.alter_column("approval", existing_type=TEXT, nullable=False)


def downgrade() -> None:
    op.drop_column("contracts", "approval")
