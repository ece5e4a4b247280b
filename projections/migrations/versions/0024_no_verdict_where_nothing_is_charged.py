"""Posted sales that are billed at no charge have no verdict of a limit (D-32, D-66)"""

from alembic import op

from projections.migrations.kept_totals import by_contract_and_month

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TOTALS_BY = (
    "billing_status",
    "class",
    "billing_type",
    "nte_status",
    "failed_levels",
    "adjustment_status",
    "currency",
)


def upgrade() -> None:
    op.execute("""
        UPDATE time_and_material SET nte_status = 'not_applicable'
        WHERE billing_status = 'invoice_posted' AND billing_type <> 'chargeable'
    """)
    by_contract_and_month("time_and_material", *TOTALS_BY)


def downgrade() -> None:
    """What they had committed before is not known any more, and nothing asks for it."""
