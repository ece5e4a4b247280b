"""Details of invoices, and the actuals booked for them, need no backlog item behind them"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    item_may_be_missing(True)


def item_may_be_missing(nullable: bool) -> None:
    for name in ("invoice_details", "booked_actuals"):
        with op.batch_alter_table(name) as table:
            table.alter_column("item_id", existing_type=TEXT, nullable=nullable)


def downgrade() -> None:
    item_may_be_missing(False)
