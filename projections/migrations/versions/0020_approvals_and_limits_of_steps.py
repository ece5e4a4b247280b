"""Whether invoices of a contract must be approved; limits that kept a job from confirming one

None must be of a contract that is there already: there was no other rule. No job confirmed any.
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
    op.add_column(
        "job_steps",
        sa.Column("exceeded", TEXT, comment="JSON list of the limits that its invoice exceeds"),
    )


def downgrade() -> None:
    op.drop_column("job_steps", "exceeded")
    op.drop_column("contracts", "approval")
