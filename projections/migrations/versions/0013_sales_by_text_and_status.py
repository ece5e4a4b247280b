"""Sales with a text are found by status and in order from the index alone"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NAME, TABLE = "time_and_material_by_text", "time_and_material"


def upgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    columns = ["text_id", "billing_status", "date", "sequence", "adjustment_status"]
    op.create_index(NAME, TABLE, columns)


def downgrade() -> None:
    op.drop_index(NAME, table_name=TABLE)
    has_text = sa.text("text_id IS NOT NULL")
    op.create_index(NAME, TABLE, ["text_id"], postgresql_where=has_text, sqlite_where=has_text)
