"""The indexes that lead through the sales of a contract or a customer tell their texts"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLE = "time_and_material"
COLUMNS = ["billing_status", "date", "sequence"]
TOLD = ["adjustment_status", "text_id"]


def upgrade() -> None:
    _make([*COLUMNS, *TOLD])


def downgrade() -> None:
    _make(COLUMNS)


def _make(columns: list[str]) -> None:
    for by in ("contract", "customer"):
        op.drop_index(f"{TABLE}_by_{by}", table_name=TABLE)
        op.create_index(f"{TABLE}_by_{by}", TABLE, [f"{by}_id", *columns])
