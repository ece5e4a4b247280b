"""Parts of milestones are found by their invoice"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NAME, TABLE = "fixed_price_by_invoice", "fixed_price"


def upgrade() -> None:
    is_on_one = sa.text("invoice_id IS NOT NULL")
    op.create_index(NAME, TABLE, ["invoice_id"], postgresql_where=is_on_one, sqlite_where=is_on_one)


def downgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
