"""The index that leads through the list of sales tells their texts"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NAME, TABLE = "time_and_material_by_status", "time_and_material"
COLUMNS = ["billing_status", "date", "sequence"]


def upgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, [*COLUMNS, "adjustment_status", "text_id"])


def downgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, COLUMNS)
