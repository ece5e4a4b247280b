"""Sales by their not-to-exceed verdict, and none by date alone, for a list always has statuses"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("time_and_material_by_date", table_name="time_and_material")
    op.create_index(
        "time_and_material_by_nte",
        "time_and_material",
        ["nte_status", "billing_status", "date", "item_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("time_and_material_by_nte", table_name="time_and_material")
    op.create_index(
        "time_and_material_by_date", "time_and_material", ["date", "item_id"], unique=False
    )
